"""Which OpenVINO is used, and what is read from it. All installations here but the last are folders that imitate
real ones.
"""

from pathlib import Path

import pytest

from ovext.errors import OpenVINOError
from ovext.targets.openvino_version import OpenVINOVersion
from ovext.toolchain.fetch import find_installed
from ovext.toolchain.openvino import choose_openvino, read_openvino
from ovext.worker.client import ask_once

VERSION_FILE = """\
set(PACKAGE_VERSION_MAJOR 2025)
set(PACKAGE_VERSION_MINOR 3)
set(PACKAGE_VERSION_PATCH 0)
"""


def install(cmake_dir: Path, library_dir: Path, abi: int = 1) -> Path:
    cmake_dir.mkdir(parents=True)
    library_dir.mkdir(parents=True, exist_ok=True)
    (cmake_dir / "OpenVINOConfig.cmake").write_text(f'set(OpenVINO_GLIBCXX_USE_CXX11_ABI "{abi}")\n')
    (cmake_dir / "OpenVINOConfig-version.cmake").write_text(VERSION_FILE)
    (library_dir / "libopenvino.so.2530").touch()
    (library_dir / "libopenvino.so").touch()
    return cmake_dir


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An unpacked archive: runtime/cmake, runtime/lib/intel64, python/openvino."""
    install(tmp_path / "runtime" / "cmake", tmp_path / "runtime" / "lib" / "intel64")
    (tmp_path / "python" / "openvino").mkdir(parents=True)
    (tmp_path / "python" / "openvino" / "__init__.py").touch()
    return tmp_path


def test_asked_version_comes_before_everything(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OpenVINO_DIR", str(archive))
    choice = choose_openvino("2026.2.1", "2026.4.1")
    assert (choice.version, choice.cmake_dir) == ("2026.2.1", None)


@pytest.mark.parametrize("below", [".", "runtime", "runtime/cmake"])
def test_variable_may_name_the_root_or_the_cmake_folder(
    archive: Path, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTEL_OPENVINO_DIR", str(archive / below))
    choice = choose_openvino(None, "2026.4.1")
    assert choice.cmake_dir is not None
    assert choice.cmake_dir.resolve() == archive / "runtime" / "cmake"
    assert choice.reason.startswith("INTEL_OPENVINO_DIR=")


def test_openvino_dir_comes_before_intel_openvino_dir(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OpenVINO_DIR", str(archive))
    monkeypatch.setenv("INTEL_OPENVINO_DIR", str(tmp_path / "nowhere"))
    assert choose_openvino(None, "2026.4.1").reason.startswith("OpenVINO_DIR=")


def test_variable_that_names_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OpenVINO_DIR", str(tmp_path))
    with pytest.raises(OpenVINOError, match="where no OpenVINOConfig"):
        choose_openvino(None, "2026.4.1")


def test_without_any_other_it_is_the_projects_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    choice = choose_openvino(None, "2026.4.1")
    assert (choice.version, choice.cmake_dir) == ("2026.4.1", None)


def test_archive_is_read(archive: Path) -> None:
    found = read_openvino(archive / "runtime" / "cmake")
    assert found.version == OpenVINOVersion(2025, 3, 0)
    assert found.soname == "libopenvino.so.2530"
    assert found.python_path == archive / "python"
    assert found.cxx11_abi


def test_old_abi_is_read(tmp_path: Path) -> None:
    assert not read_openvino(install(tmp_path / "cmake", tmp_path / "libs", abi=0)).cxx11_abi


def test_missing_library_and_broken_version_are_told(tmp_path: Path) -> None:
    cmake_dir = install(tmp_path / "cmake", tmp_path / "elsewhere")
    with pytest.raises(OpenVINOError, match=r"libopenvino\.so was not found"):
        read_openvino(cmake_dir)
    (cmake_dir / "OpenVINOConfig-version.cmake").write_text("")
    with pytest.raises(OpenVINOError, match="does not say a version"):
        read_openvino(cmake_dir)


def test_what_runs_in_openvino_reports_nothing(tmp_path: Path) -> None:
    """`import openvino` sends a report to its makers, and records that in the home folder."""
    openvino = find_installed(None)
    assert openvino is not None
    ask_once(openvino, "devices", {}, env={"HOME": str(tmp_path), "CI": "", "TF_BUILD": "", "JENKINS_URL": ""})
    assert not (tmp_path / "intel").exists()
