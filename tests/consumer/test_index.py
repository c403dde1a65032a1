"""A user with nothing but a package index: the wheels of the tool and of an extension are installed and used."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers import CUSTOM_RELU, ROOT, Finished, copy_project, run_ovext
from ovext.models.ir import TensorType, one_op_model
from wheels import INFER, check_package

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE = 60
# Infers with the package `edited`.
INFER_DOUBLED = f"""
import numpy, openvino, edited
core = openvino.Core()
edited.register(core)
model = {one_op_model("Doubled", "edited", [TensorType("f32", (2,))])!r}
print(core.compile_model(core.read_model(model.encode(), b""), "CPU")(numpy.array([1, 2], numpy.float32))[0].tolist())
"""
RELEASES = ("2026.4.1", "2026.0.0", "2025.4.1")  # the last has the old C++ ABI


@dataclass(frozen=True)
class Environment:
    """A fresh Python environment that uses the local index in addition to the usual one."""

    folder: Path
    index: str

    def run(self, program: str, *arguments: str | Path, cwd: Path, **env: str) -> Finished:
        kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        bin_folder = self.folder / "bin"
        path = os.pathsep.join([str(bin_folder), "/usr/local/bin", "/usr/bin", "/bin"])
        return subprocess.run(
            [str(bin_folder / program), *map(str, arguments)],
            cwd=cwd,
            env={**kept, "PATH": path, "PIP_EXTRA_INDEX_URL": self.index, **env},
            capture_output=True,
            text=True,
            check=False,
        )

    def done(self, program: str, *arguments: str | Path, cwd: Path, **env: str) -> str:
        """Run a program that must succeed, and return its stdout."""
        finished = self.run(program, *arguments, cwd=cwd, **env)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of the tool and of CustomReLU, as a release has them."""
    folder = tmp_path_factory.mktemp("index")
    subprocess.run(["/usr/bin/make", "-C", str(ROOT), "dist", f"DIST={folder}"], check=True)
    for file in folder.iterdir():
        check_package("twine", file)
    project = copy_project(CUSTOM_RELU, tmp_path_factory.mktemp("project") / "custom_relu")
    done = run_ovext("wheel", project, "--openvino", ",".join(RELEASES), "--output", folder, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def index(wheels: Path) -> Iterator[str]:
    """The address of an index with these wheels."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "pypiserver", "run", "--disable-fallback", "-i", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen([*command, str(wheels)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            end = time.monotonic() + DEADLINE
            while not answers(port):
                assert time.monotonic() < end, "the index does not answer"
                assert server.poll() is None, "the index has ended"
            yield f"http://127.0.0.1:{port}/simple"
        finally:
            server.terminate()


def answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def user(index: str, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment in which `pip install` has found both in the index."""
    folder = tmp_path_factory.mktemp("user") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    environment = Environment(folder, index)
    environment.done("pip", "install", "--quiet", "ovext", "custom-relu", cwd=folder)
    return environment


def test_an_installed_extension_infers(user: Environment, tmp_path: Path) -> None:
    assert user.done("python", "-c", INFER, cwd=tmp_path).splitlines()[-1] == "[-1.0, 0.0, 3.0]"


@pytest.mark.parametrize("release", RELEASES)
def test_one_wheel_serves_environments_with_different_releases(index: str, tmp_path: Path, release: str) -> None:
    """pip takes the same file from the index beside each release."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", "site"]
    environment = {**os.environ, "PIP_EXTRA_INDEX_URL": index}
    subprocess.run([*pip, f"openvino=={release}", "custom-relu"], cwd=tmp_path, env=environment, check=True)
    environment["PYTHONPATH"] = str(tmp_path / "site")
    program = f"{INFER}print(openvino.get_version())"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    *_, result, version = done.stdout.splitlines()
    assert (result, version.partition("-")[0]) == ("[-1.0, 0.0, 3.0]", release), done.stderr


def test_a_release_that_the_wheel_does_not_serve_is_not_installed_beside_it(index: str, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--target", "site"]
    environment = {**os.environ, "PIP_EXTRA_INDEX_URL": index}
    command = [*pip, "openvino==2026.4.0", "custom-relu"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "custom-relu 0.1.0 depends on openvino" in done.stdout + done.stderr


def test_the_tool_finds_it(user: Environment, tmp_path: Path) -> None:
    program = "import openvino, ovext; print(len(ovext.register_all(openvino.Core())))"
    assert user.done("python", "-c", program, cwd=tmp_path) == "1\n"


def test_a_new_project_builds_its_wheel_in_isolation(user: Environment, tmp_path: Path) -> None:
    """pip alone builds it, and installs the tool, the backend and OpenVINO for the build. Then the wheel is used."""
    described = ["--op", "Doubled", "--input", "x:f32:N", "--output", "y:x:N"]
    user.done("ovext", "new", "my_ops", *described, cwd=tmp_path)
    user.done("pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "wheels", "./my_ops", cwd=tmp_path)
    (wheel,) = (tmp_path / "wheels").glob("my_ops-0.1.0-py3-none-linux_x86_64.whl")
    user.done("pip", "install", "--quiet", wheel, cwd=tmp_path)
    program = "import openvino, my_ops; print(my_ops.register(openvino.Core()).name)"
    assert user.done("python", "-c", program, cwd=tmp_path) == "libmy_ops_cpu_extension.so\n"
    user.done("pip", "uninstall", "--quiet", "--yes", "my_ops", cwd=tmp_path)


def test_an_editable_install_keeps_its_build_folder(user: Environment, tmp_path: Path) -> None:
    install = ["install", "--quiet", "--no-build-isolation", "--no-deps", "-e", "./edited"]
    user.done("ovext", "new", "edited", "--op", "Doubled", cwd=tmp_path)
    user.done("pip", *install, cwd=tmp_path)
    op = next((tmp_path / "edited/build/editable").rglob("op.cpp.o"))
    compiled = op.stat().st_mtime_ns
    kernel = tmp_path / "edited/ops/doubled/kernel.cpp"
    kernel.write_text(kernel.read_text().replace("return data;", "return data + data;"))
    user.done("pip", *install, cwd=tmp_path)
    assert op.stat().st_mtime_ns == compiled, "only the kernel has changed"
    assert user.done("python", "-c", INFER_DOUBLED, cwd=tmp_path).splitlines()[-1] == "[2.0, 4.0]"
    user.done("pip", "uninstall", "--quiet", "--yes", "edited", cwd=tmp_path)


def test_a_source_distribution_builds_without_a_network(user: Environment, wheels: Path, tmp_path: Path) -> None:
    """It builds from a folder with everything that it needs; asking any index would be an error."""
    folder = tmp_path / "wheel-folder"
    tool = next(wheels.glob("ovext-*.whl"))
    needed = [str(tool), "scikit-build-core>=1.1", "openvino==2026.4.1"]
    user.done("pip", "download", "--quiet", "--dest", folder, *needed, cwd=tmp_path)
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    user.done("python", "-m", "build", "--sdist", "--outdir", "dist", project, cwd=tmp_path)
    (sdist,) = (tmp_path / "dist").glob("custom_relu-0.1.0.tar.gz")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_EXTRA_INDEX_URL": "http://127.0.0.1:9/simple"}
    user.done("pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "wheels", sdist, cwd=tmp_path, **offline)
    assert list((tmp_path / "wheels").glob("custom_relu-0.1.0-py3-none-*.whl"))


def test_an_index_that_is_down(user: Environment, tmp_path: Path) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    down = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    down |= {"PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": "", "OVEXT_CACHE_DIR": str(tmp_path / "cache")}
    done = user.run("ovext", "wheel", project, "--openvino", "2026.2.1", cwd=tmp_path, **down)
    assert done.returncode == 5, done.stderr
    assert "OpenVINO 2026.2.1 could not be fetched" in done.stderr
    assert not list(tmp_path.glob("dist/*.whl"))
    shutil.rmtree(project)
