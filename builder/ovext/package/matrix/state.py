"""The finished cells of a matrix, kept in a file, so that a killed run can continue where it was."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

import ovext
from ovext.build.manifest import read_manifest
from ovext.errors import FilesError
from ovext.files import replace_text, sha256_of, writing_to
from ovext.package.conan import archive_name
from ovext.package.matrix.cells import CONAN, LIBRARY
from ovext.project import load_project
from ovext.project.sources import files_below, source_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.package.matrix.cells import Cell

_FILE = "matrix-state.json"


class Done(BaseModel):
    """A finished cell: its inputs, and its libraries or its package."""

    inputs: str
    seconds: float
    libraries: dict[str, str]  # sha256 by the path in the output folder


class State:
    """The finished cells of an output folder. One process at a time may use it."""

    def __init__(self, output: Path) -> None:
        """Read the state file, if it exists.

        Raises:
            FilesError: it cannot be read.
        """
        self._output = output
        self._file = output / _FILE
        try:
            known = json.loads(self._file.read_text(encoding="utf-8")) if self._file.is_file() else {}
            self._done = {name: Done.model_validate(entry) for name, entry in known.items()}
        except (OSError, ValueError, AttributeError, ValidationError) as error:
            problem = str(error).partition("\n")[0]
            raise FilesError(f"this state cannot be read: {problem}", where=self._file, fix="Delete it.") from None

    def finished(self, cell: Cell, inputs: str) -> Done | None:
        """The finished cell, if it was built from the same inputs and its libraries are unchanged."""
        done = self._done.get(cell.id)
        if done is None or done.inputs != inputs:
            return None
        files = {self._output / name: sha256 for name, sha256 in done.libraries.items()}
        return done if all(file.is_file() and sha256_of(file) == sha256 for file, sha256 in files.items()) else None

    def add(self, cell: Cell, inputs: str, seconds: float) -> Done:
        """Record that the cell is finished. Raises FilesError if the state cannot be written."""
        made = _libraries(cell, self._output) if cell.product == LIBRARY else _packages(cell, self._output)
        libraries = {str(file.relative_to(self._output)): sha256 for file, sha256 in made.items()}
        self._done[cell.id] = Done(inputs=inputs, seconds=seconds, libraries=libraries)
        with writing_to(self._output):
            text = json.dumps({name: done.model_dump() for name, done in self._done.items()}, indent=2)
            replace_text(self._file, text + "\n")
        return self._done[cell.id]


def _libraries(cell: Cell, output: Path) -> dict[Path, str]:
    """The libraries of the cell's project in its folder, and the sha256 of each."""
    folder = cell.output(output) / cell.base_os
    manifest = read_manifest(folder)
    name = load_project(cell.project).name
    found = [record for record in (manifest.libraries if manifest else []) if record.project.name == name]
    return {folder / record.file: record.sha256 for record in found}


def _packages(cell: Cell, output: Path) -> dict[Path, str]:
    project = load_project(cell.project)
    name = re.sub(r"[-_.]+", "_", project.name).lower()
    pattern = archive_name(project) if cell.product == CONAN else f"{name}-{project.version}-*.whl"
    files = cell.output(output).glob(pattern)
    return {file: sha256_of(file) for file in files}


def inputs_of(cell: Cell, settings: dict[str, str | None], output: Path) -> str:
    """A hash of everything that a cell is built from.

    Args:
        cell: the cell.
        settings: the inputs other than sources: the compiler, the engine.
        output: where the results go; it is no source even if it is in the project.
    """
    described = [cell.id, cell.base_os, cell.product, settings, _project_hash(cell.project, output), _ovext_hash()]
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


@cache  # for the many cells of a project
def _project_hash(project: Path, output: Path) -> str:
    return _hash_of(project, source_files(project, output))


@cache
def _ovext_hash() -> str:
    package = Path(ovext.__file__).resolve().parent
    return _hash_of(package, files_below(package))


def _hash_of(root: Path, files: Iterator[Path]) -> str:
    state = hashlib.sha256()
    for file in files:
        state.update(f"{file.relative_to(root)}\0{sha256_of(file)}\0".encode())
    return state.hexdigest()
