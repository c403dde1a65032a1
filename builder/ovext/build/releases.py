"""One library for several releases of OpenVINO: a build for each inside, and a small part that chooses."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ovext.build.execute import BuildResult, locked_build_tree
from ovext.build.manifest import ReleaseRecord
from ovext.build.publish import is_published, publish
from ovext.build.resolve import plan_anywhere, run_anywhere
from ovext.errors import BuildError, UsageError
from ovext.files import read_regular, replace_text, sha256_of, writing_to
from ovext.inspect.payloads import CONTENT, TABLE, Payload, table_text
from ovext.project import load_project
from ovext.resources import cmake_dir
from ovext.targets.base_os import DEFAULT_BASE_OS, find_base_os
from ovext.targets.openvino_version import OpenVINOVersion
from ovext.toolchain.cmake import find_build_tools
from ovext.toolchain.compiler import find_compiler
from ovext.toolchain.fetch import fetched_openvino, find_installed
from ovext.toolchain.process import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ovext.build.container import ContainerPlan
    from ovext.build.host import Reporter
    from ovext.build.manifest import LibraryRecord
    from ovext.build.plan import BuildPlan, BuildRequest
    from ovext.project import Project

_PROJECT = """\
cmake_minimum_required(VERSION 3.26)
project(releases LANGUAGES CXX)
find_package(ovext REQUIRED)
ovext_add_releases({name} table.cpp {payloads})
"""
_TABLE = """\
#include "payloads.hpp"

__asm__(R"(
    .section {content}, "a", @progbits
{contents}
    .section {table}, "", @progbits
    .incbin "{json}"
    .text
)");

extern "C" const unsigned char {symbols};

