"""Ops with tensors of strings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from helpers import run_ovext
from ovext.errors import ExitCode
from proven import build

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Built

OPS = {
    "Loud": ["--input", "words:string:N,...", "--output", "out:words:words", "--framework", "onnx=my:Loud"],
    "Lengths": ["--input", "words:string:N,...", "--output", "out:i64:words", "--framework", "onnx=my:Lengths"],
}
KERNELS = {
    "loud": 'static_cast<std::string*>(out)[i] = from[i] + " in capital letters!";',
    "lengths": "static_cast<typename Out0Type::Memory*>(out)[i] = from[i].size();",
}
REFERENCES = {
    "loud": 'np.array([word + " in capital letters!" for word in words.flat], object).reshape(words.shape)',
    "lengths": "np.array([len(word.encode()) for word in words.flat], np.int64).reshape(words.shape)",
}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("strings")
    for op, options in OPS.items():
        done = run_ovext("new", "texts", "--op", op, *options, cwd=folder)
        assert done.returncode == 0, done.stderr
    for name, line in KERNELS.items():
        own = folder / "texts" / "ops" / name
        kernel = (own / "kernel.cpp").read_text()
        start, end = kernel.index("    auto* out_memory"), kernel.index("}\n\n// The ")
        rows = "sizes.out_size / sizes.rows()"
        body = f"""\
    const auto* from = static_cast<const std::string*>(words);
    for (std::size_t i = begin * ({rows}); i < end * ({rows}); ++i) {{
        {line}
    }}
"""
        (own / "kernel.cpp").write_text(kernel[:start] + body + kernel[end:])
        reference = (own / "reference.py").read_text()
        end = reference.index("    # The computation")
        (own / "reference.py").write_text(f"{reference[:end]}    return {REFERENCES[name]}\n")
    return build(folder / "texts")


def rows_of(built: Built, *options: str) -> list[dict[str, Any]]:
    done = run_ovext("test", built.project, "--library", built.library, "--isa", "sse42", "--json", *options)
    assert done.stdout, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
    return rows


def test_strings_are_read_and_written(texts: Built) -> None:
    rows = rows_of(texts)
    assert [one for one in rows if one["failures"]] == []
    assert {(one["op"], one["check"]) for one in rows if one["cases"]} >= {
        ("Loud", "numbers"),
        ("Loud", "onnx"),
        ("Loud", "requests"),
        ("Lengths", "numbers"),
    }


def test_a_wrong_string_is_shown(texts: Built) -> None:
    kernel = texts.project / "ops" / "loud" / "kernel.cpp"
    before = kernel.read_text()
    kernel.write_text(before.replace("from[i] +", "from[i].substr(0, 20) +"))
    try:
        built = build(texts.project)
    finally:
        kernel.write_text(before)
    (row,) = rows_of(built, "--op", "Loud", "--check", "numbers")
    assert "'longer than what a s in capital letters!' instead of 'longer than" in row["failures"][0]["what"]


@pytest.mark.parametrize("element", ["u1", "u4", "i4"])
def test_types_of_less_than_a_byte_are_not_supported(element: str, tmp_path: Path) -> None:
    done = run_ovext("new", "few", "--op", "Few", "--input", f"data:{element}", cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert f"no kernel can be written for tensors of type {element}" in done.stderr
    assert "does not support them" in done.stderr
