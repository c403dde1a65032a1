"""Rules on the options for the OpenCL compiler. Vendors have options of their own: only misspelt ones are told."""

from __future__ import annotations

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
_WITH_VALUE = {"-D", "-I", "-x", "-s", "-igc_opts"}  # where the value is a word of its own


def check_options(layer: Layer) -> Iterator[PlacedFinding]:
    where = layer.options_place
    try:
        words = shlex.split(layer.options)
    except ValueError:
        text = "the options end within quotes or with a backslash, which most compilers refuse"
        yield error("options", where, text, "Close the quotes.")
        return
    values = {number + 1 for number, word in enumerate(words) if word in _WITH_VALUE}
    for number, word in enumerate(words):
        misspelt = word.startswith("-cl-") and word not in _OPTIONS and nearest(word, _OPTIONS)
        if number not in values and (misspelt or not word.startswith("-")):
            text = f"no OpenCL compiler knows the option '{word}'{misspelt or ''}; the model does not compile"
            yield error("options", where, text, "Use options of the OpenCL specification, or -D and -I.")
