"""stdout and stderr that are closed, that nobody reads, or that do not accept every character."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ovext.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Ovext

INSPECT = [sys.executable, "-m", "ovext", "inspect", "--base-os", "ubuntu24"]


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=lambda env: next(iter(env.values())),
)
def test_a_terminal_without_the_characters_gets_plainer_ones(healthy: Path, ovext: Ovext, env: dict[str, str]) -> None:
    done = ovext("inspect", healthy, "--base-os", "ubuntu24", cwd=None, **env)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\| ubuntu24 +\| \+ \|", done.stdout)
    assert done.stdout.isascii()


def test_the_name_of_a_file_that_is_no_text_is_shown_as_it_is(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/lib\xff.so"
    done = subprocess.run([*map(os.fsencode, INSPECT), name], capture_output=True, check=False)
    assert done.returncode == ExitCode.USAGE
    assert name + b": the file cannot be read" in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_failure(healthy: Path, closed: str) -> None:
    script = ["bash", "-c", f'"$@" {closed}', "bash", *INSPECT, str(healthy)]
    done = subprocess.run(script, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_has_gone_away_is_told_by_the_exit_code(healthy: Path, stream: str) -> None:
    what = {"stdout": str(healthy), "stderr": "/nowhere"}[stream]
    reader, writer = os.pipe()
    os.close(reader)
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    given = {stream: writer, other: subprocess.PIPE}
    with subprocess.Popen([*INSPECT, what], **given, text=True) as process:  # type: ignore[call-overload]
        os.close(writer)
        assert "".join(filter(None, process.communicate())) == ""
    assert process.returncode == ExitCode.NOT_READ
