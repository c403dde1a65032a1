"""Looking at this machine for a build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovext.build.plan import Machine
from ovext.targets.openvino import DEFAULT_RELEASE
from ovext.toolchain.cmake import find_build_tools
from ovext.toolchain.compiler import check_binutils, find_compiler
from ovext.toolchain.fetch import cached_cmake_dir
from ovext.toolchain.openvino import choose_openvino, read_openvino
from ovext.toolchain.process import cpu_count

if TYPE_CHECKING:
    from ovext.project import Project


def look_at_machine(project: Project | None, openvino: str | None) -> Machine:
    """Compiler, tools and the OpenVINO to use; nothing is fetched.

    Raises:
        ToolError, OpenVINOError, UsageError: something is missing or does not exist.
    """
    default = project.settings.default_openvino if project else DEFAULT_RELEASE
    compiler, tools = find_compiler(), find_build_tools()
    check_binutils(compiler)
    choice = choose_openvino(openvino, default)
    if choice.cmake_dir is not None:
        cmake_dir, version = choice.cmake_dir, str(read_openvino(choice.cmake_dir).version)
    else:
        version = choice.version or default
        cmake_dir = cached_cmake_dir(version)
    return Machine(
        compiler=compiler,
        tools=tools,
        cpus=cpu_count(),
        openvino_version=version,
        openvino_cmake_dir=cmake_dir,
        openvino_reason=choice.reason,
        openvino_is_installed=cmake_dir.is_dir(),
    )
