"""Whole models with a custom layer: on the plugin, split between devices, and with a cache of compiled models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers import PACKAGES, Built, Ovext
from ovext.gpu.simulator import Simulator


@pytest.fixture(scope="module")
def resnet50(ovext: Ovext, built_relu: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ResNet-50 of `ovext demo` with its first ReLU as CustomReLU."""
    folder = tmp_path_factory.mktemp("resnet50")
    done = ovext("demo", "--library", built_relu.library, "--output", folder, "--runs", "1")
    assert done.returncode == 0, done.stderr
    return folder / "resnet50-custom-relu.xml"


def infer(simulator: Simulator, script: str, request: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(PACKAGES / "gpu" / script)],
        input=json.dumps(request),
        env=simulator.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.fixture
def layers(built_relu: Built) -> Path:
    return built_relu.output_dir / "gpu" / "custom_relu.xml"


def test_resnet50_agrees_with_the_cpu(resnet50: Path, built_relu: Built, layers: Path, simulator: Simulator) -> None:
    request = {"library": str(built_relu.library), "layers": str(layers), "model": str(resnet50)}
    answer = infer(simulator, "on_devices.py", {**request, "devices": ["GPU"], "hints": ["f32", "f16"]})
    in_f32, in_f16 = answer["answers"]
    assert in_f32["custom_nodes"] == in_f16["custom_nodes"] == 1
    assert in_f32["relative"] < 1e-5
    assert in_f16["relative"] < 1e-2


def test_hetero_leaves_the_op_to_the_cpu(
    resnet50: Path, built_relu: Built, layers: Path, simulator: Simulator, tmp_path: Path
) -> None:
    broken = tmp_path / layers.name
    broken.write_text(layers.read_text())
    kernel = next(layers.parent.glob("*.cl"))
    (tmp_path / kernel.name).write_text(kernel.read_text().replace("= src[from]", "= 77 + src[from]"))
    request = {"library": str(built_relu.library), "layers": str(broken), "model": str(resnet50)}
    answer = infer(simulator, "on_devices.py", {**request, "devices": ["GPU", "HETERO:GPU,CPU"], "hints": ["f32"]})
    on_gpu, on_both = answer["answers"]
    assert on_gpu["relative"] > 0.1, "the broken kernel must show on the GPU"
    assert on_both["relative"] < 1e-2
    assert "CustomReLU" not in answer["on_gpu"]
    assert "Convolution" in answer["on_gpu"]


def test_cache_of_models_does_not_see_a_changed_kernel_but_its_key_does(
    built_relu: Built, simulator: Simulator, tmp_path: Path
) -> None:
    answer = infer(simulator, "cached.py", {"built": str(built_relu.output_dir), "folder": str(tmp_path)})
    assert answer["plain"] == [{"cached": False, "value": 5.0}, {"cached": True, "value": 5.0}]
    assert answer["keyed"] == [
        {"cached": False, "value": 5.0},
        {"cached": False, "value": 82.0},
        {"cached": True, "value": 82.0},
    ]
