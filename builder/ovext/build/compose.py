"""Putting builds for several releases of OpenVINO into one library, with a small part that chooses."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ovext.build.manifest import ReleaseRecord
from ovext.errors import BuildError
from ovext.files import replace_text, sha256_of, writing_to
from ovext.inspect.payloads import CONTENT, TABLE, Payload, table_text
from ovext.resources import cmake_dir
from ovext.toolchain.cmake import find_build_tools
from ovext.toolchain.compiler import find_compiler
from ovext.toolchain.patchelf import find_patchelf
from ovext.toolchain.process import stream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ovext.build.manifest import BundledRecord, LibraryRecord
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
{contents}
    .section {table}, "a", @progbits
    .incbin "source/table.json"
    .text
)");

{symbols}
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
class OneBuild:
    """A library that is built for one release."""

    file: Path
    record: LibraryRecord


def compose(
    project: Project, folder: Path, builds: Sequence[OneBuild], lock: int, *, beside: bool = False
) -> tuple[Path, LibraryRecord]:
    """One library with these builds of it inside, the newest release's first, in the folder; and its record.

    With `beside`, the builds are files beside the library, as they are; inside, they are stripped.

    The caller holds the lock of the folder and passes its descriptor.

    Raises:
        BuildError, FilesError: it could not be made.
    """
    source = folder / "source"
    name = builds[0].record.file
    with writing_to(folder):
        source.mkdir(parents=True, exist_ok=True)
        payloads: list[Payload] = []
        for number, build in enumerate(builds):
            stripped = source / f"payload{number}.so"
            if beside:
                file = folder / f"{name.removesuffix('.so')}-openvino-{build.record.openvino.version}.so"
                shutil.copy(build.file, file)
                payloads.append(replace(_payload(build.record, file, []), file=file.name))
                continue
            _run(["objcopy", "--strip-all", str(build.file), str(stripped)], folder, lock)
            payloads.append(_payload(build.record, stripped, payloads))
        replace_text(source / "table.json", table_text(payloads))
        replace_text(source / "table.cpp", _table(project, name.removesuffix(".so"), payloads))
        inside = [number for number, one in enumerate(payloads) if not one.file]
        names = " ".join(f'"${{CMAKE_CURRENT_SOURCE_DIR}}/payload{number}.so"' for number in inside)
        replace_text(source / "CMakeLists.txt", _PROJECT.format(name=name.removesuffix(".so"), payloads=names))
        _compile(source, folder, lock)
        bundled = _bundle(folder / name, builds, lock, beside=beside)
    releases = [
        ReleaseRecord(
            version=one.release,
            soname=one.soname,
            cxx11_abi=one.cxx11_abi,
            size=one.size,
            sha256=one.sha256,
            file=one.file or None,
        )
        for one in payloads
    ]
    file = folder / name
    newest = builds[0].record
    inspections = [build.record.inspection for build in builds if build.record.inspection]
    needs = {name: bringer for one in inspections for name, bringer in one.needs.items()}
    inspection = newest.inspection and newest.inspection.model_copy(update={"needs": needs})
    made = {"size": file.stat().st_size, "sha256": sha256_of(file), "releases": releases, "bundled": bundled}
    return file, newest.model_copy(update={**made, "inspection": inspection})


def _bundle(file: Path, builds: Sequence[OneBuild], lock: int, *, beside: bool) -> list[BundledRecord]:
    """Put the copies that the builds need beside the library. It loads them, so that builds inside it find them."""
    bundled = {one.file: one for build in builds for one in build.record.bundled}
    for build in builds:
        for one in build.record.bundled:
            shutil.copy(build.file.with_name(one.file), file.with_name(one.file))
    if bundled and not beside:
        needed = [part for name in bundled for part in ("--add-needed", name)]
        _run([str(find_patchelf()), *needed, "--set-rpath", "$ORIGIN", str(file)], file.parent, lock)
    return list(bundled.values())


def _payload(record: LibraryRecord, file: Path, before: Sequence[Payload]) -> Payload:
    end = before[-1].offset + before[-1].size if before else 0
    openvino = record.openvino
    return Payload(
        release=openvino.version,
        soname=openvino.soname,
        cxx11_abi=openvino.cxx11_abi,
        offset=-(-end // 16) * 16,
        size=file.stat().st_size,
        sha256=sha256_of(file),
        variants=tuple(one.id for one in record.variants),
    )


def _table(project: Project, file: str, payloads: Sequence[Payload]) -> str:
    contents, rows, symbols = [], [], []
    for number, one in enumerate(payloads):
        start = f'"{one.release}", "{one.soname}", {str(one.cxx11_abi).lower()}'
        if one.file:
            rows.append(f"    {{{start}, nullptr, nullptr, {json.dumps(one.file)}}},")
            continue
        begin, end = f"ovext_payload{number}", f"ovext_payload{number}_end"
        labels = [f"    .global {symbol}\n    .hidden {symbol}" for symbol in (begin, end)]
        incbin = f'{begin}:\n    .incbin "source/payload{number}.so"\n{end}:'
        contents.append("\n".join([f'    .section {CONTENT}, "a", @progbits', "    .balign 16", *labels, incbin]))
        rows.append(f"    {{{start}, {begin}, {end}, nullptr}},")
        symbols += [f'extern "C" const unsigned char {symbol}[];' for symbol in (begin, end)]
    return _TABLE.format(
        contents="\n".join(contents),
        table=TABLE,
        symbols="\n".join(symbols),
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
        "CMAKE_BUILD_TYPE": "MinSizeRel",
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