namespace ovext {{
const Payload payloads[] = {{
{rows}
}};
const std::size_t payload_count = {count};
const char* const library_name = "{library}";
const char* const file_name = "{file}";
}}  // namespace ovext
"""


@dataclass(frozen=True)
class _Build:
    """What was built for one release."""

    release: str
    request: BuildRequest
    plan: BuildPlan | ContainerPlan


def releases_of(text: str) -> list[str]:
    """The releases that `--openvino A,B` names, newest first.

    Raises:
        UsageError: one is not a version, or is there twice.
    """
    versions = [OpenVINOVersion.parse(one) for one in text.split(",")]
    if len(set(versions)) < len(versions):
        raise UsageError(f"'{text}' names a release twice", fix="Give each once.")
    return [str(one) for one in sorted(versions, reverse=True)]


def plan_releases(request: BuildRequest, releases: Sequence[str], talk: Callable[[str], None] | None) -> list[_Build]:
    """The plan for each release, whose result goes into a folder below the project's build/.

    The errors are those of plan_anywhere.
    """
    builds = []
    staging = request.project.absolute() / "build" / "releases"
    for release in releases:
        one = replace(request, openvino=release, output_root=staging / release)
        builds.append(_Build(release, one, plan_anywhere(one, talk)))
    return builds


def run_releases(request: BuildRequest, builds: Sequence[_Build], reporter: Reporter) -> BuildResult:
    """Build for each release, and put the results into one library, which must load in each of them.

    Raises:
        OvextError: the errors of run_anywhere; nothing is published.
    """
    started = time.monotonic()
    project = load_project(request.project)
    base_os = request.base_os or DEFAULT_BASE_OS
    output_dir = request.output_root / base_os
    releases_dir = project.root / "build" / "releases"
    folder = releases_dir / f"{find_base_os(base_os).id}-{'-'.join(build.release for build in builds)}"
    files: dict[Path, LibraryRecord] = {}
    layers: dict[str, str] = {}
    with locked_build_tree(releases_dir, reporter):
        results = []
        for build in builds:
            reporter.talk(f"For OpenVINO {build.release}:")
            results.append(run_anywhere(build.plan, build.request, reporter))
        for record in results[0].libraries:
            each = [_of_file(result, record.file) for result in results]
            file, releases = _composed(project, folder / record.file, each, reporter)
            made = {"size": file.stat().st_size, "sha256": sha256_of(file), "releases": releases}
            files[file] = record.model_copy(update=made)
            for layer in record.layers:
                layers |= {name: read_regular(results[0].output_dir / name).decode() for name in layer.files}
        up_to_date = is_published(output_dir, list(files.values()))
        if not up_to_date:
            for file, record in files.items():
                files[file] = _checked(project, file, record, output_dir, reporter)
            publish(files, output_dir, reporter.talk, layers)
    return BuildResult(output_dir, tuple(files.values()), up_to_date, time.monotonic() - started)


def _of_file(result: BuildResult, name: str) -> tuple[Path, LibraryRecord]:
    return result.output_dir / name, next(one for one in result.libraries if one.file == name)


def _composed(
    project: Project, folder: Path, each: Sequence[tuple[Path, LibraryRecord]], reporter: Reporter
) -> tuple[Path, list[ReleaseRecord]]:
    """The library with these builds inside, and what it has."""
    reporter.talk(f"Putting {len(each)} builds into {folder.name}")
    source = folder / "source"
    with writing_to(folder):
        source.mkdir(parents=True, exist_ok=True)
        payloads: list[Payload] = []
        for number, (file, record) in enumerate(each):
            stripped = source / f"payload{number}.so"
            _run(["objcopy", "--strip-all", str(file), str(stripped)], folder)
            offset = -(-(payloads[-1].offset + payloads[-1].size) // 16) * 16 if payloads else 0
            openvino, size = record.openvino, stripped.stat().st_size
            variants = tuple(one.id for one in record.variants)
            payloads.append(
                Payload(
                    openvino.version, openvino.soname, openvino.cxx11_abi, offset, size, sha256_of(stripped), variants
                )
            )
        name = folder.name.removeprefix("lib").removesuffix(".so")
        replace_text(source / "table.json", table_text(payloads))
        replace_text(source / "table.cpp", _table(project, folder.name.removesuffix(".so"), source, payloads))
        names = " ".join(f'"${{CMAKE_CURRENT_SOURCE_DIR}}/payload{number}.so"' for number in range(len(payloads)))
        replace_text(source / "CMakeLists.txt", _PROJECT.format(name=name, payloads=names))
        _compile(source, folder)
    releases = [
        ReleaseRecord(version=one.release, soname=one.soname, cxx11_abi=one.cxx11_abi, size=one.size, sha256=one.sha256)
        for one in payloads
    ]
    return folder / folder.name, releases


def _table(project: Project, file: str, source: Path, payloads: Sequence[Payload]) -> str:
    contents, rows, symbols = [], [], []
    for number, one in enumerate(payloads):
        begin, end = f"ovext_payload{number}", f"ovext_payload{number}_end"
        labels = [f"    .global {symbol}\n    .hidden {symbol}" for symbol in (begin, end)]
        incbin = f'{begin}:\n    .incbin "{source / f"payload{number}.so"}"\n{end}:'
        contents.append("\n".join(["    .balign 16", *labels, incbin]))
        rows.append(f'    {{"{one.release}", "{one.soname}", {str(one.cxx11_abi).lower()}, {begin}, {end}}},')
        symbols += [f"{begin}[]", f"{end}[]"]
    return _TABLE.format(
        content=CONTENT,
        contents="\n".join(contents),
        table=TABLE,
        json=source / "table.json",
        symbols=", ".join(symbols),
        rows="\n".join(rows),
        count=len(payloads),
        library=f"{project.name} {project.version}",
        file=file,
    )


def _compile(source: Path, folder: Path) -> None:
    tools, compiler = find_build_tools(), find_compiler()
    settings = {
        "CMAKE_CXX_COMPILER": compiler.path,
        "CMAKE_MAKE_PROGRAM": tools.ninja,
        "CMAKE_BUILD_TYPE": "Release",
        "ovext_DIR": cmake_dir(),
    }
    defines = [f"-D{name}={value}" for name, value in settings.items()]
    _run([str(tools.cmake), "-S", str(source), "-B", str(folder), "-G", "Ninja", *defines], folder)
    _run([str(tools.ninja), "-C", str(folder)], folder)


def _run(command: Sequence[str], folder: Path) -> None:
    log = folder / "releases.log"
    finished = stream(list(command), lambda _: None, log=log)
    if not finished.ok:
        raise BuildError("The builds could not be put into one library.", output=finished.output, log=log)


def _checked(
    project: Project, file: Path, record: LibraryRecord, output_dir: Path, reporter: Reporter
) -> LibraryRecord:
    """The record of the library after inspection, and after each of its releases has loaded it."""
    from ovext.build.cmake_report import rejected_report  # noqa: PLC0415  a build with nothing to do needs none of it
    from ovext.build.gate import pass_inspection  # noqa: PLC0415
    from ovext.worker.check_loads import check_loads  # noqa: PLC0415

    bases = [find_base_os(str(record.base_os))]
    rejected = rejected_report(output_dir, record.file)
    reporter.talk(f"Checking {record.file}: inspection, then a load in each release")
    inspection = pass_inspection(file, bases, None, rejected, talk=reporter.talk, settings=project.settings)
    described = [op for op in project.ops if any(op.type == one.type for one in record.ops)]
    for release in record.releases:
        openvino = find_installed(OpenVINOVersion.parse(release.version)) or fetched_openvino(
            release.version, reporter.talk
        )
        check_loads(file, openvino, described)
    return record.model_copy(update={"inspection": inspection})
