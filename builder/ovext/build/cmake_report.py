"""What CMake configured: its report on each library, and the flags it compiles with."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ovext.errors import ProjectError
from ovext.project import OpDescription, Project


class CompilerReport(BaseModel):
    id: str
    version: str
    binutils: str | None = None


class LibraryReport(BaseModel):
    """A library as cmake/report.cmake describes it."""

    model_config = ConfigDict(frozen=True)

    library: str  # the CMake target
    file: Path
    source_dir: Path
    ops: list[str]  # folders below ops/ of source_dir
    sources: list[str]  # of an existing extension
    variants: list[str]
    objects: dict[str, list[Path]]  # by variant; the library's own are under ""
    link: Literal["needed", "host"]
    fp_contract: Literal["off", "fast"]
    build_type: str
    compiler: CompilerReport
    described: tuple[OpDescription, ...] = ()  # the ops that have an op.toml; CMake does not know them


def read_reports(build_dir: Path, project: Project) -> list[LibraryReport]:
    """Every library of a configured build tree of the project.

    Raises:
        ProjectError: there is none, or an op.toml is missing or wrong.
    """
    files = sorted((build_dir / "ovext" / "report").glob("*.json"))
    if not files:
        raise ProjectError("the project configures no library", fix="Call ovext_add_extension() in its CMakeLists.txt.")
    return [_with_ops(LibraryReport.model_validate_json(file.read_bytes()), project) for file in files]


def _with_ops(report: LibraryReport, project: Project) -> LibraryReport:
    described = tuple(project.op_in(folder) for folder in _op_folders(report))
    return report.model_copy(update={"described": described})


def _op_folders(report: LibraryReport) -> list[Path]:
    """The folders with the descriptions of a library's ops. Ops of an existing extension have no op.cpp there."""
    folders = [report.source_dir / "ops" / name for name in report.ops]
    if report.sources:
        described = sorted(file.parent for file in report.source_dir.glob("ops/*/op.toml"))
        folders += [folder for folder in described if not (folder / "op.cpp").is_file()]
    return folders


def rejected_report(folder: Path, library: str) -> Path:
    """The path in the output folder for the report on a library that does not pass the gate."""
    return folder / f"{library}.rejected.json"


def kernel_flags(build_dir: Path, report: LibraryReport) -> dict[str, list[str]]:
    """The flags that the kernels of each variant are compiled with, without paths and file names."""
    entries = json.loads((build_dir / "compile_commands.json").read_text(encoding="utf-8"))
    commands = {build_dir / entry["output"]: entry["command"] for entry in entries}
    return {variant: _flags(shlex.split(commands[report.objects[variant][0]])[1:]) for variant in report.variants}


def _flags(words: list[str]) -> list[str]:
    flags = []
    rest = iter(words)
    for word in rest:
        if word in {"-o", "-c", "-include", "-isystem", "-MF", "-MT", "-Xpreprocessor"}:
            next(rest)
        elif word.startswith("-") and not word.startswith(("-I", "-ffile-prefix-map=")):
            flags.append(word)
    return flags
