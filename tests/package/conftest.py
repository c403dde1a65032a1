"""A wheel of CustomReLU, built once by the tool, and folders to install wheels in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from compiler_cache import LAUNCHER
from helpers import CUSTOM_RELU, OPENVINO, copy_project, run_ovext
from wheels import BuiltWheel, Site


@pytest.fixture(scope="session")
def relu_wheel(tmp_path_factory: pytest.TempPathFactory) -> BuiltWheel:
    """The wheel of CustomReLU, built in two places. Not to be changed."""
    folder = tmp_path_factory.mktemp("wheel")
    project = copy_project(CUSTOM_RELU, folder / "custom_relu")
    uncached = {LAUNCHER: ""}  # the cache would give both builds the same objects
    done = run_ovext("wheel", project, "--check-reproducible", "--json", cwd=folder, **uncached)
    assert done.returncode == 0, done.stderr
    return BuiltWheel(project, json.loads(done.stdout))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A folder that contains the installed OpenVINO, like the environment of a user."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "openvino").symlink_to(OPENVINO)
    return Site(folder)


@pytest.fixture
def relu_site(site: Site, relu_wheel: BuiltWheel) -> Site:
    """The same with CustomReLU's wheel installed."""
    shutil.rmtree(site.folder / "custom_relu", ignore_errors=True)
    site.install(relu_wheel.file)
    return site
