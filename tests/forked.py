"""`ovext` in processes forked from one that has imported it: the imports take longer than most commands."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What most commands import. The server that is forked has one thread, and has loaded no OpenVINO.
_PRELOADED = ["ovext.build.resolve", "ovext.cli.main", "ovext.gpu.check", "ovext.inspect.library", "ovext.scaffold.new"]
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(_PRELOADED)


def run_forked(
    arguments: Sequence[str], *, cwd: Path | None, env: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """What `ovext` with these arguments prints and exits with; `env` is its whole environment."""
    with tempfile.TemporaryDirectory(prefix="ovext-tests-") as folder:
        process = _CONTEXT.Process(target=_child, args=(list(arguments), cwd or Path.cwd(), dict(env), Path(folder)))
        command = ["ovext", *arguments]
        process.start()
        try:
            process.join(timeout)
            if process.exitcode is None:
                raise subprocess.TimeoutExpired(command, timeout)
        finally:
            process.kill()  # which does nothing to one that has ended
            process.join()
        said = [Path(folder, name).read_text(encoding="utf-8", errors="replace") for name in ("stdout", "stderr")]
        return subprocess.CompletedProcess(command, process.exitcode, *said)


def _child(arguments: list[str], cwd: Path, env: dict[str, str], folder: Path) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for descriptor, file in enumerate((Path(os.devnull), folder / "stdout", folder / "stderr")):
        opened = os.open(file, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, descriptor)
        os.close(opened)
    streams = (os.fdopen(number, mode, 1, encoding="utf-8", closefd=False) for number, mode in enumerate("rww"))
    sys.stdin, sys.stdout, sys.stderr = streams
    sys.argv = ["ovext", *arguments]
    from ovext.cli.main import main  # noqa: PLC0415  in the forked process alone

    main()
