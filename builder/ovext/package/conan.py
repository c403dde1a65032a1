"""The Conan package of a project as one archive, made by the user's own Conan in the user's own cache."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.errors import BuildError, ProjectError, ToolError
from ovext.files import replace_file, writing_to
from ovext.inner import expecting, take_back
from ovext.lock import folder_lock
from ovext.toolchain.process import run, stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovext.project import Project


@dataclass(frozen=True)
class ConanRequest:
    """A package as requested."""

    project: Project
    openvino: str  # a release, or several with commas between
    output: Path  # the folder for the archive
    remotes: tuple[str, ...] = ()  # the only ones that Conan asks; none: all that it knows


def create_conan_package(request: ConanRequest, talk: Callable[[str], None]) -> Path:
    """Run `conan create`, and save the package with its recipes into an archive for `conan cache restore`.

    Raises:
        ProjectError: the project has no conanfile.py.
        ToolError: Conan is missing, or cannot save the package.
        BuildError: `conan create` fails. Its messages are in a log beside the archive.
        OvextError: the error of the ovext that the recipe runs.
        FilesError: the folder cannot be written.
    """
    project, output = request.project, request.output
    if not (project.root / "conanfile.py").is_file():
        raise ProjectError("there is no conanfile.py", where=project.root, fix="docs/conan.md shows its five lines.")
    conan = find_conan()
    if conan is None:
        raise ToolError("conan was not found", fix="Install it, for instance with: pip install conan")
    _check_name(conan, project)
    with tempfile.TemporaryDirectory(prefix="ovext-conan-") as folder, writing_to(output):
        output.mkdir(parents=True, exist_ok=True)
        with folder_lock(_home(conan), "another Conan package", talk):  # Conan's cache is for one process at a time
            graph = _create(conan, request, Path(folder), talk)
            saved = _save(conan, _made(graph, project), Path(folder))
        archive = output / archive_name(project)
        replace_file(archive, lambda new: shutil.copyfile(saved, new))
    return archive


def find_conan() -> str | None:
    """The user's Conan: on PATH, or beside the Python that runs ovext."""
    return shutil.which("conan") or shutil.which("conan", path=Path(sys.executable).parent)


def _check_name(conan: str, project: Project) -> None:
    """Check that the recipe makes the package of this project."""
    asked = run([conan, "inspect", str(project.root), "--format", "json"])
    if not asked.ok:
        raise ToolError(f"conan inspect: {asked.complaint()}")
    told = json.loads(asked.output)
    if (told.get("name"), told.get("version")) != (_package_name(project), project.version):
        problem = (
            f"it makes {told.get('name')}/{told.get('version')}, and the project is {project.name} {project.version}"
        )
        raise ProjectError(problem, where=project.root / "conanfile.py", fix="Leave name and version to the recipe.")


def archive_name(project: Project) -> str:
    return f"{_package_name(project)}-{project.version}.tgz"


def _package_name(project: Project) -> str:
    return project.name.replace("-", "_").lower()  # as the recipe has it


def _home(conan: str) -> Path:
    found = run([conan, "config", "home"])
    if not found.ok:
        raise ToolError(f"conan does not tell its home: {found.complaint()}")
    home = Path(found.output.strip())
    with writing_to(home):
        home.mkdir(parents=True, exist_ok=True)
    return home


def _create(conan: str, request: ConanRequest, folder: Path, talk: Callable[[str], None]) -> Path:
    """Run `conan create`; returns the file with its graph."""
    graph, left = folder / "graph.json", folder / "error.json"
    log = request.output / f"{archive_name(request.project)}.log"
    asked = [part for remote in request.remotes for part in ("--remote", remote)]
    wanted = ["-o", f"&:openvino={request.openvino}", "--format", "json", "--out-file", str(graph)]
    command = [conan, "create", str(request.project.root), *wanted, *asked]
    finished = stream(command, talk, log=log, env=expecting(left))
    if finished.ok:
        log.unlink(missing_ok=True)
        return graph
    if error := take_back(left, log):
        raise error
    errors = [line.removeprefix("ERROR: ") for line in finished.output.splitlines() if line.startswith("ERROR: ")]
    told = errors[-1] if errors else f"ended with {finished.how_it_ended()}"
    raise BuildError(f"conan create: {told}", output=finished.output, log=log)


def _save(conan: str, packages: dict[str, Any], folder: Path) -> Path:
    listed, file = folder / "list.json", folder / "saved.tgz"
    listed.write_text(json.dumps({"Local Cache": packages}), encoding="utf-8")
    saved = run([conan, "cache", "save", "--list", str(listed), "--file", str(file)])
    if not saved.ok:
        raise ToolError(f"conan cache save: {saved.complaint()}")
    return file


def _made(graph: Path, project: Project) -> dict[str, Any]:
    """What goes into the archive, as a list of Conan's: the package that was made, and the recipe that it extends."""
    nodes = json.loads(graph.read_text(encoding="utf-8"))["graph"]["nodes"].values()
    made = next(node for node in nodes if node.get("name") == _package_name(project))
    packages: dict[str, Any] = {made["package_id"]: {"revisions": {made["prev"]: {}}}}
    saved: dict[str, Any] = {made["ref"].partition("#")[0]: {"revisions": {made["rrev"]: {"packages": packages}}}}
    for recipe in made.get("python_requires") or {}:
        reference, _, revision = recipe.partition("#")
        saved[reference] = {"revisions": {revision: {}}}
    return saved
