"""One library for several releases of OpenVINO: a build for each inside, and a small part that chooses."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ovext.build.cmake_report import rejected_report
from ovext.build.execute import BuildResult, locked_build_tree
from ovext.build.manifest import ReleaseRecord, project_record
from ovext.build.plan import HOST
from ovext.build.publish import is_published, publish
from ovext.build.resolve import plan_anywhere, run_anywhere
from ovext.errors import BuildError, EngineError, ProjectError, UsageError
from ovext.files import read_regular, replace_text, sha256_of, writing_to
from ovext.inspect.payloads import CONTENT, TABLE, Payload, table_text
from ovext.project import load_project
from ovext.resources import cmake_dir
from ovext.targets.base_os import DEFAULT_BASE_OS, find_base_os
from ovext.targets.openvino_version import OpenVINOVersion
from ovext.toolchain.cmake import find_build_tools
from ovext.toolchain.compiler import check_binutils, find_compiler
from ovext.toolchain.fetch import fetched_openvino
from ovext.toolchain.git import revision_of
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
    .section {table}, "a", @progbits
    .incbin "source/table.json"
    .text
)");

extern "C" const unsigned char {symbols};

namespace ovext {{
const Payload payloads[] = {{
{rows}
}};
const std::size_t payload_count = {count};
const char* const library_name = {library};
const char* const file_name = {file};
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
    check_binutils(find_compiler())  # the builds may be made in containers, but are put together here
    builds = []
    staging = request.project.absolute() / "build" / "releases"
    for release in releases:
        one = replace(request, openvino=release, output_root=staging / release)
        try:
            builds.append(_Build(release, one, plan_anywhere(one, talk)))
        except EngineError as error:
            raise EngineError(error.what, where=error.where, fix=f"Without a container: {request.on_host()}") from None
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
    with writing_to(output_dir):
        output_dir.mkdir(parents=True, exist_ok=True)  # fail now rather than after the compiler has run
    files: dict[Path, LibraryRecord] = {}
    layers: dict[str, str] = {}
    with locked_build_tree(releases_dir, reporter) as lock:
        results = []
        for build in builds:
            reporter.talk(f"For OpenVINO {build.release}:")
            results.append(run_anywhere(build.plan, build.request, reporter))
        about = project_record(project, revision_of(project.root, [project.root / "build", request.output_root]))
        for record in _libraries(project, results):
            each = [_of_file(result, record.file) for result in results]
            file, releases = _composed(project, folder / record.file, each, lock, reporter)
            made = {"size": file.stat().st_size, "sha256": sha256_of(file), "releases": releases, "project": about}
            files[file] = record.model_copy(update=made)
            for layer in record.layers:
                layers |= {name: read_regular(results[0].output_dir / name).decode() for name in layer.files}
        up_to_date = is_published(output_dir, list(files.values()))
        if not up_to_date:
            for file, record in files.items():
                files[file] = _checked(project, file, record, output_dir, reporter)
            publish(files, output_dir, reporter.talk, layers)
        for record in files.values():
            rejected_report(output_dir, record.file).unlink(missing_ok=True)  # of an earlier build
    return BuildResult(output_dir, tuple(files.values()), up_to_date, time.monotonic() - started)


def _libraries(project: Project, results: Sequence[BuildResult]) -> tuple[LibraryRecord, ...]:
    """The libraries of the newest release, which are those of each.

    Raises:
        ProjectError: a release has others, or a library brings no OpenVINO of its own.
    """
    for result in results:
        names = [{one.file for one in each.libraries} for each in (results[0], result)]
        if other := sorted(names[0] ^ names[1]):
            problem = f"{', '.join(other)} is not built for each of the releases"
            raise ProjectError(problem, where=project.root, fix="Build for the releases that have it.")
    for one in results[0].libraries:
        if one.link == "host":
            problem = f"{one.file} is linked to no OpenVINO (LINK host), so it needs no build for each release"
            raise ProjectError(problem, where=project.root, fix="Give one --openvino.")
    return results[0].libraries


def _of_file(result: BuildResult, name: str) -> tuple[Path, LibraryRecord]:
    return result.output_dir / name, next(one for one in result.libraries if one.file == name)


def _composed(
    project: Project, folder: Path, each: Sequence[tuple[Path, LibraryRecord]], lock: int, reporter: Reporter
) -> tuple[Path, list[ReleaseRecord]]:
    """The library with these builds inside, and what it has."""
    reporter.talk(f"Putting {len(each)} builds into {folder.name}")
    source = folder / "source"
    with writing_to(folder):
        source.mkdir(parents=True, exist_ok=True)
        payloads: list[Payload] = []
        for number, (file, record) in enumerate(each):
            stripped = source / f"payload{number}.so"
            _run(["objcopy", "--strip-all", str(file), str(stripped)], folder, lock)
            offset = -(-(payloads[-1].offset + payloads[-1].size) // 16) * 16 if payloads else 0
            openvino, size = record.openvino, stripped.stat().st_size
            variants = tuple(one.id for one in record.variants)
            payloads.append(
                Payload(
                    openvino.version, openvino.soname, openvino.cxx11_abi, offset, size, sha256_of(stripped), variants
                )
            )
        name = folder.name.removesuffix(".so")
        replace_text(source / "table.json", table_text(payloads))
        replace_text(source / "table.cpp", _table(project, folder.name.removesuffix(".so"), payloads))
        names = " ".join(f'"${{CMAKE_CURRENT_SOURCE_DIR}}/payload{number}.so"' for number in range(len(payloads)))
        replace_text(source / "CMakeLists.txt", _PROJECT.format(name=name, payloads=names))
        _compile(source, folder, lock)
    releases = [
        ReleaseRecord(version=one.release, soname=one.soname, cxx11_abi=one.cxx11_abi, size=one.size, sha256=one.sha256)
        for one in payloads
    ]
    return folder / folder.name, releases


def _table(project: Project, file: str, payloads: Sequence[Payload]) -> str:
    contents, rows, symbols = [], [], []
    for number, one in enumerate(payloads):
        begin, end = f"ovext_payload{number}", f"ovext_payload{number}_end"
        labels = [f"    .global {symbol}\n    .hidden {symbol}" for symbol in (begin, end)]
        incbin = f'{begin}:\n    .incbin "source/payload{number}.so"\n{end}:'
        contents.append("\n".join(["    .balign 16", *labels, incbin]))
        rows.append(f'    {{"{one.release}", "{one.soname}", {str(one.cxx11_abi).lower()}, {begin}, {end}}},')
        symbols += [f"{begin}[]", f"{end}[]"]
    return _TABLE.format(
        content=CONTENT,
        contents="\n".join(contents),
        table=TABLE,
        symbols=", ".join(symbols),
        rows="\n".join(rows),
        count=len(payloads),
        library=json.dumps(f"{project.name} {project.version}"),
        file=json.dumps(file),
    )


def _compile(source: Path, folder: Path, lock: int) -> None:
    tools, compiler = find_build_tools(), find_compiler()
    settings = {
        "CMAKE_CXX_COMPILER": compiler.path,
        "CMAKE_MAKE_PROGRAM": tools.ninja,
        "CMAKE_BUILD_TYPE": "Release",
        "ovext_DIR": cmake_dir(),
    }
    defines = [f"-D{name}={value}" for name, value in settings.items()]
    _run([str(tools.cmake), "-S", str(source), "-B", str(folder), "-G", "Ninja", "--fresh", *defines], folder, lock)
    _run([str(tools.ninja), "-C", str(folder)], folder, lock)


def _run(command: Sequence[str], folder: Path, lock: int) -> None:
    log = folder / "releases.log"
    log.unlink(missing_ok=True)
    finished = stream(list(command), lambda _: None, log=log, keep_open=[lock])
    if not finished.ok:
        raise BuildError("The builds could not be put into one library.", output=finished.output, log=log)


def _checked(
    project: Project, file: Path, record: LibraryRecord, output_dir: Path, reporter: Reporter
) -> LibraryRecord:
    """The record of the library after inspection, and after each of its releases has loaded it.

    The builds inside have passed the gate already, with their symbols.
    """
    from ovext.build.gate import (  # noqa: PLC0415  a build with nothing to do needs no disassembler
        load_here,
        pass_inspection,
    )

    bases = [find_base_os(str(record.base_os))]
    rejected = rejected_report(output_dir, record.file)
    reporter.talk(f"Checking {record.file}: inspection, then a load in each release")
    inspection = pass_inspection(
        file, bases, None, rejected, talk=reporter.talk, settings=project.settings, payloads_passed=True
    )
    provided = record.ops
    known = {(one.type, one.opset) for one in record.ops}
    described = [op for op in project.ops if (op.type, op.opset) in known]
    variants = [one.id for one in record.variants]
    for release in record.releases if record.engine == HOST else []:
        openvino = fetched_openvino(release.version, reporter.talk)
        provided = [*load_here(file, variants, openvino, described, reporter.talk)] or provided
    if record.engine != HOST:
        reporter.talk(f"{record.file} is not loaded here: its builds were, in their containers")
    return record.model_copy(update={"inspection": inspection, "ops": provided})
