"""Builds that are interrupted, and builds that run at the same time."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compiler_cache import CCACHE, LAUNCHER
from ovext.errors import ExitCode
from ovext.files import sha256_of
from stopping import running_ovext, session_members, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from helpers import Ovext

# A compiler that, while the file `hold` exists, creates `reached` at op.cpp and waits until `gate` is opened. It calls
# the compiler cache itself: with the cache as its launcher, it would not see what the cache has.
HELD_COMPILER = """\
#!/bin/sh
case "$*" in
*" -c "*ops/custom_relu/op.cpp)
    if [ -e '{folder}/hold' ]; then
        : > '{folder}/reached'
        read -r _ < '{folder}/gate'
    fi
    ;;
esac
exec {ccache} g++ "$@"
"""


class HeldProject:
    """A project with a good library, whose next build stops in the middle of compiling."""

    def __init__(self, project: Path, folder: Path) -> None:
        self.root = project
        self.library = project / "lib" / "ubuntu" / "libcustom_relu_cpu_extension.so"
        self._folder = folder
        self._compiler = folder / "held-compiler"
        self._compiler.write_text(HELD_COMPILER.format(folder=folder, ccache=CCACHE or ""))
        self._compiler.chmod(0o755)
        os.mkfifo(folder / "gate")

    @property
    def env(self) -> dict[str, str]:
        return {"CXX": str(self._compiler), LAUNCHER: ""}

    def change(self) -> None:
        """Change the op, and hold its compilation."""
        source = self.root / "ops" / "custom_relu" / "op.cpp"
        source.write_text(source.read_text() + '\nextern "C" int changed() {\n    return 1;\n}\n')
        (self._folder / "hold").touch()

    def wait_until_held(self) -> None:
        wait_until((self._folder / "reached").exists)

    def release(self) -> None:
        (self._folder / "hold").unlink()
        (self._folder / "gate").write_text("go\n")

    def let_go(self) -> None:
        """Release a compiler that is still waiting after its test has ended."""
        gate = os.open(self._folder / "gate", os.O_RDWR | os.O_NONBLOCK)
        os.write(gate, b"go\n")
        os.close(gate)

    def build(self) -> AbstractContextManager[subprocess.Popen[str]]:
        """A build in its own process group, which is killed at the end of the block."""
        return running_ovext("build", "--isa", "sse42", cwd=self.root, **self.env)


@pytest.fixture
def held(custom_relu: Path, tmp_path: Path, ovext: Ovext) -> Iterator[HeldProject]:
    project = HeldProject(custom_relu, tmp_path)
    done = ovext("build", "--isa", "sse42", cwd=custom_relu, **project.env)
    assert done.returncode == 0, done.stderr
    project.change()
    yield project
    project.let_go()


def test_kill_9_leaves_the_old_library_and_the_next_build_works(held: HeldProject, ovext: Ovext) -> None:
    before = sha256_of(held.library)
    with held.build() as build:
        held.wait_until_held()
        os.killpg(build.pid, signal.SIGKILL)
    assert sha256_of(held.library) == before

    held.release()  # Ninja starts each compiler in its own process group, so the compiler still waits
    done = ovext("build", "--isa", "sse42", cwd=held.root, **held.env)
    assert done.returncode == 0, done.stderr
    assert sha256_of(held.library) != before


def test_compilers_that_outlive_a_killed_ovext_keep_the_next_build_out(held: HeldProject) -> None:
    before = sha256_of(held.library)
    with held.build() as killed:
        held.wait_until_held()
        killed.kill()
        killed.wait()
        with held.build() as following:
            assert following.stderr is not None
            assert "Waiting for another build of the same target" in following.stderr.readline()
            assert sha256_of(held.library) == before
            held.release()
            _, errors = following.communicate()
            assert following.returncode == 0, errors
    assert sha256_of(held.library) != before


@pytest.mark.parametrize(
    ("send", "number", "code", "word"),
    [
        (os.killpg, signal.SIGINT, ExitCode.INTERRUPTED, "Interrupted"),  # as a terminal sends it
        (os.kill, signal.SIGTERM, ExitCode.TERMINATED, "Terminated"),
        (os.kill, signal.SIGHUP, ExitCode.HUNG_UP, "Hung up"),
    ],
    ids=lambda one: one.name if isinstance(one, signal.Signals) else "",
)
def test_a_signal_ends_the_build_and_its_compilers(
    held: HeldProject, send: Callable[[int, int], None], number: signal.Signals, code: ExitCode, word: str
) -> None:
    before = sha256_of(held.library)
    with held.build() as build:
        held.wait_until_held()
        send(build.pid, number)
        _, errors = build.communicate()
        wait_until(lambda: not session_members(build.pid))
    assert build.returncode == code, errors
    assert f"{word}. What was built before is unchanged." in errors
    assert "Traceback" not in errors
    assert sha256_of(held.library) == before


def test_two_builds_of_one_target_wait_for_each_other(held: HeldProject) -> None:
    with held.build() as first:
        held.wait_until_held()
        with held.build() as second:
            assert second.stderr is not None
            assert "Waiting for another build of the same target" in second.stderr.readline()
            held.release()
            results = [build.communicate() for build in (first, second)]
            assert (first.returncode, second.returncode) == (0, 0), results
    assert "built in" in results[0][0]
    assert "up to date" in results[1][0]
