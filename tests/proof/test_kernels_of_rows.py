"""An op whose kernel computes rows on threads, with the sizes that op.toml names and memory for each thread."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from helpers import run_ovext
from proven import build

if TYPE_CHECKING:
    from helpers import Built

# The largest of the sums of squares over D and the values before, for each N and Q; what is computed is of no use.
OP = """\
type = "Swept"
opset = "rows"

[[inputs]]
name = "data"
types = ["f32"]
dims = ["N", "Q", "D"]

[[inputs]]
name = "bias"
types = "data"
dims = ["Q"]

[[outputs]]
name = "sums"
shape = ["N", "Q"]

[[outputs]]
name = "swept"
shape = ["N", "Q", "D"]

[kernel]
scratch = "D * 4"
"""
KERNEL = """\
    auto* before = static_cast<float*>(scratch);
    for (std::size_t row = begin; row < end; ++row) {
        const auto* from = static_cast<const float*>(data) + row * sizes.D;
        for (std::size_t i = 0; i < sizes.D; ++i) {
            before[i] = from[i] * from[i] + static_cast<const float*>(bias)[row % sizes.Q];
        }
        static_cast<float*>(sums)[row] = ovext::sum<float>(sizes.D, [&](std::size_t i) { return before[i]; });
        for (std::size_t i = 0; i < sizes.D; ++i) {
            static_cast<float*>(swept)[row * sizes.D + i] = before[sizes.D - 1 - i];
        }
    }
}
"""
REFERENCE = """\
    before = data * data + bias[:, None]
    return before.sum(-1), before[..., ::-1]
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("rows")
    (folder / "op.toml").write_text(OP)
    done = run_ovext("new", "rows", "--from", folder / "op.toml", cwd=folder)
    assert done.returncode == 0, done.stderr
    op = folder / "rows" / "ops" / "swept"
    kernel = (op / "kernel.cpp").read_text()
    start, end = kernel.index("    auto* sums_memory"), kernel.index("\n// The element types")
    kernel = kernel[:start] + KERNEL + kernel[end:]
    (op / "kernel.cpp").write_text(kernel.replace("elements.hpp>\n", "elements.hpp>\n#include <ovext/sum.hpp>\n"))
    reference = (op / "reference.py").read_text()
    (op / "reference.py").write_text(reference[: reference.index("    # The computation")] + REFERENCE)
    return build(folder / "rows")


def test_it_is_right_at_every_size_on_every_thread(swept: Built) -> None:
    done = run_ovext("test", swept.project, "--library", swept.library, "--isa", "sse42", "--device", "CPU", "--json")
    rows = json.loads(done.stdout)["rows"]
    assert (done.returncode, [one["failures"] for one in rows if one["failures"]]) == (0, [])
    assert max(one["cases"] for one in rows if one["check"] == "numbers") > 50


def test_a_dimension_that_is_renamed_is_renamed_for_the_kernel(swept: Built) -> None:
    op = swept.project / "ops" / "swept"
    before = (op / "op.toml").read_text()
    (op / "op.toml").write_text(before.replace('"Q"', '"P"').replace('scratch = "D * 4"', 'parallel = ["N"]'))
    done = run_ovext("build", swept.project, cwd=swept.project)
    assert "sizes.hpp" in done.stderr
    assert "Run: ovext sync" in done.stderr
    assert run_ovext("sync", swept.project).returncode == 0
    text = (op / "sizes.hpp").read_text()
    assert "std::size_t P = 0;" in text
    assert "return N;" in text
    (op / "op.toml").write_text(before)
    assert run_ovext("sync", swept.project).returncode == 0
