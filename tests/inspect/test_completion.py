"""Shell completion: the words that a shell's script requests from the command."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest

from helpers import ROOT, Ovext


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["ovext", "bui"], ["build"]),
        (["ovext", "build", "--base-os", "ubuntu2"], ["ubuntu22", "ubuntu24"]),
        (["ovext", "inspect", "--base-os", "ubi"], ["ubi8", "ubi9"]),
        (["ovext", "build", "--isa", "sse42,avx2"], ["sse42,avx2"]),
        (["ovext", "build", "--engine", "po"], ["podman"]),
        (["ovext", "test", "extension_src/complex_ops", "--op", ""], ["ComplexMultiplication", "GroupNormSiLU"]),
        (["ovext", "test", "tests", "--op", ""], []),  # no project
        (["ovext", "test", "--dev"], ["--device"]),
    ],
    ids=str,
)
def test_bash_is_offered_the_words(ovext: Ovext, words: list[str], offered: list[str]) -> None:
    script = f"""\
{ovext("completion", "bash").stdout}
COMP_WORDS=({" ".join(map(shlex.quote, words))})
COMP_CWORD={len(words) - 1}
_ovext_completion ovext
echo "${{COMPREPLY[*]}}"
"""
    command = [str(shutil.which("bash")), "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == offered


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script(ovext: Ovext, shell: str) -> None:
    done = ovext("completion", shell)
    assert done.returncode == 0
    assert f"_OVEXT_COMPLETE=complete_{shell}" in done.stdout
