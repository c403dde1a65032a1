"""The engine `host`: CMake and Ninja on this machine."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Protocol

from ovext.errors import BuildError
from ovext.files import writing_to
from ovext.toolchain.cmake import settings_of_this_machine
from ovext.toolchain.process import Finished, stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ovext.build.plan import BuildPlan

_STATUS = re.compile(r"\[(\d+)/(\d+)\] (.*)")
NINJA_STATUS = {"NINJA_STATUS": "[%f/%t] "}  # counts of finished steps, as `_STATUS` parses them
_STAMP = "ovext-configured.json"


class Reporter(Protocol):
    """Receives the progress of a build."""

    def talk(self, text: str) -> None:
        """A line for the user."""

    def progress(self, done: int, total: int, what: str) -> None:
        """Ninja's own counts, and the step that it finished."""


def build_on_host(plan: BuildPlan, lock: int, reporter: Reporter) -> None:
    """Configure if needed, then compile. The caller holds the lock of the build tree and passes its descriptor.

    Raises:
        BuildError: CMake or the compiler failed.
        FilesError: the build tree cannot be written.
    """
    log = plan.build_dir / "ovext-build.log"
    with writing_to(plan.build_dir):
        log.unlink(missing_ok=True)
        _configure(plan, log, lock, reporter)
        _compile(plan, log, lock, reporter)


def _configure(plan: BuildPlan, log: Path, lock: int, reporter: Reporter) -> None:
    stamp = plan.build_dir / _STAMP
    compiler = f"{plan.machine.compiler.id} {plan.machine.compiler.version}"  # the path may get another compiler
    described = {"command": plan.configure, "compiler": compiler, "environment": settings_of_this_machine()}
    wanted = json.dumps(described, indent=2).encode(errors="surrogateescape")
    configured = stamp.is_file() and (plan.build_dir / "build.ninja").is_file()
    if configured and stamp.read_bytes() == wanted:
        return
    reporter.talk(f"Configuring in {plan.build_dir}")
    stamp.unlink(missing_ok=True)
    finished = stream([*plan.configure, "--fresh"], lambda _: None, log=log, keep_open=[lock])
    if not finished.ok:
        raise BuildError("CMake could not configure the project.", output=_cmake_errors(finished), log=log)
    stamp.write_bytes(wanted)


def _compile(plan: BuildPlan, log: Path, lock: int, reporter: Reporter) -> None:
    finished = stream(plan.compile, ninja_progress(reporter), log=log, env=NINJA_STATUS, keep_open=[lock])
    said = compiler_messages(finished)
    if not finished.ok and "ninja: error: rebuilding 'build.ninja'" in finished.output:
        raise BuildError("CMake could not configure the project.", output=_cmake_errors(finished), log=log)
    if not finished.ok:
        fix = None if said else f"If it goes on, delete {plan.build_dir}."
        raise BuildError("The project did not compile.", output=said or finished.output, log=log, fix=fix)
    if said:
        reporter.talk(said)


def _cmake_errors(finished: Finished) -> str:
    """The output from the first error on; before it there is only what went well."""
    start = finished.output.find("CMake Error")
    return finished.output[max(start, 0) :]


def ninja_progress(reporter: Reporter) -> Callable[[str], None]:
    """A function that finds Ninja's counts in a line of output and reports them."""

    def on_line(line: str) -> None:
        if match := _STATUS.match(line):
            reporter.progress(int(match[1]), int(match[2]), match[3])

    return on_line


def compiler_messages(finished: Finished) -> str:
    """The messages of compilers and linker, without Ninja's status lines and the commands of failed steps."""
    kept: list[str] = []
    skip_command = False
    for line in finished.output.splitlines():
        if line.startswith("FAILED: "):
            skip_command = True
        elif skip_command:
            skip_command = False
        elif not _STATUS.match(line) and not line.startswith(("ninja: ", "-- ")):
            kept.append(line)
    return "\n".join(kept).strip()
