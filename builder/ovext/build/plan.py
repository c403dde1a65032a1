"""What a build will do: steps, and the reason of every automatic choice. Pure: nothing runs here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.errors import ProjectError, UnknownNameError, UsageError
from ovext.resources import cmake_dir
from ovext.targets.base_os import DEFAULT_BASE_OS, BaseOS, find_base_os
from ovext.targets.isa import MULTI, isa_table, parse_isa
from ovext.toolchain.process import shell_line

if TYPE_CHECKING:
    from pathlib import Path

    from ovext.project import Project
    from ovext.toolchain.cmake import BuildTools
    from ovext.toolchain.compiler import Compiler

ENGINES = ("host",)


@dataclass(frozen=True)
class BuildRequest:
    """What the user asked for; None where ovext is to choose."""

    output_root: Path
    base_os: str | None = None
    isa: str | None = None
    engine: str | None = None
    jobs: int | None = None


@dataclass(frozen=True)
class Machine:
    """What the plan must know of the machine that builds."""

    compiler: Compiler
    tools: BuildTools
    cpus: int
    openvino_version: str
    openvino_cmake_dir: Path
    openvino_reason: str
    openvino_is_installed: bool


@dataclass(frozen=True)
class Decision:
    """An automatic choice and why it was made."""

    subject: str
    choice: str
    reason: str


@dataclass(frozen=True)
class BuildPlan:
    """Everything that the engine needs. Commands are complete; paths are absolute."""

    project: Project
    base_os: BaseOS
    engine: str
    variants: tuple[str, ...]  # ids, or ("multi",) or ("native",)
    machine: Machine
    build_dir: Path
    output_dir: Path
    configure: tuple[str, ...]
    compile: tuple[str, ...]
    decisions: tuple[Decision, ...]

    def rejected_report(self, library: Path) -> Path:
        """Where the report on a built library goes that does not pass the gate."""
        return self.output_dir / f"{library.name}.rejected.json"

    def steps(self) -> list[str]:
        """What will be done, in order, one line each."""
        fetch = [] if self.machine.openvino_is_installed else [f"fetch OpenVINO {self.machine.openvino_version}"]
        return [
            *fetch,
            shell_line(self.configure),
            shell_line(self.compile),
            f"inspect each library for {self.base_os.id} and OpenVINO {self.machine.openvino_version}",
            f"load each library in OpenVINO {self.machine.openvino_version}, in a process of its own",
            f"move the libraries and manifest.json into {self.output_dir}",
        ]


def check_request(request: BuildRequest) -> None:
    """What can be said of a request without looking at project or machine.

    Raises:
        UsageError: it names something that does not exist.
    """
    find_base_os(request.base_os or DEFAULT_BASE_OS)
    if request.engine is not None and request.engine not in ENGINES:
        raise UnknownNameError("engine", request.engine, ENGINES)
    if request.isa is not None:
        parse_isa(request.isa)
    if request.jobs is not None and request.jobs < 1:
        raise UsageError(f"--jobs {request.jobs} is not a number of jobs", fix="Give 1 or more.")


def plan_build(request: BuildRequest, project: Project, machine: Machine) -> BuildPlan:
    """The plan for one project and one target.

    Raises:
        UsageError: the request names something that does not exist.
        ProjectError: CMakePresets.json is not JSON.
    """
    check_request(request)
    spelled = request.base_os or DEFAULT_BASE_OS
    base_os = find_base_os(spelled)
    engine = request.engine or ENGINES[0]
    variants = _shortened(parse_isa(request.isa or ",".join(project.settings.isa)))
    tree = f"{engine}-{base_os.id}-openvino{machine.openvino_version}-{'-'.join(variants)}"
    build_dir = project.root / "build" / tree
    preset = _preset(project.root, variants)
    jobs = request.jobs or machine.cpus
    return BuildPlan(
        project=project,
        base_os=base_os,
        engine=engine,
        variants=variants,
        machine=machine,
        build_dir=build_dir,
        output_dir=request.output_root / spelled,
        configure=_configure(project.root, build_dir, preset, variants, machine),
        compile=(str(machine.tools.ninja), "-C", str(build_dir), "-j", str(jobs)),
        decisions=_decisions(request, project, machine, base_os=base_os, variants=variants, preset=preset),
    )


def _shortened(variants: tuple[str, ...]) -> tuple[str, ...]:
    return (MULTI,) if variants == tuple(isa_table()) else variants


def _preset(root: Path, variants: tuple[str, ...]) -> str | None:
    """The project's preset for these variants; the one for `multi` also serves a list. None without presets."""
    path = root / "CMakePresets.json"
    if not path.is_file():
        return None
    try:
        presets = json.loads(path.read_text(encoding="utf-8")).get("configurePresets", [])
        names = {preset["name"] for preset in presets if not preset.get("hidden")}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProjectError(f"this is no file of CMake presets: {error!r}", where=path) from None
    wanted = variants[0] if len(variants) == 1 else MULTI
    return next((name for name in (wanted, MULTI) if name in names), None)


