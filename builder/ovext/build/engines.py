"""Which engine builds: the one asked for, or the first that is able to."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.build.plan import AUTO, HOST
from ovext.errors import EngineError
from ovext.toolchain.engine import ENGINES, find_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovext.toolchain.engine import Engine

# Settings of this machine's tools, which no container sees.
_OF_THIS_MACHINE = re.compile(r"CXX|CXXFLAGS|CPPFLAGS|LDFLAGS|CMAKE_\w+|OpenVINO_DIR|INTEL_OPENVINO_DIR")


@dataclass(frozen=True)
class EngineChoice:
    """The container engine, or None for this machine, and why."""

    engine: Engine | None
    reason: str

    @property
    def name(self) -> str:
        return self.engine.name if self.engine else HOST


def settings_of_this_machine() -> dict[str, str]:
    """The variables of the environment that decide what a build on this machine uses, and nothing in a container."""
    return {name: value for name, value in sorted(os.environ.items()) if _OF_THIS_MACHINE.fullmatch(name) and value}


def choose_engine(asked: str | None, base_image: str, talk: Callable[[str], None] | None) -> EngineChoice:
    """The engine for a build on the base image.

    Args:
        asked: an engine, `host`, or `auto`, which is the default.
        base_image: the image that a container engine must have or get.
        talk: is told of what takes long. Without it nothing is done: `auto` takes an engine that is alive to be able.

    Raises:
        EngineError: the container engine asked for is not alive.
    """
    if asked == HOST:
        return EngineChoice(None, f"--engine {HOST}")
    if asked not in {None, AUTO}:
        return EngineChoice(find_engine(str(asked)), f"--engine {asked}")
    if settings := settings_of_this_machine():
        return EngineChoice(None, f"{', '.join(settings)} is set, which means this machine's tools")
    refused = []
    for name in ENGINES:
        try:
            return _able(name, base_image, talk)
        except EngineError as error:
            refused.append(error.what)
    return EngineChoice(None, f"no container engine is able to: {'; '.join(refused)}")


def _able(name: str, base_image: str, talk: Callable[[str], None] | None) -> EngineChoice:
    engine = find_engine(name)
    if engine.has(base_image):
        reason = "it is alive and has the base image"
    else:
        reason = "it is alive and can get the base image"
    return EngineChoice(ready_engine(engine, base_image, talk) if talk else engine, reason)


def ready_engine(engine: Engine, base_image: str, talk: Callable[[str], None]) -> Engine:
    """The engine with what it needs here, once it has the base image.

    Raises:
        EngineError: it cannot get the image, or cannot run it.
    """
    if not engine.has(base_image):
        talk(f"{engine.name} gets the image {base_image}")
        engine.pull(base_image)
    able = engine.able_to_run(base_image)
    for one in able.workarounds[len(engine.workarounds) :]:
        talk(f"{engine.name} gets {' '.join(one.options)}: {one.explanation}")
    return able
