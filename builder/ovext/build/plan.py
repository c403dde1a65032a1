"""What a build will do: steps, and the reason for every automatic choice. Pure: nothing runs here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import ProjectError, UnknownNameError, UsageError
from ovext.resources import cmake_dir
from ovext.targets.base_os import DEFAULT_BASE_OS
from ovext.targets.isa import MULTI, isa_table, parse_isa
from ovext.targets.openvino_version import OLDEST_WITH_MAPPINGS, OpenVINOVersion
from ovext.toolchain.cmake import LAUNCHER
from ovext.toolchain.engine import ENGINES
from ovext.toolchain.process import shell_line

if TYPE_CHECKING:
    from ovext.project import Project
    from ovext.targets.base_os import BaseOS
    from ovext.toolchain.cmake import BuildTools
    from ovext.toolchain.compiler import Compiler

HOST, AUTO = "host", "auto"
CHOICES = (AUTO, HOST, *ENGINES)
FILE, FOLDER = "file", "folder"  # one file with the builds for all releases, or files beside a small library
BUILD_TYPES = ("Release", "RelWithDebInfo", "MinSizeRel", "Debug")


@dataclass(frozen=True)
class BuildRequest:
    """A build as requested; None means that ovext chooses."""

    project: Path
    output_root: Path
    base_os: str | None = None
    isa: str | None = None
    openvino: str | None = None  # a release, or several with commas between
    engine: str | None = None
    base_image: str | None = None
    jobs: int | None = None
    build_type: str | None = None
    layout: str | None = None  # of a library for several releases
    bundle: bool = False  # copies of libraries that nothing brings lie beside it

    @property
    def first_openvino(self) -> str | None:
        return self.openvino.split(",")[0] if self.openvino else None

    @property
    def is_automatic(self) -> bool:
        return self.engine in {None, AUTO}

    def options(self, **others: str | None) -> list[str]:
        """The request's variants, build type and jobs as options of `ovext build`; `others` are further options."""
        jobs = str(self.jobs) if self.jobs else None
        chosen = {**others, "isa": self.isa, "build_type": self.build_type, "jobs": jobs}
        options = [part for name, value in chosen.items() if value for part in (f"--{name.replace('_', '-')}", value)]
        return [*options, *(["--bundle"] if self.bundle else [])]

    def on_host(self) -> str:
        """The command that builds the same on this machine."""
        output = None if self.output_root == Path.cwd() / "lib" else str(self.output_root)
        options = self.options(base_os=self.base_os, openvino=self.openvino, layout=self.layout, output=output)
        return shell_line(["ovext", "build", str(self.project), *options, "--engine", HOST])


@dataclass(frozen=True)
class Machine:
    """What the plan must know about the machine that builds."""

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
    variants: tuple[str, ...]  # ids, or ("multi",) or ("native",)
    machine: Machine
    build_dir: Path
    output_dir: Path
    configure: tuple[str, ...]
    compile: tuple[str, ...]
    decisions: tuple[Decision, ...]
    bundle: bool = False
    is_part: bool = False  # of a library for several releases, which loads all its builds when it has them

    def steps(self) -> list[str]:
        """What will be done, in order, one line each."""
        fetch = [] if self.machine.openvino_is_installed else [f"fetch OpenVINO {self.machine.openvino_version}"]
        load = f"load each library in OpenVINO {self.machine.openvino_version}, in a process of its own"
        return [
            *fetch,
            shell_line(self.configure),
            shell_line(self.compile),
            *(["copy the libraries that nothing brings"] if self.bundle else []),
            f"inspect each library for {self.base_os.id} and OpenVINO {self.machine.openvino_version}",
            *([] if self.is_part else [load]),
            f"move the libraries and manifest.json into {self.output_dir}",
        ]


