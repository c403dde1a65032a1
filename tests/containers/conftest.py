"""A base image that needs no registry: a root made with debootstrap stands in for Ubuntu."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from helpers import need
from podman import PODMAN, podman
from roots import NEW, make_root

BASE_IMAGE = "localhost/ovext-test-base"


@pytest.fixture(scope="session")
def base_image() -> str:
    """The image, which is kept for the next run."""
    need(PODMAN is not None, "podman")
    if podman("image", "exists", BASE_IMAGE, check=False).returncode != 0:
        root = make_root(NEW, "g++")
        with subprocess.Popen([str(shutil.which("tar")), "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as packed:
            command = [str(PODMAN), "import", "-", BASE_IMAGE]
            subprocess.run(command, stdin=packed.stdout, capture_output=True, check=True)
    return BASE_IMAGE
