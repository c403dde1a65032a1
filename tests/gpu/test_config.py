"""`ovext.gpu_config`: the layers of one library or of several, in one file for the plugin."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ovext
from helpers import PACKAGES, Built
from ovext.errors import LibraryError
from ovext.gpu.check import check
from ovext.gpu.simulator import find_simulator


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVEXT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("CPU_EXTENSION", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def changed_relu(built_relu: Built, tmp_path: Path) -> Path:
    """A copy of what was built of CustomReLU, whose GPU kernel adds 77."""
    folder = tmp_path / "changed"
    shutil.copytree(built_relu.output_dir, folder)
    kernel = next((folder / "gpu").glob("*.cl"))
    kernel.write_text(kernel.read_text().replace("= src[from]", "= 77 + src[from]"))
    return folder


def ops_in(config: dict[str, str]) -> list[str]:
    return [one.layer.op for one in check(Path(config["CONFIG_FILE"])).layers]


def test_one_library_has_the_file_that_was_built(built_relu: Built, cache: Path) -> None:
    built = built_relu.output_dir / "gpu" / "custom_relu.xml"
    assert ovext.gpu_config(built_relu.library) == {"CONFIG_FILE": str(built)}
    assert not cache.exists()


def test_layers_of_two_libraries_are_one_valid_file(built_relu: Built, built_gpu_ops: Built, cache: Path) -> None:
    config = ovext.gpu_config(built_relu.output_dir, built_gpu_ops.library)
    assert Path(config["CONFIG_FILE"]).is_relative_to(cache)
    assert ops_in(config) == ["CustomReLU", "Blend", "Halved", "Kept"]
    assert [one for one in check(Path(config["CONFIG_FILE"])).findings if one.level.value == "error"] == []
    assert ovext.gpu_config(built_relu.output_dir, built_gpu_ops.library) == config
    other = ovext.gpu_config(built_gpu_ops.library, built_relu.output_dir)
    assert ops_in(other) == ["Blend", "Halved", "Kept", "CustomReLU"]


def test_of_two_layers_for_one_op_the_first_is_used_and_both_are_told(built_relu: Built, changed_relu: Path) -> None:
    for libraries, adds in (
        ([built_relu.output_dir, changed_relu], False),
        ([changed_relu, built_relu.output_dir], True),
    ):
        with pytest.warns(UserWarning, match="has a GPU layer for CustomReLU too; that of") as told:
            config = ovext.gpu_config(*libraries)
        assert str(libraries[1]) in str(told[0].message)
        assert ops_in(config) == ["CustomReLU"]
        (kernel,) = Path(config["CONFIG_FILE"]).parent.glob("*.cl")
        assert ("77 +" in kernel.read_text()) == adds


def test_compiled_models_have_a_folder_for_each_set_of_layers(
    built_relu: Built, built_gpu_ops: Built, changed_relu: Path, tmp_path: Path
) -> None:
    sets = [[built_relu.output_dir], [changed_relu], [built_relu.output_dir, built_gpu_ops.library]]
    folders = {ovext.gpu_config(*libraries, cache_dir=tmp_path / "models")["CACHE_DIR"] for libraries in sets}
    assert len(folders) == len(sets)


def test_a_library_without_layers_adds_nothing(built_relu: Built, built_gpu_ops: Built, tmp_path: Path) -> None:
    shutil.copytree(built_gpu_ops.output_dir, tmp_path / "none")
    manifest = tmp_path / "none" / "manifest.json"
    records = json.loads(manifest.read_text())
    for record in records["libraries"]:
        record["layers"] = []
    manifest.write_text(json.dumps(records))
    config = ovext.gpu_config(tmp_path / "none", built_relu.output_dir)
    assert config == ovext.gpu_config(built_relu.output_dir)
    with pytest.raises(LibraryError, match="no manifest beside it lists GPU layers"):
        ovext.gpu_config(tmp_path / "none")


def test_a_kernel_for_f32_alone_asks_the_plugin_for_it(changed_relu: Path, built_gpu_ops: Built) -> None:
    manifest = changed_relu / "manifest.json"
    records = json.loads(manifest.read_text())
    records["libraries"][0]["layers"][0]["precision"] = "f32"
    manifest.write_text(json.dumps(records))
    assert ovext.gpu_config(changed_relu)["INFERENCE_PRECISION_HINT"] == "f32"
    assert ovext.gpu_config(built_gpu_ops.library, changed_relu)["INFERENCE_PRECISION_HINT"] == "f32"


def test_a_merged_file_that_was_damaged_is_written_again(built_relu: Built, built_gpu_ops: Built) -> None:
    libraries = (built_relu.output_dir, built_gpu_ops.library)
    folder = Path(ovext.gpu_config(*libraries)["CONFIG_FILE"]).parent
    whole = {file.name: file.read_text() for file in folder.iterdir()}
    (folder / "layers.xml").write_text("")
    next(folder.glob("*.cl")).unlink()
    ovext.gpu_config(*libraries)
    assert {file.name: file.read_text() for file in folder.iterdir()} == whole


def test_a_library_that_is_named_twice_is_one(built_relu: Built) -> None:
    assert ovext.gpu_config(built_relu.library, built_relu.output_dir) == ovext.gpu_config(built_relu.library)


def test_a_manifest_that_does_not_list_the_xml_is_told(changed_relu: Path) -> None:
    manifest = changed_relu / "manifest.json"
    records = json.loads(manifest.read_text())
    del records["libraries"][0]["layers"][0]["files"]["gpu/custom_relu.xml"]
    manifest.write_text(json.dumps(records))
    with pytest.raises(LibraryError, match="does not list its GPU layers' own file"):
        ovext.gpu_config(changed_relu)


@pytest.mark.parametrize(
    "damage", ["", "<CustomLayer", '<CustomLayer name="A"><Kernel><Source filename="../x"/></Kernel></CustomLayer>']
)
def test_damaged_layers_are_told(damage: str, changed_relu: Path, built_gpu_ops: Built) -> None:
    (changed_relu / "gpu" / "custom_relu.xml").write_text(damage)
    with pytest.raises(LibraryError, match="GPU layers"):
        ovext.gpu_config(built_gpu_ops.library, changed_relu)


@pytest.mark.usefixtures("simulator")
@pytest.mark.parametrize(("order", "value"), [(1, 5.0), (-1, 82.0)])
def test_the_plugin_reads_what_was_merged(
    order: int, value: float, built_relu: Built, built_gpu_ops: Built, changed_relu: Path
) -> None:
    relus = [str(built_relu.output_dir), str(changed_relu)][::order]
    request = {"libraries": [*relus, str(built_gpu_ops.output_dir)]}
    done = subprocess.run(
        [sys.executable, str(PACKAGES / "gpu" / "merged.py")],
        input=json.dumps(request),
        env={**os.environ, **find_simulator().environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert answer == {"CustomReLU": value, "Kept": 5.0}
