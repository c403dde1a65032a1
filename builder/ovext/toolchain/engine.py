"""Container engines: which ones are alive, and how to run them. Docker and Podman accept the same commands."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ovext.errors import EngineError, ToolError
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovext.toolchain.process import Finished

ENGINES = ("docker", "podman")
_ANSWER_SECONDS = 15.0


@dataclass(frozen=True)
class Workaround:
    """What an engine needs on a machine where its defaults do not work, recognised by its message."""

    symptoms: tuple[str, ...]  # one of these is in its message
    explanation: str
    subcommands: tuple[str, ...]  # the ones that get the options
    options: tuple[str, ...]
    first: bool = False  # the options come before the subcommand


WORKAROUNDS = (
    Workaround(
        symptoms=("netavark", "CNI"),
        explanation="it cannot make a network of its own here",
        subcommands=("build",),
        options=("--network", "host"),
    ),
    Workaround(
        symptoms=("RLIMIT_NOFILE", "RLIMIT_NPROC", "error setting rlimit"),
        explanation="it is not allowed to raise limits here",
        subcommands=("run", "create"),
        options=("--ulimit", "nofile=1024:20000", "--ulimit", "nproc=4096:8192"),
    ),
    Workaround(
        symptoms=("cgroups in hybrid mode not supported",),
        explanation="its runtime crun cannot use the cgroups here",
        subcommands=("build", "run", "create"),
        options=("--runtime", "runc"),
        first=True,
    ),
)


@dataclass(frozen=True)
class Engine:
    """A container engine that answers, and what it needs here."""

    name: str
    workarounds: tuple[Workaround, ...] = ()

    def command(self, subcommand: str, *arguments: str) -> list[str]:
        """The whole command line of a subcommand."""
        wanted = [one for one in self.workarounds if subcommand in one.subcommands]
        before = [option for one in wanted if one.first for option in one.options]
        after = [option for one in wanted if not one.first for option in one.options]
        return [self.name, *before, subcommand, *after, *arguments]

    def ask(self, subcommand: str, *arguments: str) -> Finished:
        return run(self.command(subcommand, *arguments))

    def after(self, said: str) -> Engine | None:
        """The same engine with the workaround for its message; None if no known workaround would help."""
        own = "\n".join(line for line in said.splitlines() if line.startswith(("Error", "ERROR", "docker: ")))
        for one in WORKAROUNDS:
            if one not in self.workarounds and any(symptom in own for symptom in one.symptoms):
                return replace(self, workarounds=(*self.workarounds, one))
        return None

    def has(self, image: str) -> bool:
        return self.ask("image", "inspect", image).ok

    def digest_of(self, image: str) -> str:
        """The digest of an image that is here: its registry's, or that of its own configuration if it has none."""
        finished = self.ask("image", "inspect", "--format", "{{range .RepoDigests}}{{.}} {{end}}{{.Id}}", image)
        words = finished.output.split() if finished.ok else []
        digest = words[0].rpartition("@")[2] if words else ""
        return digest if not digest or ":" in digest else f"sha256:{digest}"

    def with_digest(self, image: str) -> str:
        """The image's name with the digest that its registry gave it, if it came from one."""
        finished = self.ask("image", "inspect", "--format", "{{range .RepoDigests}}{{.}} {{end}}", image)
        found = [one for one in finished.output.split() if "@" in one and not one.startswith("localhost/")]
        return f"{image}@{found[0].rpartition('@')[2]}" if finished.ok and found else image

    def pull(self, image: str) -> None:
        """Pull an image from its registry.

        Raises:
            EngineError: it is not available.
        """
        finished = self.ask("pull", image)
        if not finished.ok:
            cause = ": ".join(finished.complaint().split(": ")[-2:])  # engines put the outermost error first
            raise EngineError(f"{self.name} cannot get the image {_in_short(image)}: {cause}")

    def create(self, *arguments: str) -> str:
        """Create a container with these arguments of the subcommand; returns its name.

        Raises:
            EngineError: it cannot be made.
        """
        created = self.ask("create", *arguments)
        if not created.ok:
            raise EngineError(f"{self.name} could not make a container: {created.complaint()}")
        return created.output.strip().splitlines()[-1]

    def get(self, image: str, talk: Callable[[str], None]) -> None:
        """Pull an image unless it is there; says so. Raises what `pull` raises."""
        if not self.has(image):
            talk(f"{self.name} gets the image {_in_short(image)}")
            self.pull(image)

    def ready(self, base_image: str, talk: Callable[[str], None]) -> Engine:
        """Get the base image if needed; returns the engine with the workarounds that it needs here.

        Raises:
            EngineError: it cannot get the image, or cannot run it.
        """
        self.get(base_image, talk)
        able = self.able_to_run(base_image)
        for one in able.workarounds[len(self.workarounds) :]:
            talk(f"{self.name} gets {' '.join(one.options)}: {one.explanation}")
        return able

    def able_to_run(self, image: str) -> Engine:
        """This engine, with the workarounds that it needs here to run a container.

        Raises:
            EngineError: it cannot run one.
        """
        finished = self.ask("run", "--rm", "--network", "none", "--entrypoint", "/bin/sh", image, "-c", "true")
        if finished.ok:
            return self
        other = self.after(finished.errors)
        if other is None:
            raise EngineError(f"{self.name} cannot run a container: {finished.complaint()}")
        return other.able_to_run(image)


def _in_short(image: str) -> str:
    """The image without its digest, whose 71 characters say nothing to a reader."""
    return image.partition("@")[0]


def find_engine(name: str) -> Engine:
    """The engine with that name.

    Raises:
        EngineError: it is not installed, or its service does not run.
    """
    if not shutil.which(name):
        raise EngineError(f"{name} is not installed")
    try:
        finished = run([name, "info"], timeout=_ANSWER_SECONDS)
    except ToolError as error:
        raise EngineError(f"{name} does not answer: {error.what}") from None
    if not finished.ok:
        raise EngineError(f"the service of {name} does not run")
    return Engine(name)