def check_request(request: BuildRequest) -> None:
    """Check what can be checked of a request without looking at project or machine.

    Raises:
        UsageError: it names something that does not exist.
    """
    if request.engine is not None and request.engine not in CHOICES:
        raise UnknownNameError("engine", request.engine, CHOICES)
    if request.isa is not None:
        parse_isa(request.isa)
    if request.build_type is not None and request.build_type not in BUILD_TYPES:
        raise UnknownNameError("build type", request.build_type, BUILD_TYPES)
    if request.layout not in {None, FILE, FOLDER}:
        raise UnknownNameError("layout", str(request.layout), (FILE, FOLDER))
    if request.jobs is not None and request.jobs < 1:
        raise UsageError(f"--jobs {request.jobs} is not a number of jobs", fix="Give 1 or more.")


def check_release(project: Project, release: str) -> None:
    """Check that the project can be built for an OpenVINO release at all.

    Raises:
        ProjectError: an op has mappings for frameworks, and the release is too old for them.
    """
    if OpenVINOVersion.parse(release) >= OLDEST_WITH_MAPPINGS:
        return
    for op in project.ops:
        if names := [name for name, _ in op.frameworks.given()]:
            problem = f"{op.type} is mapped to {', '.join(names)}, for which OpenVINO {release} is too old"
            fix = f"Build for {OLDEST_WITH_MAPPINGS} or newer, or leave [frameworks] out."
            raise ProjectError(problem, where=op.folder / "op.toml", fix=fix)


def plan_build(request: BuildRequest, project: Project, machine: Machine, engine_reason: str = "") -> BuildPlan:
    """The plan for one project and one target, to be built on this machine; `engine_reason` says why there.

    Raises:
        UsageError: the request names something that does not exist.
        ProjectError: CMakePresets.json is not JSON, or the project cannot be built for that OpenVINO.
    """
    check_request(request)
    check_release(project, machine.openvino_version)
    spelled = request.base_os or DEFAULT_BASE_OS
    base_os = project.settings.find_base_os(spelled)
    variants = _shortened(parse_isa(request.isa or ",".join(project.settings.isa)))
    build_dir = build_tree(request, project, HOST, machine.openvino_version)
    preset = _preset(project.root, variants)
    jobs = request.jobs or machine.cpus
    return BuildPlan(
        project=project,
        base_os=base_os,
        variants=variants,
        machine=machine,
        build_dir=build_dir,
        output_dir=request.output_root / spelled,
        configure=_configure(project, build_dir, preset, variants, machine, build_type=request.build_type),
        compile=(str(machine.tools.ninja), "-C", str(build_dir), "-j", str(jobs)),
        decisions=_decisions(
            request, project, machine, base_os=base_os, preset=preset, engine_reason=engine_reason or "the default"
        ),
        bundle=request.bundle or project.settings.bundle,
    )


def _shortened(variants: tuple[str, ...]) -> tuple[str, ...]:
    return (MULTI,) if variants == tuple(isa_table()) else variants


def build_tree(request: BuildRequest, project: Project, engine: str, openvino: str) -> Path:
    """The folder of a build: one for each engine, base OS, OpenVINO release, choice of variants and build type."""
    base_os = project.settings.find_base_os(request.base_os or DEFAULT_BASE_OS)
    variants = _shortened(parse_isa(request.isa or ",".join(project.settings.isa)))
    build_type = [request.build_type.lower()] if request.build_type else []
    return project.root / "build" / "-".join([engine, base_os.id, f"openvino{openvino}", *variants, *build_type])


def preset_names(root: Path) -> set[str]:
    """The configure presets in a project's CMakePresets.json.

    Raises:
        ProjectError: it is not such a file.
    """
    path = root / "CMakePresets.json"
    if not path.is_file():
        return set()
    try:
        presets = json.loads(path.read_text(encoding="utf-8")).get("configurePresets", [])
        return {preset["name"] for preset in presets if not preset.get("hidden")}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProjectError(f"this is not a file of CMake presets: {error!r}", where=path) from None


