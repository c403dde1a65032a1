"""Plain CMake, as used without the builder."""

from __future__ import annotations

import pytest

import helpers
from helpers import CMake


@pytest.fixture(scope="session")
def configure() -> CMake:
    return helpers.configure


@pytest.fixture(scope="session")
def compile_all() -> CMake:
    return helpers.compile_all
