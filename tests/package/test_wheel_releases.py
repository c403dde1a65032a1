"""One wheel for several releases of OpenVINO: its metadata, and what it does where each is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from bills import checked_bill
from helpers import CUSTOM_RELU, copy_project, run_ovext
from ovext.toolchain.fetch import fetched_openvino
from wheels import INFER, BuiltWheel

if TYPE_CHECKING:
    from pathlib import Path

RELEASES = ["2026.4.1", "2025.4.1"]  # the second has the old C++ ABI
INFER_AND_TELL = f"""{INFER}
import ctypes
function = ctypes.CDLL(str(custom_relu.path())).ovext_active_openvino
function.restype = ctypes.c_char_p
print(function().decode())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> BuiltWheel:
    """CustomReLU's, built twice; the project lists the releases."""
    folder = tmp_path_factory.mktemp("releases")
    project = copy_project(CUSTOM_RELU, folder / "custom_relu")
    pyproject = project / "pyproject.toml"
    listed = pyproject.read_text().replace('openvino = ["2026.4.1"]', f"openvino = {json.dumps(RELEASES[::-1])}")
    pyproject.write_text(listed)
    done = run_ovext("wheel", project, "--isa", "sse42,avx2", "--check-reproducible", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return BuiltWheel(project, json.loads(done.stdout))


def test_it_requires_one_of_the_releases(wheel: BuiltWheel) -> None:
    requirement = "openvino>=2025.4.1,!=2026.0.*,!=2026.1.*,!=2026.2.*,!=2026.3.*,!=2026.4.0.*,<2026.4.2"
    assert wheel.told["requires"] == [requirement]
    assert wheel.told["tag"] == "py3-none-manylinux_2_27_x86_64"
    assert wheel.file.name == "custom_relu-0.1.0-py3-none-manylinux_2_27_x86_64.whl"
    assert wheel.told["reproducible"] is True


def test_manifest_and_bill_of_materials_know_each_release(wheel: BuiltWheel) -> None:
    (record,) = json.loads(wheel.text("/manifest.json"))["libraries"]
    assert [one["version"] for one in record["releases"]] == RELEASES
    library = wheel.archive.read(f"custom_relu/{record['file']}")
    bill = checked_bill(wheel.text("/sboms/custom_relu.cdx.json"), library, wheel.text("/manifest.json"))
    assert "libtbb.so.12" in {one["bom-ref"] for one in bill["components"]}, "the builds inside need it"


@pytest.mark.parametrize("release", [*RELEASES, "2026.2.1"])
def test_installed_it_serves_each_of_them(wheel: BuiltWheel, tmp_path: Path, release: str) -> None:
    with zipfile.ZipFile(wheel.file) as archive:
        archive.extractall(tmp_path)
    openvino = fetched_openvino(release, print)
    path = os.pathsep.join([str(tmp_path), str(openvino.python_path)])
    environment = {**os.environ, "PYTHONPATH": path, "OVEXT_ISA": "sse42"}
    command = [sys.executable, "-c", INFER_AND_TELL]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    if release in RELEASES:
        assert done.stdout.splitlines()[-2:] == ["[-1.0, 0.0, 3.0]", release], done.stderr
    else:
        assert (
            "custom-relu 0.1.0 is built for OpenVINO 2026.4.1 and 2025.4.1 (old C++ ABI); this process" in done.stderr
        )