def _preset(root: Path, variants: tuple[str, ...]) -> str | None:
    """The project's preset for these variants, falling back to the one for `multi`. None without either."""
    names = preset_names(root)
    wanted = variants[0] if len(variants) == 1 else MULTI
    return next((name for name in (wanted, MULTI) if name in names), None)


def _configure(
    project: Project,
    build_dir: Path,
    preset: str | None,
    variants: tuple[str, ...],
    machine: Machine,
    *,
    build_type: str | None,
) -> tuple[str, ...]:
    settings = {
        "CMAKE_CXX_COMPILER": machine.compiler.path,
        "CMAKE_MAKE_PROGRAM": machine.tools.ninja,
        "CMAKE_EXPORT_COMPILE_COMMANDS": "ON",
        "OVEXT_ISA": ";".join(variants),
        "OVEXT_FP_CONTRACT": project.settings.fp_contract,
        "OVEXT_GENERATED": project.root / "build" / "generated",
        "OpenVINO_DIR": machine.openvino_cmake_dir,
        "ovext_DIR": cmake_dir(),
    }
    if machine.compiler.launcher is not None:
        settings[LAUNCHER] = machine.compiler.launcher
    if build_type or preset is None:
        settings["CMAKE_BUILD_TYPE"] = build_type or BUILD_TYPES[0]
    return (
        str(machine.tools.cmake),
        *(("--preset", preset) if preset else ()),
        *("-S", str(project.root), "-B", str(build_dir), "-G", "Ninja"),
        *(f"-D{name}={value}" for name, value in settings.items()),
    )


def _decisions(
    request: BuildRequest,
    project: Project,
    machine: Machine,
    *,
    base_os: BaseOS,
    preset: str | None,
    engine_reason: str,
) -> tuple[Decision, ...]:
    preset_reason = "the project's CMakePresets.json" if preset else "the project has none for these variants"
    compiler, tools = machine.compiler, machine.tools
    return (
        Decision("base OS", f"{base_os.id} ({base_os.title})", asked("--base-os", request.base_os)),
        Decision("engine", HOST, engine_reason),
        Decision("OpenVINO", f"{machine.openvino_version} in {machine.openvino_cmake_dir}", machine.openvino_reason),
        isa_decision(request, project),
        Decision("CMake preset", preset or "none", preset_reason),
        Decision("build type", *_build_type(request, preset)),
        Decision("compiler", f"{compiler.id} {compiler.version}, {compiler.path}", compiler.reason),
        Decision("CMake and Ninja", f"{tools.cmake}, {tools.ninja}", "those installed with ovext, else those on PATH"),
        jobs_decision(request, str(machine.cpus)),
    )


def isa_decision(request: BuildRequest, project: Project) -> Decision:
    """Which variants are built and why."""
    variants = _shortened(parse_isa(request.isa or ",".join(project.settings.isa)))
    if request.isa:
        reason = f"--isa {request.isa}"
    else:
        listed = "isa" in project.settings.model_fields_set
        reason = f"isa in {project.root / 'pyproject.toml'}" if listed else "the default: all"
    return Decision("instruction sets", ", ".join(isa_table() if variants == (MULTI,) else variants), reason)


def jobs_decision(request: BuildRequest, default: str) -> Decision:
    """How many compilers run at once and why."""
    return Decision(
        "jobs", str(request.jobs or default), f"--jobs {request.jobs}" if request.jobs else "one for each CPU"
    )


def asked(option: str, value: str | None) -> str:
    """The reason for a choice that an option may have made."""
    return f"{option} {value}" if value else "the default"


def _build_type(request: BuildRequest, preset: str | None) -> tuple[str, str]:
    if request.build_type:
        return request.build_type, f"--build-type {request.build_type}"
    return ("that of the preset", "the project's CMakePresets.json") if preset else (BUILD_TYPES[0], "the default")
