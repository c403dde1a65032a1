"""Rules on the options for the OpenCL compiler: those of the OpenCL specification, and vendors' own."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from ovext.errors import nearest
from ovext.gpu.place import error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.gpu.layer import Layer
    from ovext.gpu.place import PlacedFinding

_OPTIONS = (
    *("-cl-single-precision-constant", "-cl-denorms-are-zero", "-cl-fp32-correctly-rounded-divide-sqrt"),
    *("-cl-opt-disable", "-cl-strict-aliasing", "-cl-uniform-work-group-size", "-cl-no-subgroup-ifp", "-cl-mad-enable"),
    *("-cl-no-signed-zeros", "-cl-unsafe-math-optimizations", "-cl-finite-math-only", "-cl-fast-relaxed-math"),
    *("-cl-kernel-arg-info", "-cl-std=CL1.1", "-cl-std=CL1.2", "-cl-std=CL2.0", "-cl-std=CL3.0"),
)
# Of vendors, and those that compilers take besides OpenCL's.
_OTHERS = re.compile(
    r"-cl-(intel|nv|amd|arm|qcom|ext)-.*|-cl-std=CL(C\+\+|\d\.\d).*|-(w|g|x|s|W.*|O.*|f.*|m.*|ze-.*|D.+|I.+)"
)
_WITH_VALUE = {"-D", "-I", "-x", "-s"}  # where the value is a word of its own


def check_options(layer: Layer) -> Iterator[PlacedFinding]:
    where = layer.options_place
    try:
        words = shlex.split(layer.options)
    except ValueError:
        text = "the options have a quote that is not closed, which most compilers refuse"
        yield error("options", where, text, "Close it.")
        return
    values = {number + 1 for number, word in enumerate(words) if word in _WITH_VALUE}
    for number, word in enumerate(words):
        if number not in values and word not in {*_OPTIONS, *_WITH_VALUE} and not _OTHERS.fullmatch(word):
            text = f"no OpenCL compiler knows the option '{word}'{nearest(word, _OPTIONS)}; the model does not compile"
            yield error("options", where, text, "Use options of the OpenCL specification, or -D and -I.")
