"""Which engine builds: the one asked for, or the first that is able to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.build.plan import AUTO, HOST
from ovext.errors import EngineError
from ovext.toolchain.engine import ENGINES, find_engine

if TYPE_CHECKING:
    from ovext.toolchain.engine import Engine


@dataclass(frozen=True)
class EngineChoice:
    """The container engine, or None for this machine, and why."""

    engine: Engine | None
    reason: str


def choose_engine(asked: str | None, base_image: str, *, may_pull: bool) -> EngineChoice:
    """The engine for a build on the base image.

    Args:
        asked: an engine, `host`, or `auto`, which is the default.
        base_image: the image that a container engine must have or get.
        may_pull: whether `auto` may find out by pulling; without that, an engine that is alive will do.

    Raises:
        EngineError: the container engine asked for is not alive.
    """
    if asked == HOST:
        return EngineChoice(None, "--engine host")
    if asked not in {None, AUTO}:
        return EngineChoice(find_engine(str(asked)), f"--engine {asked}")
    refused = []
    for name in ENGINES:
        try:
            return _able(name, base_image, may_pull=may_pull)
        except EngineError as error:
            refused.append(error.what)
    return EngineChoice(None, f"no container engine is able to: {'; '.join(refused)}")


def _able(name: str, base_image: str, *, may_pull: bool) -> EngineChoice:
    engine = find_engine(name)
    if engine.has(base_image):
        return EngineChoice(engine, "it is alive and has the base image")
    if may_pull:
        engine.pull(base_image)
    return EngineChoice(engine, "it is alive and can get the base image")
