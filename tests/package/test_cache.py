"""Compiler caches and farms, with the real engines on loopback."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from compiler_cache import cache_settings
from helpers import CUSTOM_RELU, Finished, copy_project, need
from ovext.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE = 30
MATRIX = ["matrix", "custom_relu", "--base-os", "ubuntu24", "--openvino", "2026.4.1", "--json"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def server(*command: str, port: int, **env: str) -> Iterator[None]:
    """A server that listens on 127.0.0.1 while the block runs."""
    with subprocess.Popen(
        command, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            end = time.monotonic() + DEADLINE
            while not listens(port):
                assert process.poll() is None, f"{command[0]} has ended"
                assert time.monotonic() < end, f"{command[0]} does not listen"
            yield
        finally:
            process.terminate()


def without_cache_of_tests() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in cache_settings()}


@dataclass(frozen=True)
class Root:
    """A separate, clean build root, as another machine of the team would have."""

    folder: Path

    def build(self, *options: str, **env: str) -> Finished:
        if not (self.folder / "custom_relu").exists():
            copy_project(CUSTOM_RELU, self.folder / "custom_relu")
        return subprocess.run(
            [sys.executable, "-m", "ovext", *MATRIX, *options],
            cwd=self.folder,
            env={**without_cache_of_tests(), **env},
            capture_output=True,
            text=True,
            check=False,
        )

    def built(self, *options: str, **env: str) -> tuple[dict[str, int], dict[str, str]]:
        """Who compiled, and the sha256 of the results."""
        done = self.build(*options, **env)
        assert done.returncode == 0, done.stdout + done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told["compilations"], told["cells"][0]["libraries"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The results of a build without any of the engines."""
    return Root(tmp_path_factory.mktemp("plain")).built()[1]


@pytest.fixture
def sccache_settings(tmp_path: Path) -> dict[str, str]:
    """The settings of an sccache server for this test alone."""
    need(shutil.which("sccache") is not None, "sccache")
    return {
        "SCCACHE_CONF": str(tmp_path / "sccache.toml"),
        "SCCACHE_SERVER_UDS": f"/tmp/ovext-{os.getpid()}-{tmp_path.name[-12:]}",  # noqa: S108  longer ones are refused
        "SCCACHE_DIR": str(tmp_path / "sccache"),
    }


@contextmanager
def stopping_sccache(settings: dict[str, str]) -> Iterator[None]:
    try:
        yield
    finally:
        command = [str(shutil.which("sccache")), "--stop-server"]
        subprocess.run(command, env={**os.environ, **settings}, capture_output=True, check=False)


def test_a_second_machine_compiles_nothing(
    tmp_path: Path, sccache_settings: dict[str, str], plain: dict[str, str]
) -> None:
    """Redis keeps what the first machine compiled; each machine has its own sccache server."""
    redis = shutil.which("redis-server")
    need(redis is not None, "redis-server")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path), "--save", ""]
    with server(str(redis), *options, port=port):
        counted = []
        for name in ("one", "another place/deeper"):
            root = Root(tmp_path / name)
            root.folder.mkdir(parents=True)
            with stopping_sccache(sccache_settings):
                settings = {**sccache_settings, "SCCACHE_REDIS_ENDPOINT": f"tcp://127.0.0.1:{port}"}
                compilations, libraries = root.built("--cache", "sccache", **settings)
            counted.append(compilations)
            assert libraries == plain
    assert counted[0]["hits"] == 0
    assert counted[0]["misses"] > 10
    assert counted[1] == {"hits": counted[0]["misses"], "misses": 0, "remote": 0}


def test_ccache_finds_what_another_build_tree_compiled(tmp_path: Path, plain: dict[str, str]) -> None:
    need(shutil.which("ccache") is not None, "ccache")
    settings = {"CCACHE_DIR": str(tmp_path / "ccache"), "CCACHE_BASEDIR": str(tmp_path)}
    counted = []
    for name in ("one", "two"):
        root = Root(tmp_path / name)
        root.folder.mkdir()
        compilations, libraries = root.built("--cache", "ccache", **settings)
        counted.append(compilations)
        assert libraries == plain
    assert counted[0]["hits"] == 0
    assert counted[1]["hits"] >= 10  # the checks of CMake are in folders with other names


