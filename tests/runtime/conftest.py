"""CustomReLU, loaded in this process."""

from __future__ import annotations

import pytest

from helpers import Built, Loaded, LoadForced


@pytest.fixture
def relu(built_relu: Built, isa: str, load_forced: LoadForced) -> Loaded:
    """CustomReLU, forced to `isa`."""
    return load_forced(built_relu.library, isa)
