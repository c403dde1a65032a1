"""What the tests of GPU layers need: the simulated device, and the tools that a machine may lack."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from gpu.traps import TryLayer
from helpers import PACKAGES, need
from ovext.gpu.simulator import INSTALL, Simulator, find_runtime, find_simulator


@pytest.fixture(scope="session")
def simulator() -> Simulator:
    need(find_runtime() is not None, f"Intel's OpenCL runtime for CPUs. {INSTALL}")
    return find_simulator()


@pytest.fixture(scope="session")
def try_layer(simulator: Simulator) -> TryLayer:
    """Runs tests/packages/gpu/try_layer.py on the simulated device; {"died": how} where the process did."""

    def run(request: dict[str, Any]) -> dict[str, Any]:
        command = [sys.executable, str(PACKAGES / "gpu" / "try_layer.py")]
        env = {"PATH": "/usr/bin:/bin", **simulator.environment()}
        done = subprocess.run(
            command, input=json.dumps(request), env=env, capture_output=True, text=True, check=False, timeout=60
        )
        try:
            answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        except (IndexError, ValueError):
            return {"died": f"{done.returncode}: {done.stderr[-300:]}"}
        return answer if done.returncode == 0 else {**answer, "died": done.returncode}

    return run
