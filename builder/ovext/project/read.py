"""Read a project, and report every problem of its files at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from ovext.errors import ProjectError, nearest
from ovext.project.consistency import contradictions
from ovext.project.metadata import Metadata
from ovext.project.op import OpDescription
from ovext.project.settings import Settings
from ovext.toml import line_of, parse_toml, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ovext.targets.base_os import BaseOS

Location = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
_NOT_FOR_CMAKE = frozenset(';"\\$\n')


@dataclass(frozen=True)
class Project:
    """An extension project: a folder with pyproject.toml, CMakeLists.txt and ops/."""

    root: Path
    metadata: Metadata
    settings: Settings

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def version(self) -> str:
        return self.metadata.version

    @cached_property
    def ops(self) -> tuple[OpDescription, ...]:
        """The descriptions in ops/ of the project's own folder, read once.

        Raises:
            ProjectError: some are wrong; the error reports the problems of all of them.
        """
        ops, problems = [], []
        for file in sorted(self.root.glob("ops/*/op.toml")):
            try:
                ops.append(read_op(file.parent))
            except ProjectError as error:
                problems.append(str(error))
        if problems:
            raise ProjectError("\n".join(problems))
        return tuple(ops)

    def op_in(self, folder: Path) -> OpDescription:
        """The description in a folder, which may belong to a library in an inner folder of the project.

        Raises:
            ProjectError: there is none, or it is wrong.
        """
        return next((op for op in self.ops if op.folder == folder), None) or read_op(folder)


def read_op(folder: Path) -> OpDescription:
    """The description of the op in a folder such as ops/my_op.

    Raises:
        ProjectError: there is none, or it is wrong.
    """
    file = folder / "op.toml"
    if not file.is_file():
        raise ProjectError(f"the op '{folder.name}' has no description", where=file, fix="Write one.")
    text = read_text(file)
    op = described(parse_toml(text, file), lambda at: f"{file}:{line_of(text, at)}")
    return op.read_from(folder, text)


def described(data: Any, place: Callable[[Location], str]) -> OpDescription:
    """The description in `data`, which has the form of an op.toml.

    Args:
        data: the content of the file.
        place: returns, for the path of keys to a value, where the user wrote it.

    Raises:
        ProjectError: it is wrong; the error reports every problem with its place.
    """
    op = _checked(data, OpDescription, place)
    if problems := contradictions(op):
        told = [f"{place(at)}: {'.'.join(map(str, at))}: {problem}" for at, problem in problems]
        raise ProjectError("\n".join(sorted(told, key=_by_line)))
    return op


def _by_line(told: str) -> tuple[int, str]:
    line = re.match(r".*?:(\d+): ", told)
    return int(line[1]) if line else 0, told


def load_project(root: Path) -> Project:
    """The project in the folder `root`.

    Raises:
        ProjectError: it is not an extension project, or its pyproject.toml is wrong.
    """
    if not root.is_dir():
        raise ProjectError("there is no such folder", where=root, fix="Name the folder of an extension project.")
    root = root.resolve()
    if odd := sorted(set(str(root)) & _NOT_FOR_CMAKE):
        raise ProjectError(f"CMake cannot build in a folder with {' '.join(map(repr, odd))} in its path", where=root)
    pyproject = root / "pyproject.toml"
    for needed in (pyproject, root / "CMakeLists.txt"):
        if not needed.is_file():
            raise ProjectError(f"this folder is no extension project: {needed.name} is missing", where=root)
    text = read_text(pyproject)
    data = parse_toml(text, pyproject)
    settings = _model_in(data, text, pyproject, ("tool", "ovext"), Settings)
    table = data.get("project")
    name, version = (table.get("name"), table.get("version")) if isinstance(table, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(version, str):
        raise ProjectError("[project] must state name and version", where=pyproject)
    return Project(root, _model_in(data, text, pyproject, ("project",), Metadata), settings)


def base_oses_of(folder: Path) -> list[BaseOS]:
    """The rows of base OSes of the project in that folder; none if there is no project.

    Raises:
        ProjectError: its table [tool.ovext] is wrong.
    """
    pyproject = folder / "pyproject.toml"
    if not (pyproject.is_file() and (folder / "CMakeLists.txt").is_file()):
        return []
    tool = parse_toml(read_text(pyproject), pyproject).get("tool")
    table = tool.get("ovext") if isinstance(tool, dict) else None
    is_project = isinstance(table, dict) and "openvino" in table  # else it may have the table of a matrix
    return read_model(pyproject, ("tool", "ovext"), Settings).base_os if is_project else []


def read_model(path: Path, table: Sequence[str], model: type[Model]) -> Model:
    """The table at `table` of a TOML file as `model`.

    Raises:
        ProjectError: something is wrong; the error has one line for each problem, with the line of the file.
    """
    text = read_text(path)
    return _model_in(parse_toml(text, path), text, path, table, model)


def _model_in(data: Any, text: str, path: Path, table: Sequence[str], model: type[Model]) -> Model:
    for key in table:
        if not isinstance(data, dict) or key not in data:
            raise ProjectError(f"the table [{'.'.join(table)}] is missing", where=path)
        data = data[key]
    return _checked(data, model, lambda at: f"{path}:{line_of(text, [*table, *at])}")


def _checked(data: Any, model: type[Model], place: Callable[[Location], str]) -> Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = _told_once(error, data)
        told = [f"{place(at)}: {_describe(problem, at, model)}" for at, problem in problems.items()]
        raise ProjectError("\n".join(told)) from None


def _told_once(error: ValidationError, data: Any) -> dict[Location, Any]:
    """The problems by their place in the data.

    If a value may have several types, pydantic reports what is wrong for each of them, at places that continue with
    the name of the type. Of these the first is kept, or the one that is deepest in the data.
    """
    problems: dict[Location, Any] = {}
    for problem in error.errors(include_url=False):
        problems.setdefault(_in_data(problem, data), problem)
    return {at: one for at, one in problems.items() if not any(other[: len(at)] == at != other for other in problems)}


def _in_data(problem: Any, data: Any) -> Location:
    if problem["type"] in {"missing", "extra_forbidden"}:
        return tuple(problem["loc"])
    parts: list[str | int] = []
    for part in problem["loc"]:
        is_there = part in data if isinstance(data, dict) else isinstance(data, list) and part in range(len(data))
        if is_there:
            data = data[part]
            parts.append(part)
    return tuple(parts)


def _describe(problem: Any, location: Location, model: type[BaseModel]) -> str:
    key = str(location[-1]) if location else ""
    if problem["type"] == "extra_forbidden":
        known = _keys_at(model, location[:-1])
        return f"unknown key '{key}'{nearest(key, known)}; allowed: {', '.join(known)}"
    if problem["type"] == "missing":
        return f"the key '{key}' is missing"
    dotted = ".".join(map(str, location))
    if problem["type"] == "literal_error":
        words = re.findall(r"'([^']*)'", problem["ctx"]["expected"])
        given = problem["input"]
        return f"{dotted}: {given!r} is not allowed{nearest(str(given), words)}; allowed: {', '.join(words)}"
    return f"{dotted}: {problem['msg'].removeprefix('Value error, ')}"


def _keys_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """The keys that the model allows at a place, following lists of tables."""
    for part in location:
        if field := next((one for name, one in model.model_fields.items() if part in {name, one.alias}), None):
            annotation = field.annotation
            inner = getattr(annotation, "__args__", (annotation,))[0]
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                model = inner
    return sorted(field.alias or name for name, field in model.model_fields.items())
