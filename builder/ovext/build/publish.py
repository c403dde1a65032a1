"""Moving finished libraries to where the user looks for them: whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
from functools import partial
from typing import TYPE_CHECKING

from ovext.build.manifest import FILE_NAME, LibraryRecord, merged, read_manifest, to_json
from ovext.files import replace_file, writing_to
from ovext.toolchain.lock import folder_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_published(folder: Path, records: list[LibraryRecord]) -> bool:
    """True when the folder holds exactly these libraries and says so."""
    manifest = read_manifest(folder)
    if manifest is None:
        return False
    return all(record in manifest.libraries and _is_intact(folder / record.file, record) for record in records)


def _is_intact(file: Path, record: LibraryRecord) -> bool:
    return file.is_file() and sha256_of(file) == record.sha256


def publish(files: dict[Path, LibraryRecord], folder: Path, talk: Callable[[str], None]) -> Path:
    """Put the built files into `folder` and record them in its manifest; gives the manifest's path.

    Each file appears whole under its name, after it lies whole beside it; the manifest comes last.

    Raises:
        FilesError: the folder cannot be written. What was there before is still there.
    """
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with folder_lock(folder, "another ovext to publish", talk):
            for built, record in files.items():
                replace_file(folder / record.file, partial(shutil.copy, built))
            text = to_json(merged(read_manifest(folder), list(files.values()), folder))
            replace_file(folder / FILE_NAME, lambda aside: aside.write_text(text, encoding="utf-8"))
    return folder / FILE_NAME
