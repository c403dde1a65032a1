"""`ovext env`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ovext.cli.options import JsonOption, OpenVINOOption, ProjectArgument

if TYPE_CHECKING:
    from collections.abc import Callable


def env(
    project: ProjectArgument = Path(),
    openvino: OpenVINOOption = None,
    cmake_dir: Annotated[
        bool, typer.Option("--cmake-dir", help="Print only the folder to use as ovext_DIR with plain CMake.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show what a build here would use: compiler, CMake, Ninja, OpenVINO. Exits with 3, 4 or 5 when one is missing."""
    from ovext.cli.text import to_json
    from ovext.errors import OvextError
    from ovext.resources import cmake_dir as package_dir

    if cmake_dir:
        typer.echo(package_dir())
        return
    found: dict[str, Any] = {}
    problems: list[OvextError] = []
    look_ups: tuple[Callable[[], dict[str, Any]], ...] = (_compiler, _tools, lambda: _openvino(project, openvino))
    for look_up in look_ups:
        try:
            found |= look_up()
        except OvextError as error:
            problems.append(error)
    found["ovext cmake package"] = package_dir()
    if json:
        typer.echo(to_json({"schema": 1, "found": found, "problems": [str(problem) for problem in problems]}))
    else:
        width = max(map(len, found))
        for name, value in found.items():
            typer.echo(f"{name:{width}}  {value}")
    for problem in problems:
        typer.secho(f"missing: {problem}", fg="red", err=True)
    if problems:
        raise typer.Exit(problems[0].exit_code)


def _compiler() -> dict[str, Any]:
    from ovext.toolchain.compiler import find_compiler

    compiler = find_compiler()
    return {"compiler": f"{compiler.id} {compiler.version}, {compiler.path}"}


def _tools() -> dict[str, Any]:
    from ovext.toolchain.cmake import find_build_tools

    tools = find_build_tools()
    return {"cmake": tools.cmake, "ninja": tools.ninja}


def _openvino(project: Path, asked: str | None) -> dict[str, Any]:
    from ovext.project import load_project
    from ovext.targets.openvino_version import DEFAULT_RELEASE
    from ovext.toolchain.fetch import cached_cmake_dir
    from ovext.toolchain.openvino import choose_openvino, read_openvino

    here_is_none = project == Path() and not Path("pyproject.toml").is_file()
    default = DEFAULT_RELEASE if here_is_none else load_project(project).settings.default_openvino
    reason = "the default of ovext" if here_is_none else "the project's default"
    choice = choose_openvino(asked, default, reason)
    cmake_dir = choice.cmake_dir or cached_cmake_dir(str(choice.version))
    if not cmake_dir.is_dir():
        return {"openvino": f"{choice.version} (not fetched yet)", "chosen by": choice.reason}
    openvino = read_openvino(cmake_dir)
    return {
        "openvino": openvino.version,
        "chosen by": choice.reason,
        "openvino library": openvino.library,
        "C++ ABI": f"_GLIBCXX_USE_CXX11_ABI={int(openvino.cxx11_abi)}",
        "openvino cmake": openvino.cmake_dir,
    }
