"""Libraries loaded in this process, each copy with its own forced instruction set."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import openvino as ov
import pytest

from helpers import RUNNABLE, Built, Loaded, LoadForced

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def load_forced(tmp_path_factory: pytest.TempPathFactory) -> LoadForced:
    """Each library and instruction set is a copy of the file: a loaded file has chosen once and for all."""
    folder = tmp_path_factory.mktemp("forced")
    loaded: dict[tuple[Path, str], Loaded] = {}

    def load(library: Path, isa: str) -> Loaded:
        key = (library, isa)
        if key not in loaded:
            copy = folder / f"{isa}-{library.name}"
            shutil.copyfile(library, copy)
            core = ov.Core()
            os.environ["OVEXT_ISA"] = isa
            core.add_extension(str(copy))
            del os.environ["OVEXT_ISA"]
            loaded[key] = Loaded(core, copy)
        return loaded[key]

    return load


@pytest.fixture(params=RUNNABLE)
def isa(request: pytest.FixtureRequest) -> str:
    """Each instruction set that this CPU supports."""
    name: str = request.param
    return name


@pytest.fixture
def relu(built_relu: Built, isa: str, load_forced: LoadForced) -> Loaded:
    """CustomReLU, forced to `isa`."""
    return load_forced(built_relu.library, isa)
