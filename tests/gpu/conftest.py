"""Fixtures for tests of GPU layers: the simulated device, the compilers, and a project with layers of all kinds."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from gpu.traps import Op, TryLayer
from helpers import PACKAGES, Built, build_project, need
from ovext.gpu.simulator import Simulator, find_simulator
from ovext.toolchain.opencl import INSTALL_OCLOC, INSTALL_RUNTIME, find_ocloc, find_runtime


@pytest.fixture(scope="session")
def simulator() -> Simulator:
    need(find_runtime() is not None, f"Intel's OpenCL runtime for CPUs. {INSTALL_RUNTIME}")
    return find_simulator()


@pytest.fixture(scope="session")
def ocloc() -> Path:
    found = find_ocloc()
    need(found is not None, f"ocloc. {INSTALL_OCLOC}")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def pocl() -> None:
    installed = any(Path("/etc/OpenCL/vendors").glob("pocl*.icd"))
    need(installed, "PoCL. Install it with: apt-get install pocl-opencl-icd")


@pytest.fixture(scope="session")
def built_gpu_ops(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The package gpu_ops, built once by the tool. Not to be changed."""
    return build_project(PACKAGES / "gpu_ops", tmp_path_factory.mktemp("gpu_ops"), "libgpu_ops_cpu_extension.so")


@pytest.fixture(scope="session")
def try_layer(simulator: Simulator) -> TryLayer:
    """Runs tests/packages/gpu/try_layer.py on the simulated device; returns {"died": how} if the process died."""

    def run(xml: Path, op: Op, programs: Path | None = None) -> dict[str, Any]:
        facts = asdict(op)
        request = {**facts, "op": facts.pop("type"), "xml": str(xml)}
        try:
            done = subprocess.run(
                [sys.executable, str(PACKAGES / "gpu" / "try_layer.py")],
                input=json.dumps(request),
                env={"PATH": "/usr/bin:/bin", **simulator.environment(programs)},
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        except subprocess.TimeoutExpired:  # in rare cases Intel's runtime hangs where it would fail
            return {"died": "it hangs"}
        try:
            answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        except (IndexError, ValueError):
            return {"died": f"{done.returncode}: {done.stderr[-300:]}"}
        return answer if done.returncode == 0 else {**answer, "died": done.returncode}

    return run
