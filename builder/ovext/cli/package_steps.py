"""`ovext package-step`: for CMake while it builds a wheel, Conan's recipe of a package, the matrix. Not for users."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

commands = typer.Typer(help="What cmake/wheel.cmake, conanfile.py and the matrix ask for.")


@commands.command()
def configure(project: Path) -> None:
    """Print as JSON what CMake must know about the project and the OpenVINO to build against."""
    from ovext.cli.text import to_json
    from ovext.package.contents import installed_openvino
    from ovext.project import load_project

    settings, openvino = load_project(project).settings, installed_openvino(project)
    answers = {"isa": ";".join(settings.isa), "fp_contract": settings.fp_contract, "openvino_dir": openvino.cmake_dir}
    typer.echo(to_json(answers))


@commands.command()
def describe(
    folder: Path,
    metadata: Annotated[Path, typer.Option()],
    project: Annotated[Path, typer.Option()],
    url: Annotated[str, typer.Option()],
) -> None:
    """Write what a package says of the libraries in a folder of `ovext build`; `url` is the package's."""
    from packageurl import PackageURL

    from ovext.cli.text import talk
    from ovext.package.contents import describe_package
    from ovext.project import load_project

    describe_package(folder, metadata, load_project(project), PackageURL.from_string(url), talk)


@commands.command()
def conan(
    project: Path,
    openvino: Annotated[str, typer.Option()],
    output: Annotated[Path, typer.Option()],
    remote: Annotated[list[str] | None, typer.Option()] = None,
) -> None:
    """Make the project's Conan package, and save it as an archive: a cell of the matrix."""
    from ovext.cli.text import talk
    from ovext.package.conan import ConanRequest, create_conan_package
    from ovext.project import load_project

    request = ConanRequest(load_project(project), openvino, output, tuple(remote or ()))
    typer.echo(create_conan_package(request, talk))


@commands.command()
def fill(
    build_dir: Path,
    library: Annotated[str, typer.Option()],
    into: Annotated[Path, typer.Option()],
    metadata: Annotated[Path, typer.Option()],
    project: Annotated[Path, typer.Option()],
    engine: Annotated[str, typer.Option()],
    url: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Check the installed library and put its layers, manifest and bill of materials beside it."""
    from packageurl import PackageURL

    from ovext.cli.text import talk
    from ovext.package.contents import Package, fill_package

    package = Package(
        project,
        build_dir,
        library,
        folder=into,
        metadata=metadata,
        engine=engine,
        url=PackageURL.from_string(url) if url else None,
    )
    fill_package(package, talk)
