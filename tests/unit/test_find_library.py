"""Which library `ovext.load` chooses in each case."""

import json
import os
from pathlib import Path

import pytest

from ovext.errors import LibraryError
from ovext.loading import find_library


def put_library(root: Path, base_os: str, age: int, link: str = "needed") -> Path:
    folder = root / "lib" / base_os
    folder.mkdir(parents=True)
    library = folder / "libx.so"
    library.touch()
    os.utime(library, (1e9 - age, 1e9 - age))
    record = {"file": "libx.so", "link": link, "ops": [{"type": "Sample"}]}
    (folder / "manifest.json").write_text(json.dumps({"schema": 1, "libraries": [record]}))
    return library


def test_argument_comes_before_variable_before_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = put_library(tmp_path, "ubuntu", age=0)
    named, given = tmp_path / "named.so", tmp_path / "given.so"
    named.touch()
    given.touch()
    assert find_library(None, tmp_path)[0] == own
    monkeypatch.setenv("CPU_EXTENSION", str(named))
    assert find_library(None, tmp_path)[0] == named
    assert find_library(given, tmp_path)[0] == given


def test_newest_of_several_is_taken(tmp_path: Path) -> None:
    put_library(tmp_path, "ubuntu", age=100)
    newest = put_library(tmp_path, "ubi9", age=10)
    assert find_library(None, tmp_path)[0] == newest


def test_library_for_servers_is_not_taken(tmp_path: Path) -> None:
    loadable = put_library(tmp_path, "ubuntu", age=100)
    put_library(tmp_path, "ubi9", age=10, link="host")
    assert find_library(None, tmp_path)[0] == loadable


def test_folder_stands_for_the_library_in_it_that_has_the_op(tmp_path: Path) -> None:
    library = put_library(tmp_path, "ubuntu", age=0)
    assert find_library(library.parent, op="Sample")[0] == library
    with pytest.raises(LibraryError, match="its manifest lists no library with the op Other"):
        find_library(library.parent, op="Other")
    with pytest.raises(LibraryError, match="lists a library with the op Other"):
        find_library(None, tmp_path, op="Other")


def test_missing_file_says_who_named_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPU_EXTENSION", str(tmp_path / "none.so"))
    with pytest.raises(LibraryError, match=r"none\.so: there is no such extension library \(CPU_EXTENSION names it\)"):
        find_library(None, tmp_path)


def test_nothing_built_says_what_was_tried(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="CPU_EXTENSION is not set, and no manifest"):
        find_library(None, tmp_path)


@pytest.mark.parametrize("text", ["", "{}", '{"libraries": 3}', '{"libraries": [1]}'])
def test_broken_manifest_is_told(tmp_path: Path, text: str) -> None:
    put_library(tmp_path, "ubuntu", age=0).with_name("manifest.json").write_text(text)
    with pytest.raises(LibraryError, match=r"manifest\.json: the manifest cannot be read"):
        find_library(None, tmp_path)
