"""Builds with a sanitizer, and what a process needs to load them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.build.cmake_report import read_reports
from ovext.build.execute import library_of, locked_build_tree
from ovext.build.host import build_on_host
from ovext.build.plan import preset_names
from ovext.build.resolve import plan_on_host
from ovext.errors import ToolError, UnknownNameError
from ovext.toolchain.compiler import ANSWER_SECONDS
from ovext.toolchain.fetch import fetch_openvino
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovext.build.host import Reporter
    from ovext.build.plan import BuildPlan, BuildRequest


@dataclass(frozen=True)
class Sanitizer:
    """A sanitizer of GCC and Clang.

    `gcc` and `clang` are the files of its runtime, `options` the environment variable that configures it.
    """

    name: str  # as -fsanitize= has it
    preset: str
    gcc: str
    clang: str
    options: tuple[str, str]


_ALL = (
    Sanitizer("address", "asan", "libasan.so", "libclang_rt.asan-x86_64.so", ("ASAN_OPTIONS", "detect_leaks=0")),
    Sanitizer(
        "undefined",
        "ubsan",
        "libubsan.so",
        "libclang_rt.ubsan_standalone-x86_64.so",
        ("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1"),
    ),
    Sanitizer(
        "thread",
        "tsan",
        "libtsan.so",
        "libclang_rt.tsan-x86_64.so",
        ("TSAN_OPTIONS", "exitcode=0"),
    ),
)
SANITIZERS = {one.name: one for one in _ALL}


@dataclass(frozen=True)
class SanitizedBuild:
    """The libraries with a sanitizer, by the type of each op, and how to start a process that loads one.

    `openvino` is the release that they are for.
    """

    libraries: Mapping[str, Path]
    openvino: str
    environment: Mapping[str, str]
    run_under: tuple[str, ...]


def build_with_sanitizer(request: BuildRequest, name: str, reporter: Reporter) -> SanitizedBuild:
    """Build the project with a sanitizer in a build tree of its own. Nothing is published.

    Raises:
        UnknownNameError: there is no such sanitizer.
        ToolError: the compiler does not have its runtime, or setarch is missing.
        OvextError: the errors of plan_on_host and build_on_host.
    """
    if name not in SANITIZERS:
        raise UnknownNameError("sanitizer", name, SANITIZERS)
    sanitizer = SANITIZERS[name]
    # ThreadSanitizer needs memory at the addresses that it expects.
    under = ("setarch", "-R") if sanitizer.name == "thread" else ()
    if under and not shutil.which(under[0]):
        raise ToolError("setarch was not found", fix="Install it with: apt-get install util-linux.")
    plan = _with(plan_on_host(request), sanitizer)
    environment = _environment(plan, sanitizer)
    if not plan.machine.openvino_is_installed:
        fetch_openvino(plan.machine.openvino_version, reporter.talk)
    with locked_build_tree(plan.build_dir, reporter) as lock:
        build_on_host(plan, lock, reporter)
    reports = read_reports(plan.build_dir, plan.project)
    files = {report.library: library_of(plan, report)[0] for report in reports}
    libraries = {op.type: files[report.library] for report in reports for op in report.described}
    return SanitizedBuild(libraries, plan.machine.openvino_version, environment, under)


def _with(plan: BuildPlan, sanitizer: Sanitizer) -> BuildPlan:
    """The plan with the project's preset for the sanitizer, or with the flag if it has none."""
    folder = plan.build_dir.with_name(f"{plan.build_dir.name}-{sanitizer.preset}")

    def moved(words: tuple[str, ...]) -> list[str]:
        return [str(folder) if word == str(plan.build_dir) else word for word in words]

    configure = moved(plan.configure)
    if sanitizer.preset in preset_names(plan.project.root):
        if "--preset" in configure:
            at = configure.index("--preset")
            del configure[at : at + 2]
        configure[1:1] = ["--preset", sanitizer.preset]
    else:
        flags = f"-fsanitize={sanitizer.name} -fno-omit-frame-pointer"
        configure += ["-DCMAKE_BUILD_TYPE=RelWithDebInfo", f"-DCMAKE_CXX_FLAGS={flags}"]
    return replace(plan, build_dir=folder, configure=tuple(configure), compile=tuple(moved(plan.compile)))


def _environment(plan: BuildPlan, sanitizer: Sanitizer) -> dict[str, str]:
    compiler = plan.machine.compiler
    runtime = sanitizer.gcc if compiler.id == "GNU" else sanitizer.clang
    asked = [[str(compiler.path), f"-print-file-name={name}"] for name in (runtime, "libstdc++.so")]
    files = [run(command, timeout=ANSWER_SECONDS).output.strip() for command in asked]
    if not Path(files[0]).is_absolute():
        fix = (
            "Install the sanitizers' runtimes: g++ of Debian has them; dnf install libasan libubsan libtsan (Red Hat)."
        )
        raise ToolError(f"{compiler.path} has no {runtime}", fix=fix)
    variable, options = sanitizer.options
    # oneTBB would load libraries in a way that the runtimes refuse.
    return {"LD_PRELOAD": " ".join(files), variable: options, "TBB_ENABLE_SANITIZERS": "1"}
