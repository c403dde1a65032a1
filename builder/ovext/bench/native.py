"""The C++ baselines of a benchmark, as a library of OpenVINO's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovext.errors import BuildError
from ovext.files import writing_to
from ovext.toolchain.cmake import find_build_tools
from ovext.toolchain.process import stream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ovext.project import Project
    from ovext.toolchain.compiler import Compiler
    from ovext.toolchain.openvino import OpenVINO

_LISTS = """\
cmake_minimum_required(VERSION 3.26)
project(baselines LANGUAGES CXX)
find_package(OpenVINO REQUIRED COMPONENTS Runtime Threading)
add_library(baselines MODULE "{source}")
target_compile_features(baselines PRIVATE cxx_std_17)
target_link_libraries(baselines PRIVATE openvino::runtime openvino::threading)
"""


def compiled_baselines(
    project: Project, source: Path, flags: Sequence[str], openvino: OpenVINO, compiler: Compiler
) -> Path:
    """Compile a file with baselines into a library, with only these flags.

    Raises:
        BuildError: it does not compile.
        FilesError: the project's build folder cannot be written.
    """
    tools = find_build_tools()
    folder = project.root / "build" / f"bench-{source.stem}-openvino{openvino.version}-{compiler.id}{compiler.version}"
    log = folder / "bench.log"
    with writing_to(folder):
        (folder / "source").mkdir(parents=True, exist_ok=True)
        (folder / "source" / "CMakeLists.txt").write_text(_LISTS.format(source=source), encoding="utf-8")
        defines = [f"-DCMAKE_CXX_COMPILER={compiler.path}", f"-DCMAKE_MAKE_PROGRAM={tools.ninja}"]
        defines += [f"-DOpenVINO_DIR={openvino.cmake_dir}", f"-DCMAKE_CXX_FLAGS={' '.join(flags)}"]
        configure = ["-S", str(folder / "source"), "-B", str(folder), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=", *defines]
        for arguments in (configure, ["--build", str(folder)]):
            finished = stream([str(tools.cmake), *arguments], lambda _: None, log=log)
            if not finished.ok:
                raise BuildError("The baselines of the benchmark did not compile.", output=finished.output, log=log)
    return folder / "libbaselines.so"
