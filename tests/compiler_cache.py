"""The compiler cache of the tests: most tests compile the same files, each in its own folder."""

from __future__ import annotations

import os
import shutil
import tempfile

from helpers import ROOT

LAUNCHER = "CMAKE_CXX_COMPILER_LAUNCHER"
CCACHE = shutil.which("ccache")


def cache_settings() -> dict[str, str]:
    """The environment variables with which CMake compiles through ccache. Empty if ccache is not installed."""
    if CCACHE is None:
        return {}
    return {
        LAUNCHER: CCACHE,
        "CCACHE_CONFIGPATH": os.devnull,
        "CCACHE_DIR": str(ROOT / "build" / "test-compiler-cache"),
        "CCACHE_MAXSIZE": "2G",
        # Copies of a project in other temporary folders hit too: ovext keeps the folder's name out of the objects.
        "CCACHE_BASEDIR": tempfile.gettempdir(),
        "CCACHE_NOHASHDIR": "1",
        "CCACHE_SLOPPINESS": "include_file_ctime,include_file_mtime",
    }
