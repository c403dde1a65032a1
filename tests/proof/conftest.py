"""Projects written by `ovext new`, each built once for all tests."""

from __future__ import annotations

import pytest

from helpers import Built, run_ovext
from proven import HEALTHY, ILLNESSES, build, make_ill


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The ops of HEALTHY, exactly as generated, in one library."""
    folder = tmp_path_factory.mktemp("healthy")
    for op, options in HEALTHY.items():
        done = run_ovext("new", "healthy", "--op", op, *options, cwd=folder)
        assert done.returncode == 0, done.stderr
    return build(folder / "healthy")


@pytest.fixture(scope="session")
def ill(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The ops of ILLNESSES in one library. No mistake needs the optimiser or a third variant."""
    folder = tmp_path_factory.mktemp("ill")
    for illness in ILLNESSES:
        done = run_ovext("new", "ill", "--op", illness.op, "--input", "data:f32", *illness.options, cwd=folder)
        assert done.returncode == 0, done.stderr
        make_ill(folder / "ill", illness)
    return build(folder / "ill", options=["--build-type", "Debug", "--isa", "sse42,avx2"])
