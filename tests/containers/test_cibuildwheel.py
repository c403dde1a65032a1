"""The project's [tool.cibuildwheel], run by cibuildwheel in Podman: one wheel, tested on every Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers import CUSTOM_RELU, PACKAGES, ROOT, copy_project
from ovext.build.image import index_secrets
from ovext.toolchain.engine import find_engine
from podman import podman

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE = "localhost/ovext-test-cibuildwheel"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@pytest.fixture(scope="module")
def pythons(base_image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image with Python 3.11 and 3.13, rebuilt unless its layers exist."""
    context = PACKAGES / "cibuildwheel"
    with index_secrets(tmp_path_factory.mktemp("secrets")) as secrets:
        options = ["--network", "host", "--build-arg", f"BASE_IMAGE={base_image}", *secrets]
        podman("build", *options, "--tag", IMAGE, str(context))
    return IMAGE


@pytest.fixture(scope="module")
def tool_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel of the tool, which the project's build needs."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(pip, check=True)
    return folder


@pytest.fixture
def settings(base_image: str, pythons: str, tool_wheel: Path) -> dict[str, str]:
    """What cibuildwheel needs on a machine where Podman's defaults do not work."""
    engine = find_engine("podman").able_to_run(base_image)
    needed = [option for one in engine.workarounds for option in one.options if not one.first]
    pairs = ["=".join(needed[at : at + 2]) for at in range(0, len(needed), 2)]
    volumes = [f"--volume={tool_wheel}:/wheels:ro"]
    if CERTIFICATES.is_file():
        volumes.append(f"--volume={CERTIFICATES}:{CERTIFICATES}:ro")
    arguments = " ".join(["--network=host", *pairs, *volumes])
    return {
        "CIBW_CONTAINER_ENGINE": f"podman; create_args: {arguments}; disable_host_mount: true",
        "CIBW_MANYLINUX_X86_64_IMAGE": pythons,
        "CIBW_BUILD": "cp311-manylinux_x86_64 cp313-manylinux_x86_64",
        "CIBW_ENVIRONMENT": "PIP_FIND_LINKS=/wheels",
        "CIBW_ENVIRONMENT_PASS_LINUX": "PIP_CERT PIP_DEFAULT_TIMEOUT PIP_INDEX_URL",
    }


@pytest.fixture
def cibuildwheel(settings: dict[str, str]) -> Callable[[Path, Path], subprocess.CompletedProcess[str]]:
    def run(project: Path, output: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cibuildwheel", "--platform", "linux", "--output-dir", str(output)]
        environment = {**os.environ, **settings}
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)

    return run


def test_one_wheel_is_built_and_tested_on_each_python(
    tmp_path: Path, cibuildwheel: Callable[[Path, Path], subprocess.CompletedProcess[str]]
) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    done = cibuildwheel(project, tmp_path / "wheelhouse")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    (wheel,) = (tmp_path / "wheelhouse").glob("*.whl")
    assert wheel.name == "custom_relu-0.1.0-py3-none-manylinux_2_27_x86_64.whl"
    assert done.stdout.count("Testing wheel...") == 2
    assert "Found previously built wheel custom_relu-0.1.0-py3-none-manylinux_2_27_x86_64.whl" in done.stdout
