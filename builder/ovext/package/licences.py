"""The licences in a package: those of the project, and that of the code by ovext and OpenVINO in its libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovext.errors import ProjectError
from ovext.files import writing_to
from ovext.resources import licence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ovext.project import Project

_NOTICE = """\
The libraries of this package contain the C++ runtime of ovext, an extension toolchain for OpenVINO, and code from
OpenVINO's headers. Both are under this licence:

"""


def check_licences(project: Project, talk: Callable[[str], None]) -> None:
    """Look for the licence files that the project names; `talk` receives what a package of it will lack.

    Raises:
        ProjectError: there is no such file.
    """
    metadata, pyproject = project.metadata, project.root / "pyproject.toml"
    found = metadata.licence_files(project.root)
    missing = [pattern for pattern, files in found.items() if not files] if metadata.license_files else []
    if missing:
        listed = ", ".join(missing)
        raise ProjectError(
            f"license-files names {listed}, and there is no such file",
            where=pyproject,
            fix="Put the licence's text there, or take the name out.",
        )
    if metadata.license is None:
        talk(f'{pyproject} states no licence, so the package has none: write license = "MIT", for instance')
    elif not any(found.values()):
        talk(f"The package has no licence file: put the text of {metadata.license} into LICENSE beside {pyproject}")


def write_notice(metadata: Path) -> None:
    """Write what is said of the code by others into licenses/ovext/ of a package's metadata.

    Raises:
        FilesError: it cannot be written.
    """
    folder = metadata / "licenses" / "ovext"
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "NOTICE").write_text(_NOTICE + licence().read_text(encoding="utf-8"), encoding="utf-8")
