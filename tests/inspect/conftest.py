"""Libraries with one illness each, built once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers import Clinic

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    return Clinic(tmp_path_factory.mktemp("illnesses"))


@pytest.fixture(scope="session")
def healthy(clinic: Clinic) -> Path:
    return clinic.build("healthy")