def _configure(
    root: Path, build_dir: Path, preset: str | None, variants: tuple[str, ...], machine: Machine
) -> tuple[str, ...]:
    settings = {
        "CMAKE_CXX_COMPILER": machine.compiler.path,
        "CMAKE_MAKE_PROGRAM": machine.tools.ninja,
        "CMAKE_EXPORT_COMPILE_COMMANDS": "ON",
        "OVEXT_ISA": ";".join(variants),
        "OpenVINO_DIR": machine.openvino_cmake_dir,
        "ovext_DIR": cmake_dir(),
    }
    if machine.compiler.launcher is not None:
        settings["CMAKE_CXX_COMPILER_LAUNCHER"] = machine.compiler.launcher
    if preset is None:
        settings["CMAKE_BUILD_TYPE"] = "Release"
    return (
        str(machine.tools.cmake),
        *(("--preset", preset) if preset else ()),
        *("-S", str(root), "-B", str(build_dir), "-G", "Ninja"),
        *(f"-D{name}={value}" for name, value in settings.items()),
    )


def _decisions(
    request: BuildRequest,
    project: Project,
    machine: Machine,
    *,
    base_os: BaseOS,
    variants: tuple[str, ...],
    preset: str | None,
) -> tuple[Decision, ...]:
    pyproject = project.root / "pyproject.toml"
    if request.isa:
        isa_reason = f"--isa {request.isa}"
    else:
        isa_reason = f"isa in {pyproject}" if "isa" in project.settings.model_fields_set else "the default: all"
    preset_reason = "the project's CMakePresets.json" if preset else "the project has none for these variants"
    jobs_reason = f"--jobs {request.jobs}" if request.jobs else "one for each CPU"
    compiler, tools = machine.compiler, machine.tools
    return (
        Decision("base OS", f"{base_os.id} ({base_os.title})", _asked("--base-os", request.base_os)),
        Decision("engine", request.engine or ENGINES[0], _asked("--engine", request.engine)),
        Decision("OpenVINO", f"{machine.openvino_version} in {machine.openvino_cmake_dir}", machine.openvino_reason),
        Decision("instruction sets", ", ".join(isa_table() if variants == (MULTI,) else variants), isa_reason),
        Decision("CMake preset", preset or "none", preset_reason),
        Decision("compiler", f"{compiler.id} {compiler.version}, {compiler.path}", compiler.reason),
        Decision("CMake and Ninja", f"{tools.cmake}, {tools.ninja}", "those installed with ovext, else those on PATH"),
        Decision("jobs", str(request.jobs or machine.cpus), jobs_reason),
    )


def _asked(option: str, value: str | None) -> str:
    return f"{option} {value}" if value else "the default"
