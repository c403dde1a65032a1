"""OpenCL compilers and runtimes on this machine."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

INSTALL_OCLOC = (
    "For Intel GPUs offline: apt-get install intel-opencl-icd (Debian, Ubuntu), or intel-ocloc (Intel's packages)."
)
INSTALL_RUNTIME = "For a simulated GPU: pip install 'ovext[gpu-sim]'."


def find_ocloc() -> Path | None:
    """The offline compiler of Intel's OpenCL driver."""
    found = shutil.which("ocloc")
    return Path(found) if found else None


def find_runtime() -> Path | None:
    """libintelocl.so of the package intel-opencl-rt, Intel's OpenCL runtime for CPUs; None if it is missing."""
    try:
        found = distribution("intel-opencl-rt")
    except PackageNotFoundError:
        return None
    names = [file for file in found.files or [] if file.name == "libintelocl.so"]
    paths = [Path(str(found.locate_file(name))).resolve() for name in names]
    return next((path for path in paths if path.is_file()), None)
