"""The cells of a matrix: each base OS with each OpenVINO, project and build type."""

from __future__ import annotations

import fnmatch
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, ConfigDict, Field

from ovext.build.plan import BUILD_TYPES
from ovext.errors import ProjectError, UnknownNameError, UsageError
from ovext.project import load_project
from ovext.project.fields import Strict
from ovext.project.read import read_model
from ovext.targets.base_os import base_oses, names_of_base_oses
from ovext.targets.openvino_version import OpenVINOVersion
from ovext.toml import parse_toml, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ovext.project import Project

_TABLE = ("tool", "ovext", "matrix")
LIBRARY, WHEEL, CONAN = PRODUCTS = ("library", "wheel", "conan")
ANY = "any"  # the base OS of a package, which tells itself where it loads
_FOLDERS = {WHEEL: "wheels", CONAN: "conan"}


def _check(kind: str, name: str, known: Sequence[str]) -> str:
    if name not in known:
        raise UnknownNameError(kind, name, known)
    return name


def _build_type(name: str) -> str:
    return _check("build type", name, BUILD_TYPES)


def _product(name: str) -> str:
    return _check("product", name, PRODUCTS)


def _in_table(check: Callable[[str], str]) -> AfterValidator:
    """The check for a value in the table, whose place pydantic tells."""

    def validate(name: str) -> str:
        try:
            return check(name)
        except UnknownNameError as error:
            raise ValueError(str(error)) from None

    return AfterValidator(validate)


def _releases(text: str) -> str:
    """One release, or several with commas between for one library."""
    try:
        return ",".join(str(OpenVINOVersion.parse(one)) for one in text.split(","))
    except UsageError as error:
        raise ValueError(error.what) from None


def _every_base_os() -> list[str]:
    return [base.id for base in base_oses() if base.image]


