"""Publishing: all or nothing."""

from __future__ import annotations

import hashlib
import itertools
import json
import multiprocessing
import os
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ovext.build.manifest import LibraryRecord, OpRecord, read_manifest
from ovext.build.publish import publish, published
from ovext.errors import FilesError, LibraryError
from ovext.files import sha256_of
from ovext.loading import find_library
from ovext.transaction import is_unfinished

if TYPE_CHECKING:
    from collections.abc import Callable


def record_of(file: Path, **changes: Any) -> LibraryRecord:
    data = {
        "file": file.name,
        "size": file.stat().st_size,
        "sha256": sha256_of(file),
        "project": {"name": "sample", "version": "1.0", "commit": None, "dirty": None},
        "openvino": {"version": "2026.4.1", "soname": "libopenvino.so.2641", "cxx11_abi": True},
        "link": "needed",
        "base_os": "ubuntu24",
        "engine": "host",
        "compiler": {"id": "GNU", "version": "13.2.0"},
        "build_type": "Release",
        "variants": [{"id": "avx2", "flags": ["-mavx2"]}],
        "ops": [{"type": "Sample", "opset": "opset1"}],
        "ovext": "0.0.0",
    }
    return LibraryRecord.model_validate(data | changes)


def built(folder: Path, name: str, content: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content)
    return folder / name


def put(file: Path, folder: Path, **changes: Any) -> LibraryRecord:
    record = record_of(file, **changes)
    publish({file: record}, folder, print)
    return record


LAYERS = {"gpu/a.xml": "<CustomLayer/>", "gpu/a.Op.cl": "kernel"}


def layer_record(texts: dict[str, str]) -> dict[str, Any]:
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    return {"kind": "gpu", "config": "gpu/a.xml", "files": hashes}


def test_library_and_manifest_appear_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "lib" / "ubuntu"
    record = put(built(tmp_path / "build", "a.so", "one"), out)
    assert (out / "a.so").read_text() == "one"
    assert published(out, [record])
    assert {path.name for path in out.iterdir()} == {"a.so", "a.cdx.json", "manifest.json", ".ovext.lock"}


def test_libraries_of_several_projects_share_a_folder(tmp_path: Path) -> None:
    first = put(built(tmp_path / "build", "a.so", "one"), tmp_path / "out")
    second = put(built(tmp_path / "build", "b.so", "two"), tmp_path / "out")
    assert published(tmp_path / "out", [first, second])


def test_a_new_build_replaces_the_old_record(tmp_path: Path) -> None:
    old = put(built(tmp_path / "build", "a.so", "one"), tmp_path / "out")
    new = put(built(tmp_path / "build", "a.so", "two"), tmp_path / "out")
    assert published(tmp_path / "out", [new])
    assert not published(tmp_path / "out", [old])


def test_record_of_a_library_that_was_deleted_goes(tmp_path: Path) -> None:
    put(built(tmp_path / "build", "a.so", "one"), tmp_path / "out")
    (tmp_path / "out" / "a.so").unlink()
    put(built(tmp_path / "build", "b.so", "two"), tmp_path / "out")
    manifest = read_manifest(tmp_path / "out")
    assert manifest is not None
    assert [record.file for record in manifest.libraries] == ["b.so"]


def test_changed_or_missing_library_is_not_published(tmp_path: Path) -> None:
    record = put(built(tmp_path / "build", "a.so", "one"), tmp_path / "out")
    (tmp_path / "out" / "a.so").write_text("damaged")
    assert not published(tmp_path / "out", [record])


def test_a_record_with_an_op_that_the_published_library_lacks_is_not_published(tmp_path: Path) -> None:
    """op.toml describes another op than the same library had when it passed the gate."""
    record = put(built(tmp_path / "build", "a.so", "one"), tmp_path / "out")
    other = record.model_copy(update={"ops": [OpRecord(type="Simple", opset="opset1")]})
    assert not published(tmp_path / "out", [other])
    assert published(tmp_path / "out", [record.model_copy(update={"ops": []})])  # only the gate knows its ops


