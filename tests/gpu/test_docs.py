"""The examples of docs/op.md and docs/gpu.md make an op that passes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from helpers import PACKAGES, ROOT, Ovext
from ovext.errors import ExitCode

REFERENCE = "def my_op(data, alpha):\n    return (data * alpha).astype(data.dtype)\n"


def block(page: str, language: str, holding: str) -> str:
    """The code block of a page that is in this language and contains this text."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return next(one for one in blocks if holding in one)


@pytest.fixture
def documented(tmp_path: Path) -> Path:
    """A project with the op of the documentation; its C++ is not looked at here."""
    op = tmp_path / "ops" / "my_op"
    op.mkdir(parents=True)
    table = block("gpu.md", "toml", "[gpu]")
    (op / "op.toml").write_text(block("op.md", "toml", "schema = 1") + "\n" + table)
    (op / "kernel.cl").write_text(block("gpu.md", "c", "__kernel"))
    (op / "reference.py").write_text(REFERENCE)
    for name in ("pyproject.toml", "CMakeLists.txt"):
        (tmp_path / name).write_text((PACKAGES / "two_ops" / name).read_text())
    return tmp_path


@pytest.mark.usefixtures("pocl")
def test_documented_op_passes(documented: Path, ovext: Ovext) -> None:
    checked = ovext("gpu", "check", documented, "--json")
    assert checked.returncode == ExitCode.OK
    assert json.loads(checked.stdout)["findings"] == []
    ran = ovext("gpu", "run", documented, "--device", "pocl", "--json")
    assert ran.returncode == ExitCode.OK, ran.stderr
    rows = json.loads(ran.stdout)["rows"]
    assert [(row["device"], row["types"]) for row in rows if row["cases"]] == [("PoCL", "f32")]
