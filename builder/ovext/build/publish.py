"""Moving finished libraries to where the user looks for them: whole or not at all."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.build.manifest import FILE_NAME, LibraryRecord, Manifest, merged, read_manifest, to_json
from ovext.files import read_regular, remove_leftovers, sha256_of, writing_to
from ovext.lock import folder_lock
from ovext.transaction import change_together, finish_locked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def published(folder: Path, records: list[LibraryRecord]) -> list[LibraryRecord]:
    """The records with what the gate found out, from the manifest; none unless the folder has these libraries."""
    manifest = read_manifest(folder)
    there = {record.file: record for record in manifest.libraries} if manifest else {}
    is_there = all(
        record.file in there and _is_same(record, there[record.file]) and _is_intact(folder / record.file, record)
        for record in records
    )
    return [there[record.file] for record in records] if is_there else []


def _is_same(record: LibraryRecord, published: LibraryRecord) -> bool:
    """Whether they differ only in what the gate found out: the inspection, and ops that no op.toml describes."""
    found_out = {"inspection": published.inspection, "ops": published.ops}
    described = {(op.type, op.opset) for op in record.ops}
    is_known = described <= {(op.type, op.opset) for op in published.ops}
    return is_known and record.model_copy(update=found_out) == published


def _is_intact(file: Path, record: LibraryRecord) -> bool:
    """Whether the library and the files that belong to it are as the record says, and it has a bill of materials."""
    hashes = {file: record.sha256}
    hashes |= {file.parent / name: sha256 for name, sha256 in _others(record).items()}
    return (
        _is_described(file.with_name(record.bill), record)
        and not (file.parent / "gpu").is_symlink()
        and all(path.is_file() and sha256_of(path) == sha256 for path, sha256 in hashes.items())
    )


def _is_described(bill: Path, record: LibraryRecord) -> bool:
    try:
        return record.sha256.encode() in read_regular(bill)
    except OSError:
        return False


def publish(
    files: dict[Path, LibraryRecord], folder: Path, talk: Callable[[str], None], layers: Mapping[str, str] | None = None
) -> Path:
    """Put the built files into `folder` and record them in its manifest; returns the manifest's path.

    All files change together, also if this process is killed. `layers` are the texts of the layers' files by their
    paths in the folder.

    Raises:
        FilesError: the folder or its manifest cannot be written or read. What was there before is still there.
    """
    from ovext.build.sbom import bill_of_materials, package_of  # noqa: PLC0415  a build with nothing to do writes none

    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with folder_lock(folder, "another ovext to publish", talk):
            remove_leftovers(folder)
            finish_locked(folder)
            old = read_manifest(folder)
            text = to_json(merged(old, list(files.values()), folder))
            writers: dict[str, Callable[[Path], object]] = {
                record.file: partial(shutil.copy, built) for built, record in files.items()
            }
            for built, record in files.items():
                for name in record.beside:
                    writers[name] = partial(shutil.copy, built.with_name(name))
            bills = {one.bill: bill_of_materials(one, package_of(one, "generic")) for one in files.values()}
            for name, content in {**(layers or {}), **bills}.items():
                writers[name] = partial(Path.write_text, data=content, encoding="utf-8")
            writers[FILE_NAME] = lambda file: file.write_text(text, encoding="utf-8")
            change_together(folder, writers, _old_files(folder, old, list(files.values())))
    return folder / FILE_NAME


def _old_files(folder: Path, old: Manifest | None, new: list[LibraryRecord]) -> set[str]:
    """The files that the libraries no longer have beside them, and that are still as they were published."""
    replaced = {record.file for record in new}
    before = [record for record in old.libraries if record.file in replaced] if old else []
    kept = [record for record in old.libraries if record.file not in replaced] if old else []
    known = {name: sha256 for record in before for name, sha256 in _others(record).items()}
    gone = known.keys() - {name for record in (*new, *kept) for name in _others(record)}
    return {name for name in gone if (folder / name).is_file() and sha256_of(folder / name) == known[name]}


def _others(record: LibraryRecord) -> dict[str, str]:
    """The files beside the library that belong to it, and the sha256 of each."""
    layers = {name: sha256 for layer in record.layers for name, sha256 in layer.files.items()}
    return layers | record.beside