def test_the_manifest_is_put_in_place_last(tmp_path: Path) -> None:
    """It lists nothing that does not exist."""
    put(built(tmp_path / "build", "b.so", "one"), tmp_path / "out")
    before = (tmp_path / "out" / "manifest.json").read_text()
    (tmp_path / "out" / "a.so" / "in the way").mkdir(parents=True)
    with pytest.raises(FilesError):
        put(built(tmp_path / "build", "a.so", "one"), tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").read_text() == before


@pytest.mark.parametrize("text", ["", "{", '{"schema": 2}', "[]"])
def test_manifest_that_cannot_be_read_is_not_lost(tmp_path: Path, text: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text(text)
    with pytest.raises(FilesError, match="this manifest cannot be read"):
        put(built(tmp_path / "build", "a.so", "one"), tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").read_text() == text
    assert not (tmp_path / "out" / "a.so").exists()


def test_several_libraries_come_together_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [built(tmp_path / "build", name, name) for name in ("a.so", "b.so")]
    copied: list[Path] = []

    def disk_that_fills_up(source: Path, target: Path) -> None:
        if copied:
            raise OSError(28, "No space left on device")
        target.write_bytes(source.read_bytes())
        copied.append(target)

    monkeypatch.setattr("shutil.copy", disk_that_fills_up)
    with pytest.raises(FilesError, match="No space left"):
        publish({file: record_of(file) for file in files}, tmp_path / "out", print)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {".ovext.lock"}


def killed_before_rename(number: int, publishing: Callable[[], object]) -> bool:
    """Run `publishing` in a process that is killed before its rename of that number; False if it has fewer."""

    def work() -> None:
        renames = itertools.count()
        replace = Path.replace

        def counted(self: Path, target: Path) -> Path:
            if next(renames) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return replace(self, target)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "replace", counted)
            publishing()

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    assert process.exitcode in {0, -signal.SIGKILL}
    return process.exitcode != 0


def test_killed_before_any_rename_the_set_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    names = ("a.so", "b.so")
    old = {built(tmp_path / "old", name, f"old {name}"): name for name in names}
    new = {built(tmp_path / "new", name, f"new {name}"): name for name in names}
    texts = {"gpu/a.xml": "<CustomLayer/>", "gpu/a.Op.cl": "new kernel"}
    layers = [layer_record(texts)]
    before = {
        file: record_of(file, layers=[layer_record(LAYERS)] if name == "a.so" else []) for file, name in old.items()
    }
    after = {file: record_of(file, layers=layers if name == "a.so" else []) for file, name in new.items()}
    outcomes = []
    for number in itertools.count():
        out = tmp_path / f"out{number}"
        publish(before, out, print, LAYERS)
        if not killed_before_rename(number, partial(publish, after, out, print, texts)):
            break
        read_manifest(out)  # whoever reads first
        is_old, is_new = (bool(published(out, list(records.values()))) for records in (before, after))
        assert is_old != is_new
        assert {path.name for path in out.iterdir()} - {".ovext.staged"} == {
            "gpu",
            "manifest.json",
            ".ovext.lock",
            *names,
            *(f"{Path(name).stem}.cdx.json" for name in names),
        }
        outcomes.append(is_new)
    assert outcomes == [False, *[True] * 7]  # the first rename makes the change certain, then seven files move


def test_a_library_is_found_after_its_publisher_was_killed(tmp_path: Path) -> None:
    out = tmp_path / "lib" / "ubuntu"
    put(built(tmp_path / "build", "a.so", "one"), out)
    changed = built(tmp_path / "build", "a.so", "two")
    assert killed_before_rename(2, partial(publish, {changed: record_of(changed)}, out, print))
    assert is_unfinished(out)
    found, _ = find_library(None, tmp_path)
    assert found.read_text() == "two"
    assert not is_unfinished(out)


def test_a_library_that_is_named_is_found_after_its_publisher_was_killed(tmp_path: Path) -> None:
    out = tmp_path / "lib" / "ubuntu"
    old = [built(tmp_path / "build", name, "one") for name in ("a.so", "b.so")]
    publish({file: record_of(file) for file in old}, out, print)
    new = [built(tmp_path / "build", name, "two") for name in ("a.so", "b.so")]
    assert killed_before_rename(2, partial(publish, {file: record_of(file) for file in new}, out, print))
    find_library(out / "a.so")
    assert (out / "b.so").read_text() == "two"


@pytest.mark.parametrize("way", ["a file", "a link"])
def test_what_cannot_be_moved_is_found_out_before_anything_moves(tmp_path: Path, way: str) -> None:
    out = tmp_path / "out"
    before = put(built(tmp_path / "build", "a.so", "one"), out)
    if way == "a file":
        (out / "gpu").write_text("in the way")
    else:
        (out / "gpu").symlink_to(tmp_path / "build")
    library = built(tmp_path / "build", "a.so", "two")
    with pytest.raises(FilesError):
        publish({library: record_of(library, layers=[layer_record(LAYERS)])}, out, print, LAYERS)
    assert published(out, [before]) or (out / "gpu").is_symlink()
    assert (out / "a.so").read_text() == "one"
    assert not (out / ".ovext.staged").exists()


def test_only_files_of_layers_that_are_as_published_go(tmp_path: Path) -> None:
    library = built(tmp_path / "build", "a.so", "one")
    out = tmp_path / "out"
    publish({library: record_of(library, layers=[layer_record(LAYERS)])}, out, print, LAYERS)
    (out / "gpu" / "a.Op.cl").write_text("edited by the user")
    put(library, out)
    assert [path.name for path in (out / "gpu").iterdir()] == ["a.Op.cl"]


@pytest.mark.parametrize(
    "name", ["../../victim.txt", "/etc/victim", "gpu/../../victim.txt", "", ".", "gpu//a", "gpu/..", "a\0b"]
)
def test_a_manifest_never_names_a_path(tmp_path: Path, name: str) -> None:
    out = tmp_path / "lib" / "ubuntu"
    put(built(tmp_path / "build", "a.so", "one"), out)
    victim = built(tmp_path, "victim.txt", "precious")
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["libraries"][0]["layers"] = [{"kind": "gpu", "config": "gpu/a.xml", "files": {name: "0" * 64}}]
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(FilesError, match="leads out of the folder"):
        put(built(tmp_path / "build", "a.so", "two"), out)
    with pytest.raises(LibraryError, match="elsewhere"):
        find_library(out)
    assert victim.read_text() == "precious"
    assert (out / "a.so").read_text() == "one"


@pytest.mark.parametrize("name", ["user.txt", "manifest.json", "a/b", "gpu/a/b", "gpu/.hidden"])
def test_a_layer_names_only_files_of_the_folders_of_layers(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="leads out of the folder"):
        record_of(built(tmp_path, "a.so", "one"), layers=[{**layer_record({}), "files": {name: "0" * 64}}])


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    library = built(tmp_path / "build", "a.so", "one")
    record = record_of(library, layers=[layer_record(LAYERS)])
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "gpu").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FilesError, match="this is a symlink"):
        publish({library: record}, tmp_path / "out", print, LAYERS)
    assert not list((tmp_path / "elsewhere").iterdir())
    assert not published(tmp_path / "out", [record])