class MatrixSettings(Strict):
    """The table [tool.ovext.matrix]."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    projects: list[str] = Field(default=["."], min_length=1)
    base_os: list[str] = Field(alias="base-os", default_factory=_every_base_os)
    openvino: list[Annotated[str, AfterValidator(_releases)]] | None = None  # None: those that each project lists
    build_type: list[Annotated[str, _in_table(_build_type)]] = Field(alias="build-type", default=[BUILD_TYPES[0]])
    product: list[Annotated[str, _in_table(_product)]] = Field(default=[LIBRARY], min_length=1)
    base_image: dict[str, Annotated[str, Field(min_length=1)]] = Field(alias="base-image", default={})
    conan_remote: list[str] = Field(alias="conan-remote", default=[])  # the only ones that Conan asks; none: all


@dataclass(frozen=True)
class Cell:
    """One build."""

    project: Path
    base_os: str
    openvino: str  # a release, or several with commas between
    build_type: str
    product: str = LIBRARY
    name: str = ""  # of the project
    image: str = ""  # that containers of the base OS are made from

    @property
    def id(self) -> str:
        what = self.base_os if self.product == LIBRARY else self.product
        return f"{self.project.name}-{what}-openvino{self.openvino}-{self.build_type.lower()}"

    def output(self, root: Path) -> Path:
        """The folder for packages, or in which `ovext build` makes one for the base OS; projects share it."""
        return root / f"openvino{self.openvino}-{self.build_type.lower()}" / _FOLDERS.get(self.product, "")


@dataclass(frozen=True)
class MatrixRequest:
    """The options that override the table; None for an option that was not given."""

    projects: Sequence[str] | None = None
    base_os: Sequence[str] | None = None
    openvino: Sequence[str] | None = None
    build_type: Sequence[str] | None = None
    product: Sequence[str] | None = None
    base_image: Sequence[str] | None = None  # each as BASE_OS=IMAGE

    def applied(self, settings: MatrixSettings) -> MatrixSettings:
        """The settings, overridden by the request.

        Raises:
            UsageError: something requested does not exist.
        """
        for name in self.build_type or ():
            _build_type(name)
        for name in self.product or ():
            _product(name)
        if (self.base_os or self.build_type) and LIBRARY not in (self.product or settings.product):
            raise UsageError(
                "--base-os and --build-type are for libraries, and the matrix has none",
                fix=f"Leave them out, or add --product {LIBRARY}.",
            )
        asked = {
            "projects": self.projects,
            "base_os": self.base_os,
            "openvino": self.openvino,
            "build_type": self.build_type,
            "product": self.product,
        }
        update = {name: list(value) for name, value in asked.items() if value}
        return settings.model_copy(update={**update, "base_image": {**settings.base_image, **self._base_images()}})

    def _base_images(self) -> dict[str, str]:
        images = {}
        for text in self.base_image or ():
            name, _, image = text.partition("=")
            if not image:
                raise UsageError(f"'{text}' names no image", fix="Give it as BASE_OS=IMAGE.")
            images[name] = image
        return images


def read_settings(root: Path, request: MatrixRequest) -> MatrixSettings:
    """The folder's table, overridden by the request. Without a table, the defaults for a project alone.

    Raises:
        ProjectError: the table is wrong, or the folder neither has one nor is a project.
        UsageError: something requested does not exist.
    """
    pyproject = root / "pyproject.toml"
    tool = parse_toml(read_text(pyproject), pyproject).get("tool", {}).get("ovext", {}) if pyproject.is_file() else {}
    if _TABLE[-1] in tool:
        return request.applied(read_model(pyproject, _TABLE, MatrixSettings))
    if tool or request.projects:
        return request.applied(MatrixSettings())
    raise ProjectError(
        f"there is no table [{'.'.join(_TABLE)}] in a pyproject.toml here, and this is no project",
        where=root,
        fix="Add the table, or name a folder that has it; docs/matrix.md shows one.",
    )


def cells_of(root: Path, settings: MatrixSettings) -> list[Cell]:
    """The cross product, project by project. Packages have no base OS and no build type of their own.

    Raises:
        ProjectError: a project cannot be read.
        UsageError: two projects have folders of the same name, or a project has no such base OS.
    """
    projects = [load_project(root / name) for name in settings.projects]
    names = [project.root.name for project in projects]
    if twice := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"two projects of the matrix are called {', '.join(sorted(twice))}", fix="Rename a folder.")
    cells = [
        cell
        for project in projects
        for version in settings.openvino or [",".join(project.settings.openvino)]
        for product in settings.product
        for cell in (
            _libraries(project, version, settings)
            if product == LIBRARY
            else [Cell(project.root, ANY, version, BUILD_TYPES[0], product, project.name)]
        )
    ]
    cells = list(dict.fromkeys(cells))  # a base OS has several names
    ids = [cell.id for cell in cells]
    if double := next((one for one in ids if ids.count(one) > 1), None):
        raise UsageError(f"two cells would be called {double}", fix="Rename a project's folder or a base OS.")
    return cells


def _libraries(project: Project, version: str, settings: MatrixSettings) -> Iterator[Cell]:
    """The cells of a project's libraries for one release or set of releases."""
    known = project.settings
    for name in (*settings.base_os, *settings.base_image):
        _check(f"base OS of {project.root.name}", name, names_of_base_oses(known.base_os))
    images = {known.find_base_os(name).id: image for name, image in settings.base_image.items()}
    for name, build_type in itertools.product(settings.base_os, settings.build_type):
        base = known.find_base_os(name)
        image = images.get(base.id, base.image)
        yield Cell(project.root, base.id, version, build_type, name=project.name, image=image)


def only(cells: Sequence[Cell], patterns: Sequence[str]) -> list[Cell]:
    """The cells that a pattern fits as a name, else as a glob, else as a part of the name; all without patterns.

    Raises:
        UsageError: a pattern fits no cell.
    """
    chosen: set[Cell] = set() if patterns else set(cells)
    for pattern in patterns:
        ways = (str.__eq__, fnmatch.fnmatch, str.__contains__)
        fitting = next(filter(None, ({cell for cell in cells if way(cell.id, pattern)} for way in ways)), None)
        if fitting is None:
            listed = "".join(f"\n  {cell.id}" for cell in cells)
            raise UsageError(f"no cell of the matrix fits '{pattern}'", fix=f"There are:{listed}")
        chosen |= fitting
    return [cell for cell in cells if cell in chosen]
