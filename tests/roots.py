"""The root folders of other Debian releases, made with debootstrap."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from helpers import ROOT, alone, need

if TYPE_CHECKING:
    from pathlib import Path

NEW = "trixie"
_DEBOOTSTRAP = shutil.which("debootstrap")


def make_root(suite: str, packages: str) -> Path:
    """A root of this release, kept for the next run."""
    need(_DEBOOTSTRAP is not None and os.geteuid() == 0, "debootstrap, run as root")
    root = ROOT / "build" / "test-roots" / suite
    with alone(f"root-{suite}"):
        if not (root / "complete").exists():
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir(parents=True)
            command = [str(_DEBOOTSTRAP), "--variant=minbase", f"--include={packages}", suite, str(root)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
            (root / "complete").touch()
    return root
