"""Shared by all tests: the command, copies of the example projects, and libraries built once for the whole run."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import openvino as ov
import pytest

from compiler_cache import cache_settings
from helpers import (
    CUSTOM_RELU,
    PACKAGES,
    ROOT,
    RUNNABLE,
    SETTINGS_OF_USERS,
    Built,
    Loaded,
    LoadForced,
    Ovext,
    build_project,
    copy_project,
    run_ovext,
)
from ovext.targets.isa import isa_table

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_configure(config: pytest.Config) -> None:
    """All workers and the processes that they start share one cache of compiled Python."""
    if not hasattr(config, "workerinput"):
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(ROOT / "build" / "test-pycache")


# The files that take minutes. They start first after the quick ones, so that no process works alone at the end.
LONG = (
    *("proof/test_proof.py", "build/test_seal.py", "containers/test_engines.py", "containers/test_cibuildwheel.py"),
    *("levels/test_floor.py", "consumer/test_index.py", "gpu/test_run.py", "legacy/test_legacy.py"),
    *("consumer/test_guide.py", "consumer/test_conan.py", "inspect/test_illnesses.py", "gpu/test_traps.py"),
    *("inspect/test_gate.py", "package/test_cache.py", "package/test_matrix.py", "package/test_wheel.py"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "unit"):
            item.add_marker(pytest.mark.quick)
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """When the item's file has its turn; the order is kept among equals."""
    if item.get_closest_marker("quick"):
        return -1
    file = item.path.relative_to(ROOT / "tests").as_posix()
    return LONG.index(file) if file in LONG else len(LONG)


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The environment of a shell with the tests' Python environment active and nothing else set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
        for name in SETTINGS_OF_USERS:
            patch.delenv(name, raising=False)
        patch.setenv("OVEXT_ENGINE", "host")  # builds in containers have their own tests
        patch.setenv("OVEXT_CACHE_DIR", str(_folder_of_all_workers(tmp_path_factory) / "cache"))
        for name, value in cache_settings().items():
            patch.setenv(name, value)
        yield


def _folder_of_all_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the workers of pytest-xdist meet, so that each release of OpenVINO is fetched once."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture
def without_compiler_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests in which the cache would count as a setting of the user, or cannot be reached."""
    for name in cache_settings():
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def ovext() -> Ovext:
    return run_ovext


@pytest.fixture
def custom_relu(tmp_path: Path) -> Path:
    """A copy of extension_src/custom_relu that the test may change."""
    return copy_project(CUSTOM_RELU, tmp_path / "custom_relu")


@pytest.fixture(scope="session")
def built_relu(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """CustomReLU with all variants, built once by the tool. Not to be changed."""
    return build_project(CUSTOM_RELU, tmp_path_factory.mktemp("relu"), "libcustom_relu_cpu_extension.so")


@pytest.fixture(scope="session")
def relu_for_releases(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The same for two releases of OpenVINO: the installed one, and one with the old C++ ABI. Not to be changed."""
    folder = tmp_path_factory.mktemp("releases")
    library = "libcustom_relu_cpu_extension.so"
    return build_project(CUSTOM_RELU, folder, library, "--openvino", "2026.4.1,2025.4.1")


@pytest.fixture(scope="session")
def built_two_ops(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The package two_ops, built once by the tool below a path with spaces. Not to be changed."""
    return build_project(
        PACKAGES / "two_ops", tmp_path_factory.mktemp("path with spaces"), "libtwo_ops_cpu_extension.so"
    )


@pytest.fixture(scope="session")
def load_forced(tmp_path_factory: pytest.TempPathFactory) -> LoadForced:
    """Each library and instruction set gets its own copy of the file: a loaded file chooses its variant only once."""
    folder = tmp_path_factory.mktemp("forced")
    loaded: dict[tuple[Path, str], Loaded] = {}

    def load(library: Path, isa: str) -> Loaded:
        key = (library, isa)
        if key not in loaded:
            copy = folder / f"{len(loaded)}-{library.name}"
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report which variants the tests executed, on this CPU or an emulated one; a missing one must not be hidden."""
    passed = {report.nodeid.partition("::")[2] for report in terminalreporter.stats.get("passed", [])}
    emulated = [one for one in isa_table() if f"test_each_variant_is_executed[{one}]" in passed and one not in RUNNABLE]
    texts = [*RUNNABLE, *(f"{one} (emulated)" for one in emulated)]
    terminalreporter.write_line(f"{len(texts)} of {len(isa_table())} variants executed: {', '.join(texts)}")
