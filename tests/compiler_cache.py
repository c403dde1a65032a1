"""The compiler cache of the tests: most of them compile the same files, each in a folder of its own."""

from __future__ import annotations

import os
import shutil
import tempfile

from helpers import ROOT

LAUNCHER = "CMAKE_CXX_COMPILER_LAUNCHER"
CCACHE = shutil.which("ccache")


def cache_settings() -> dict[str, str]:
    """The environment in which CMake compiles through ccache; empty where it is not installed."""
    if CCACHE is None:
        return {}
    return {
        LAUNCHER: CCACHE,
        "CCACHE_CONFIGPATH": os.devnull,
        "CCACHE_DIR": str(ROOT / "build" / "test-compiler-cache"),
        "CCACHE_MAXSIZE": "2G",
        # A copy of a project in another temporary folder hits: ovext keeps the folder's name out of what is compiled.
        "CCACHE_BASEDIR": tempfile.gettempdir(),
        "CCACHE_NOHASHDIR": "1",
        "CCACHE_SLOPPINESS": "include_file_ctime,include_file_mtime",
    }