def test_distcc_compiles_on_two_servers(tmp_path: Path, plain: dict[str, str]) -> None:
    distccd = shutil.which("distccd")
    need(distccd is not None, "distcc")
    with ExitStack() as stack:
        ports, statistics = [free_port(), free_port()], [free_port(), free_port()]
        for port, told in zip(ports, statistics, strict=True):
            options = ["--no-detach", "--daemon", "--listen", "127.0.0.1", "--allow", "127.0.0.1", "--jobs", "2"]
            stats = ["--stats", "--stats-port", str(told)]
            stack.enter_context(server(str(distccd), *options, *stats, "--port", str(port), port=port))
        hosts = " ".join(f"127.0.0.1:{port}/2,lzo" for port in ports)
        (tmp_path / "distcc").mkdir()
        settings = {"DISTCC_HOSTS": hosts, "DISTCC_DIR": str(tmp_path / "distcc"), "DISTCC_FALLBACK": "0"}
        compilations, libraries = Root(tmp_path).built("--distribute", "distcc", **settings)
        served = [compiled_by(port) for port in statistics]
    assert libraries == plain
    assert compilations["remote"] == sum(served) > 10
    assert all(served)


def compiled_by(port: int) -> int:
    """What a distcc server reports on its statistics page."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        page = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    found = re.search(r"dcc_compile_ok (\d+)", page)
    assert found, page
    return int(found[1])


def test_sccache_distributes_to_two_servers(
    tmp_path: Path, sccache_settings: dict[str, str], plain: dict[str, str]
) -> None:
    program, bwrap = shutil.which("sccache-dist"), shutil.which("bwrap")
    need(program is not None and bwrap is not None and os.geteuid() == 0, "sccache-dist and bubblewrap, run as root")
    farm = Farm(tmp_path, str(program), str(bwrap))
    with farm.running(), stopping_sccache(sccache_settings):
        Path(sccache_settings["SCCACHE_CONF"]).write_text(farm.client(), encoding="utf-8")
        root = Root(tmp_path / "root")
        root.folder.mkdir()
        compilations, libraries = root.built("--distribute", "sccache-dist", **sccache_settings)
        show = [str(shutil.which("sccache")), "--show-stats", "--stats-format", "json"]
        shown = subprocess.run(show, env={**os.environ, **sccache_settings}, capture_output=True, check=True).stdout
    assert libraries == plain
    assert len(json.loads(shown)["stats"]["dist_compiles"]) == 2
    assert compilations["remote"] >= 10


class Farm:
    """An sccache scheduler and two build servers."""

    def __init__(self, folder: Path, program: str, bwrap: str) -> None:
        self._folder, self._program, self._bwrap = folder, program, bwrap
        self._scheduler = free_port()

    def _generated(self, *arguments: str) -> str:
        return subprocess.run(
            [self._program, "auth", *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    def client(self) -> str:
        """The configuration of the client."""
        return f"""
[dist]
scheduler_url = "http://127.0.0.1:{self._scheduler}"
toolchains = []
cache_dir = "{self._folder}/client"
[dist.auth]
type = "token"
token = "of the client"
"""

    @contextmanager
    def running(self) -> Iterator[None]:
        key = self._generated("generate-jwt-hs256-key")
        with ExitStack() as stack:
            self._start(stack, "scheduler", self._scheduler, self._of_scheduler(key))
            for _ in range(2):
                port = free_port()
                self._start(stack, "server", port, self._of_server(key, port))
            self._wait_for_servers()
            yield

    def _start(self, stack: ExitStack, role: str, port: int, text: str) -> None:
        file = self._folder / f"{role}-{port}.toml"
        file.write_text(text, encoding="utf-8")
        command = [self._program, role, "--config", str(file)]
        stack.enter_context(server(*command, port=port, SCCACHE_NO_DAEMON="1"))

    def _of_scheduler(self, key: str) -> str:
        return f"""
