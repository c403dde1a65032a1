"""Proving that a wheel does not depend on where and when it was built."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.build.execute import locked_build_tree
from ovext.errors import GateError
from ovext.files import umask
from ovext.package.wheel import make_wheel
from ovext.project.sources import source_files
from ovext.toolchain.fetch import cache_dir

if TYPE_CHECKING:
    from ovext.build.host import Reporter
    from ovext.package.wheel import WheelPlan


def check_reproducible(plan: WheelPlan, wheel: Path, reporter: Reporter) -> None:
    """Build the wheel again, from a copy of the project in another place and environment, and compare the bytes.

    Raises:
        GateError: they differ; the text names the files.
        BuildError, FilesError: the copy could not be built.
    """
    with tempfile.TemporaryDirectory(prefix="ovext-again-") as folder:
        project = Path(folder, "quite another place", plan.project.name)
        for file in source_files(plan.project):
            target = project / file.relative_to(plan.project)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        build_dir = Path(folder, "build")
        again = plan.elsewhere(project, build_dir, _other_environment(Path(folder)))
        with locked_build_tree(build_dir, reporter) as lock, umask(0o077):
            other = make_wheel(again, lock, reporter)
        if wheel.name != other.name or wheel.read_bytes() != other.read_bytes():
            differing = ", ".join(_differences(wheel, other)) or "only the archive itself"
            raise GateError(f"two builds of {wheel.name} differ: {differing}", fix=f"The first is {wheel}.")


def _other_environment(folder: Path) -> dict[str, str]:
    """Settings that must not matter: whose files these are, where in the world, in which language, on how many CPUs."""
    home = folder / "home"
    home.mkdir()
    return {
        "HOME": str(home),
        "OVEXT_CACHE_DIR": str(cache_dir()),  # not in another HOME
        "TZ": "Asia/Kathmandu",
        "LANG": "C",
        "LC_ALL": "C",
        "CMAKE_BUILD_PARALLEL_LEVEL": "1",
        "PYTHONHASHSEED": "1",
    }


def _differences(one: Path, other: Path) -> list[str]:
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(other) as second:
        names = sorted({*first.namelist(), *second.namelist()})
        return [name for name in names if _member(first, name) != _member(second, name)]


def _member(archive: zipfile.ZipFile, name: str) -> bytes | None:
    return archive.read(name) if name in archive.namelist() else None
