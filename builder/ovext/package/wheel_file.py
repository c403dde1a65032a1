"""Reading a finished wheel, and checking what it says about itself."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from email.parser import Parser
from pathlib import PurePath
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from pydantic import ValidationError

from ovext.build.manifest import FILE_NAME, LibraryRecord, Manifest
from ovext.errors import GateError, UnreadableFileError
from ovext.files import sha256_of

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

MARK = "_extension.py"  # which cmake/wheel.cmake puts beside the manifest


@dataclass(frozen=True)
class WheelFile:
    """A wheel of an extension."""

    file: Path
    size: int
    sha256: str
    tag: str
    is_purelib: bool
    requires: tuple[str, ...]
    members: tuple[str, ...]
    libraries: tuple[LibraryRecord, ...]
    changed: tuple[str, ...]  # libraries that differ from what the manifest says


def read_wheel(file: Path) -> WheelFile:
    """What a wheel says about itself.

    Raises:
        UnreadableFileError: it is not a wheel.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = [member.filename for member in archive.infolist() if not member.is_dir()]
            metadata, wheel = (_headers(archive, members, name) for name in ("METADATA", "WHEEL"))
            packages = [name.removesuffix(MARK) for name in members if name.endswith(f"/{MARK}")]
            listed = {name: Manifest.model_validate_json(archive.read(name + FILE_NAME)) for name in packages}
            records = [(folder, record) for folder, manifest in listed.items() for record in manifest.libraries]
            changed = [one.file for folder, one in records if _sha256(archive, folder + one.file) != one.sha256]
    except (OSError, zipfile.BadZipFile, KeyError, ValidationError) as error:
        raise UnreadableFileError(f"this wheel cannot be read: {error}", where=file) from None
    return WheelFile(
        file=file,
        size=file.stat().st_size,
        sha256=sha256_of(file),
        tag=wheel["Tag"],
        is_purelib=wheel["Root-Is-Purelib"] == "true",
        requires=tuple(metadata.get_all("Requires-Dist", ())),
        members=tuple(members),
        libraries=tuple(record for _, record in records),
        changed=tuple(changed),
    )


def _sha256(archive: zipfile.ZipFile, member: str) -> str:
    return hashlib.sha256(archive.read(member)).hexdigest()


def _headers(archive: zipfile.ZipFile, members: list[str], name: str) -> Message:
    member = next((one for one in members if one.endswith(f".dist-info/{name}")), name)
    return Parser().parsestr(archive.read(member).decode())


def check_wheel(wheel: WheelFile, openvino: str) -> None:
    """Check that a wheel can be installed only where its library loads; `openvino` is what it must require.

    Raises:
        GateError: something is wrong; the text lists everything.
    """
    tags = {f"py3-none-{record.inspection.manylinux}" for record in wheel.libraries if record.inspection}
    problems = []
    if not wheel.libraries:
        problems.append("it holds no library; call ovext_add_extension() in CMakeLists.txt")
    elif not wheel.tag.startswith("py3-none-"):
        problems.append(f"its tag is {wheel.tag}, its library's {', '.join(sorted(tags))}; set wheel.py-api to py3")
    elif wheel.tag not in tags:
        problems.append(f"its tag is {wheel.tag}, its library's {', '.join(sorted(tags))}")
    grafted = [PurePath(member).name for member in wheel.members if ".libs/" in member]
    by = f" by auditwheel, which added {', '.join(grafted)}: link them statically" if grafted else ""
    problems += [f"{name} was changed after it was checked{by}" for name in wheel.changed]
    if any(member.endswith(f"/{MARK}") and member.count("/") != 1 for member in wheel.members):
        problems.append("its package is not at the top, where its library finds OpenVINO; see wheel.install-dir")
    if wheel.is_purelib:
        problems.append("it says that it is the same for every platform")
    if Requirement(openvino) not in map(Requirement, wheel.requires):
        problems.append(f'it does not require {openvino}; let "dependencies" be dynamic, with the provider "ovext"')
    if problems:
        listed = "".join(f"\n  - {problem}" for problem in problems)
        raise GateError(f"the wheel is not fit to be installed:{listed}", where=wheel.file.name)
