"""Errors: their one-line summary, and how an ovext process passes its error to the one that started it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ovext.errors import (
    BuildError,
    EngineError,
    ExitCode,
    GateError,
    ImageError,
    OvextError,
    ProjectError,
    UnknownNameError,
    WorkerDiedError,
)
from ovext.inner import expecting, hand_back, take_back

ERRORS = [
    ProjectError("it is wrong", where=Path("/a/op.toml"), fix="Mend it."),
    EngineError("ü is not\nthere"),
    UnknownNameError("engine", "dokcer", ["docker", "podman"]),
    BuildError("It did not compile.", output="a.cpp:3:1: error: no\n", log=Path("/a/log"), fix="Delete it."),
    WorkerDiedError("the process died (killed by SIGILL) while loading"),
    ImageError("No image.", output="", log=Path("/a/log")),
    OvextError.of_several([ProjectError("one"), GateError("two")]),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_outer_ovext_gets_the_error_as_it_is(
    error: OvextError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, log = tmp_path / "error.json", tmp_path / "log"
    for name, value in expecting(file).items():
        monkeypatch.setenv(name, value)
    assert hand_back(error)
    taken = take_back(file, log)
    assert (type(taken), str(taken)) == (type(error), str(error))
    assert taken is not None
    assert taken.exit_code == error.exit_code
    assert log.read_text(encoding="utf-8") == f"error: {error}\n"
    assert not file.exists()


def test_without_an_outer_ovext_the_error_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OVEXT_ERROR_FILE", raising=False)
    assert not hand_back(ERRORS[0])


@pytest.mark.parametrize("text", [None, "", "{", "{}", '{"class": "SystemExit"}', "[]"])
def test_an_inner_ovext_that_was_killed_has_left_no_error(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "error.json"
    if text is not None:
        file.write_text(text)
    assert take_back(file, tmp_path / "log") is None


def test_an_error_that_this_version_does_not_know_keeps_its_words_and_code(tmp_path: Path) -> None:
    data = {**ERRORS[0].to_json(), "class": "NewError"}
    (tmp_path / "error.json").write_text(json.dumps(data))
    taken = take_back(tmp_path / "error.json", tmp_path / "log")
    assert (str(taken), taken and taken.exit_code) == (str(ERRORS[0]), ExitCode.PROJECT)


def test_an_error_of_an_earlier_run_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "error.json").write_text("{}")
    expecting(tmp_path / "error.json")
    assert not (tmp_path / "error.json").exists()


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("In file included from a.cpp:1:\nb.hpp:2:3: error: no such thing\nc.cpp:1:1: error: other\n", "no such thing"),
        (
            "CMake Error at CMakeLists.txt:3 (message):\n\n  Something is missing\n\nCall Stack\n",
            "Something is missing",
        ),
        (
            "ld: a.o: in function `f':\na.cpp:(.text+0x5): undefined reference to `g()'\n",
            "undefined reference to `g()'",
        ),
        ("nothing of use\n", "It did not compile."),
    ],
)
def test_the_cause_of_a_failed_build_is_the_first_error(output: str, cause: str) -> None:
    assert BuildError("It did not compile.", output=output, log=Path("log")).cause.endswith(cause)


def test_the_cause_of_several_problems_is_the_first() -> None:
    assert GateError("it is not fit:\n  - it needs GLIBC_2.99\n  - more").cause == "it is not fit: it needs GLIBC_2.99"
    assert ProjectError("one").cause == "one"
