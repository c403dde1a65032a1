"""Podman, called directly."""

from __future__ import annotations

import shutil
import subprocess

from helpers import Finished

PODMAN = shutil.which("podman")


def podman(*arguments: str, check: bool = True) -> Finished:
    return subprocess.run([str(PODMAN), *arguments], capture_output=True, text=True, check=check)