@pytest.mark.parametrize(
    "journal", ["", "[]", "[" * 100_000, '{"put": 3}', '{"put": ["../victim.txt"], "removed": []}']
)
def test_a_journal_that_nobody_wrote_is_told(tmp_path: Path, journal: str) -> None:
    put(built(tmp_path / "build", "a.so", "one"), tmp_path / "out")
    built(tmp_path, "victim.txt", "precious")
    (tmp_path / "out" / ".ovext.staged").mkdir()
    (tmp_path / "out" / ".ovext.staged" / "journal.json").write_text(journal)
    with pytest.raises(FilesError, match=r"journal cannot be read|leads out of the folder"):
        read_manifest(tmp_path / "out")
    assert (tmp_path / "victim.txt").read_text() == "precious"


def test_leftovers_of_a_killed_build_are_removed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".a.so.4711.partial").write_text("half")
    put(built(tmp_path / "build", "a.so", "one"), tmp_path / "out")
    assert not list((tmp_path / "out").glob(".*.partial"))


def test_failure_leaves_the_old_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = put(built(tmp_path / "build", "a.so", "one"), tmp_path / "out")

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copy", full_disk)
    with pytest.raises(FilesError, match="No space left on device"):
        put(built(tmp_path / "build", "a.so", "two"), tmp_path / "out")
    assert published(tmp_path / "out", [old])
    assert not list((tmp_path / "out").glob("*.partial"))


def test_output_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(FilesError, match="out: cannot write here"):
        put(built(tmp_path / "build", "a.so", "one"), tmp_path / "out")


def test_layers_lie_beside_the_library_and_belong_to_it(tmp_path: Path) -> None:
    library = built(tmp_path / "build", "a.so", "one")
    record = record_of(library, layers=[layer_record(LAYERS)])
    publish({library: record}, tmp_path / "out", print, LAYERS)
    assert (tmp_path / "out" / "gpu" / "a.Op.cl").read_text() == "kernel"
    assert published(tmp_path / "out", [record])
    (tmp_path / "out" / "gpu" / "a.Op.cl").write_text("edited")
    assert not published(tmp_path / "out", [record])


def test_layers_that_a_library_has_no_more_go(tmp_path: Path) -> None:
    library = built(tmp_path / "build", "a.so", "one")
    publish({library: record_of(library, layers=[layer_record(LAYERS)])}, tmp_path / "out", print, LAYERS)
    fewer = {"gpu/a.xml": "<CustomLayer/>"}
    publish({library: record_of(library, layers=[layer_record(fewer)])}, tmp_path / "out", print, fewer)
    assert [path.name for path in (tmp_path / "out" / "gpu").iterdir()] == ["a.xml"]