public_addr = "127.0.0.1:{self._scheduler}"
[client_auth]
type = "token"
token = "of the client"
[server_auth]
type = "jwt_hs256"
secret_key = "{key}"
"""

    def _of_server(self, key: str, port: int) -> str:
        token = self._generated(
            "generate-jwt-hs256-server-token", f"--secret-key={key}", "--server", f"127.0.0.1:{port}"
        )
        return f"""
cache_dir = "{self._folder}/toolchains-{port}"
public_addr = "127.0.0.1:{port}"
scheduler_url = "http://127.0.0.1:{self._scheduler}"
[builder]
type = "overlay"
build_dir = "{self._folder}/build-{port}"
bwrap_path = "{self._bwrap}"
[scheduler_auth]
type = "jwt_token"
token = "{token}"
"""

    def _wait_for_servers(self) -> None:
        end = time.monotonic() + DEADLINE
        while True:
            with socket.create_connection(("127.0.0.1", self._scheduler), timeout=DEADLINE) as connection:
                connection.sendall(b"GET /api/v1/scheduler/status HTTP/1.0\r\nAccept: application/json\r\n\r\n")
                answer = b"".join(iter(lambda: connection.recv(4096), b""))
            if b'"num_servers":2' in answer:
                return
            assert time.monotonic() < end, answer


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--cache", "scache"], "unknown compiler cache 'scache' (did you mean 'sccache'?)"),
        (["--cache", "sccache", "--distribute", "distcc"], "sccache does not hand over to distcc"),
        (["--cache", "sccache", "--engine", "podman"], "--cache and --distribute do not reach into podman"),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, options: list[str], told: str) -> None:
    done = Root(tmp_path).build(*options)
    assert done.returncode == ExitCode.USAGE
    assert told in done.stderr


def test_engines_that_are_missing(tmp_path: Path) -> None:
    done = Root(tmp_path).build("--cache", "ccache", PATH=str(tmp_path))
    assert done.returncode == ExitCode.TOOL
    assert "ccache was not found\nInstall it, for instance with: apt-get install ccache" in done.stderr


def test_a_cache_that_does_not_work(tmp_path: Path) -> None:
    (tmp_path / "ccache.conf").write_text("max_size = banana\n", encoding="utf-8")
    done = Root(tmp_path).build("--cache", "ccache", CCACHE_CONFIGPATH=str(tmp_path / "ccache.conf"))
    assert done.returncode == ExitCode.TOOL
    assert "ccache does not tell what it did: " in done.stderr


def test_farms_without_servers(tmp_path: Path, sccache_settings: dict[str, str]) -> None:
    if not Path("/etc/distcc/hosts").exists():
        done = Root(tmp_path).build("--distribute", "distcc", DISTCC_DIR=str(tmp_path))
        assert (done.returncode, "distcc knows no servers" in done.stderr) == (ExitCode.TOOL, True)
    with stopping_sccache(sccache_settings):
        done = Root(tmp_path).build("--distribute", "sccache-dist", **sccache_settings)
    assert (done.returncode, "sccache reaches no scheduler" in done.stderr) == (ExitCode.TOOL, True)


def test_a_storage_that_is_down_is_told_before_anything_is_built(
    tmp_path: Path, sccache_settings: dict[str, str]
) -> None:
    settings = {**sccache_settings, "SCCACHE_REDIS_ENDPOINT": "tcp://127.0.0.1:9"}
    with stopping_sccache(sccache_settings):
        done = Root(tmp_path).build("--cache", "sccache", **settings)
    assert done.returncode == ExitCode.TOOL
    assert "sccache does not work: sccache: error: Timed out waiting for server startup" in done.stderr
    assert not list(tmp_path.glob("custom_relu/build/*"))
