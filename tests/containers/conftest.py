"""A base image that needs no registry: a root made with debootstrap replaces Ubuntu."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from helpers import alone, need
from podman import PODMAN, podman
from roots import NEW, make_root

BASE_IMAGE = "localhost/ovext-test-base"


@pytest.fixture(autouse=True)
def without_launcher(without_compiler_cache: None) -> None:
    """A launcher would be a setting that containers do not see."""


@pytest.fixture(scope="session")
def base_image() -> str:
    """The image, which is kept for the next run."""
    need(PODMAN is not None, "podman")
    with alone("base-image"):
        if podman("image", "exists", BASE_IMAGE, check=False).returncode != 0:
            packing = [str(shutil.which("tar")), "-C", str(make_root(NEW, "g++")), "-c", "."]
            with subprocess.Popen(packing, stdout=subprocess.PIPE) as packed:
                command = [str(PODMAN), "import", "-", BASE_IMAGE]
                subprocess.run(command, stdin=packed.stdout, capture_output=True, check=True)
    return BASE_IMAGE
