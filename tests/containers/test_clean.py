"""`ovext clean --images`, with a storage of its own, so that no image of another test goes."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from podman import podman

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Ovext

BUILDER = "localhost/ovext-builder-ubuntu24:openvino2026.4.1-0123456789ab"
OTHER = "localhost/other:latest"


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty storage for Podman, with two images."""
    settings = tmp_path / "storage.conf"
    places = {"graphroot": tmp_path / "images", "runroot": tmp_path / "run"}
    lines = ['driver = "vfs"', *(f'{name} = "{folder}"' for name, folder in places.items())]
    settings.write_text("[storage]\n" + "\n".join(lines) + "\n")
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(settings))
    for name in (BUILDER, OTHER):
        content = tmp_path / "content.tar"
        with tarfile.open(content, "w") as archive:
            archive.addfile(tarfile.TarInfo(name.replace("/", "-")), io.BytesIO())
        podman("import", str(content), name)
    return tmp_path


@pytest.mark.usefixtures("storage")
def test_builder_images_go_and_others_stay(ovext: Ovext) -> None:
    podman("volume", "create", "ovext-compiler-cache")
    podman("volume", "create", "of-somebody")
    done = ovext("clean", "--images")
    assert done.returncode == 0, done.stderr
    assert f"removed  {BUILDER} (podman)" in done.stdout
    assert "removed  the volume ovext-compiler-cache (podman)" in done.stdout
    assert podman("volume", "ls", "--quiet").stdout.split() == ["of-somebody"]
    assert podman("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split() == [OTHER]
    assert "There is nothing to remove" in ovext("clean", "--images").stdout


def test_an_image_in_use_is_named_and_kept(storage: Path, ovext: Ovext) -> None:
    podman("create", "--name", "user", BUILDER, "true")
    done = ovext("clean", "--images", cwd=storage)
    assert done.returncode == 9
    assert f"podman keeps {BUILDER}: " in done.stderr
    podman("rm", "user")


def test_the_build_trees_of_a_project_go(custom_relu: Path, ovext: Ovext) -> None:
    (custom_relu / "build" / "host-ubuntu24").mkdir(parents=True)
    (custom_relu / "lib").mkdir()
    done = ovext("clean", cwd=custom_relu)
    assert (done.returncode, done.stdout) == (0, "removed  build\n")
    assert (custom_relu / "lib").is_dir()
    assert "There is nothing to remove: build is not there." in ovext("clean", cwd=custom_relu).stdout
    (custom_relu / "build").symlink_to(custom_relu / "lib")
    assert ovext("clean", cwd=custom_relu).returncode == 0
    assert (custom_relu / "lib").is_dir()
