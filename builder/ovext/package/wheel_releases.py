"""One wheel from a wheel for each release of OpenVINO: each library becomes one with all their builds inside."""

from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.build.compose import OneBuild, compose
from ovext.build.execute import HOST_LINK
from ovext.build.manifest import FILE_NAME, Manifest, to_json
from ovext.build.releases import check_composed, in_each_release
from ovext.build.sbom import bill_of_materials, package_of
from ovext.errors import BuildError
from ovext.files import writing_to
from ovext.package.requirements import requirement_of
from ovext.package.wheel_file import MARK, check_wheel, read_wheel
from ovext.toolchain.process import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ovext.build.manifest import LibraryRecord
    from ovext.project import Project


def compose_wheels(
    project: Project,
    wheels: Sequence[Path],
    folder: Path,
    *,
    epoch: str,
    lock: int,
    talk: Callable[[str], None],
) -> Path:
    """The one wheel, in the folder. It is the first wheel, with other libraries, metadata and platform.

    Its members have the time `epoch`, in seconds since 1970.

    The caller holds the lock of the folder and passes its descriptor.

    Raises:
        BuildError, GateError, LibraryError, ProjectError, FilesError: there is no wheel.
    """
    with writing_to(folder):
        shutil.rmtree(folder, ignore_errors=True)
        unpacked = [_unpacked(wheel, folder / f"wheel{number}") for number, wheel in enumerate(wheels)]
        manifests = [_manifest_of(each) for each in unpacked]
        records = []
        read = [Manifest.model_validate_json(one.read_text(encoding="utf-8")) for one in manifests]
        for record in in_each_release(project, [tuple(one.libraries) for one in read]):
            if record.link == HOST_LINK:
                records.append(record)
                continue
            builds = [
                OneBuild(path.parent / record.file, next(one for one in each.libraries if one.file == record.file))
                for path, each in zip(manifests, read, strict=True)
            ]
            talk(f"Putting {len(builds)} builds into {record.file}")
            file, composed = compose(project, folder / record.file, builds, lock)
            releases = [one.version for one in composed.releases]
            rejected = folder / f"{record.file}.rejected.json"
            records.append(check_composed(project, file, composed, releases=releases, rejected=rejected, talk=talk))
            for name in [record.file, *(one.file for one in composed.bundled)]:
                shutil.copyfile(file.with_name(name), manifests[0].parent / name)
        manifests[0].write_text(to_json(Manifest(schema=1, libraries=records)), encoding="utf-8")
        versions = [each.libraries[0].openvino.version for each in read]
        requirement, before = requirement_of(versions), requirement_of(versions[:1])
        _write_metadata(unpacked[0], (before, requirement), records)
        wheel = _packed(unpacked[0], folder / "packed", epoch)
    check_wheel(read_wheel(wheel), requirement)
    return wheel


def _unpacked(wheel: Path, folder: Path) -> Path:
    """The folder with the files of the wheel, with the modes that they have there."""
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                Path(archive.extract(member, folder)).chmod(member.external_attr >> 16 & 0o777)
    return folder


def _manifest_of(unpacked: Path) -> Path:
    """check_wheel has found that there is one, at the top."""
    return next(unpacked.glob(f"*/{MARK}")).with_name(FILE_NAME)


def _write_metadata(unpacked: Path, requirements: tuple[str, str], records: Sequence[LibraryRecord]) -> None:
    """The second requirement instead of the first, the platform that all libraries load on, and bills of materials."""
    (metadata,) = unpacked.glob("*.dist-info")
    _replace_lines(metadata / "METADATA", *(f"Requires-Dist: {one}" for one in requirements))
    platforms = [one.inspection.manylinux for one in records if one.inspection and one.inspection.manylinux]
    newest = max(platforms, key=lambda one: [int(number) for number in re.findall(r"\d+", one)], default="linux_x86_64")
    _replace_lines(metadata / "WHEEL", "Tag: .*", f"Tag: py3-none-{newest}")
    for file in sorted((metadata / "sboms").glob("*.cdx.json")):
        about = json.loads(file.read_text(encoding="utf-8"))["metadata"].get("component", {}).get("bom-ref")
        for record in records:
            if record.file == about:
                file.write_text(bill_of_materials(record, package_of(record, "pypi")), encoding="utf-8")


def _replace_lines(file: Path, pattern: str, line: str) -> None:
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(f"^{pattern}$", line, text, flags=re.MULTILINE), encoding="utf-8")


def _packed(unpacked: Path, into: Path, epoch: str) -> Path:
    """The wheel, whose members have that time."""
    into.mkdir()
    log = into.with_suffix(".log")
    command = [sys.executable, "-m", "wheel", "pack", str(unpacked), "--dest-dir", str(into)]
    finished = stream(command, lambda _: None, log=log, cwd=into, env={"SOURCE_DATE_EPOCH": epoch})
    if not finished.ok:
        raise BuildError("The wheel could not be packed.", output=finished.output, log=log)
    (wheel,) = into.glob("*.whl")
    return wheel
