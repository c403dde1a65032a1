"""Plain CMake, as someone without the builder uses it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from helpers import CMake
from ovext.resources import cmake_dir
from ovext.toolchain.cmake import find_build_tools


@pytest.fixture(scope="session")
def configure() -> CMake:
    """Configures a source folder; the result is not checked."""
    tools = find_build_tools()

    def run(source: Path, build: Path, *settings: str) -> subprocess.CompletedProcess[str]:
        fixed = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={tools.ninja}", f"-Dovext_DIR={cmake_dir()}"]
        command = [str(tools.cmake), "-S", str(source), "-B", str(build), *fixed, *settings]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def compile_all(configure: CMake) -> CMake:
    """Configures and compiles a source folder; a failure fails the test."""

    def run(source: Path, build: Path, *settings: str) -> subprocess.CompletedProcess[str]:
        configured = configure(source, build, *settings)
        assert configured.returncode == 0, configured.stderr
        command = [str(find_build_tools().cmake), "--build", str(build)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        return done

    return run
