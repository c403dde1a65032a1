"""Changing layer types in an IR: only the right layers change, and not one other byte."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovext.errors import ModelError, UsageError
from ovext.models.patch import patch_file, patch_types, read_layers

IR = b"""<?xml version="1.0"?>
<net name="ReLU net" version="11">
\t<layers>
\t\t<!-- <layer type="ReLU"/> -->
\t\t<layer id="0" name="ReLU" type="PReLU" version="opset1"/>
\t\t<layer id="1" name="a > b" type='ReLU' version="opset1">
\t\t\t<data type="ReLU"/>
\t\t</layer>
\t\t<layer id="2" name="loop" type="TensorIterator" version="opset1">
\t\t\t<body><layers><layer type = "ReLU" id="0" name="inner"/></layers></body>
\t\t</layer>
\t</layers>
</net>
"""
HERE = Path("model.xml")


def test_first_changes_one_layer_and_only_its_type() -> None:
    patched, layers = patch_types(IR, HERE, "ReLU", "CustomReLU", first=True)
    assert patched == IR.replace(b"type='ReLU'", b'type="CustomReLU"')
    assert [layer.name for layer in layers] == ["a > b"]


def test_all_layers_of_the_type_change_those_of_bodies_too() -> None:
    patched, layers = patch_types(IR, HERE, "ReLU", "CustomReLU", first=False)
    assert [layer.name for layer in layers] == ["a > b", "inner"]
    assert b'<layer type = "CustomReLU" id="0" name="inner"/>' in patched
    assert patched.count(b"CustomReLU") == 2


def test_opset_is_replaced_or_added() -> None:
    patched, _ = patch_types(IR, HERE, "ReLU", "R", first=False, opset="mine")
    assert b"""name="a > b" type="R" version="mine">""" in patched
    assert b"""name="inner" version="mine"/>""" in patched


def test_missing_type_names_the_nearest_whatever_its_case() -> None:
    with pytest.raises(ModelError, match=r"no layer has the type 'relu' \(did you mean 'ReLU'\?\)"):
        patch_types(IR, HERE, "relu", "R", first=True)


@pytest.mark.parametrize("name", ["", "a b", 'x"y', "<x", "ünicode-"])
def test_names_that_xml_could_not_hold_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        patch_types(IR, HERE, "ReLU", name, first=True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7fELF",
        b"{}",
        b"<html><layers><layer type='ReLU'/></layers></html>",
        b"<net><layers/></net>",
        b"<?xml version='1.0' encoding='foo'?><net/>",
    ],
)
def test_what_is_no_ir_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match=r"model\.xml: this is no OpenVINO IR"):
        patch_types(data, HERE, "ReLU", "R", first=True)


@given(st.integers(0, len(IR) - 2))
def test_truncated_ir_is_refused(length: int) -> None:
    with pytest.raises(ModelError):
        read_layers(IR[:length], HERE)


names = st.text(st.characters(codec="utf-8", exclude_characters='"<&', exclude_categories=("C", "Z")), max_size=9)


@given(st.lists(st.tuples(st.sampled_from(["ReLU", "PReLU", "Add"]), names, st.booleans()), min_size=1))
def test_patching_back_gives_the_same_file(layers: list[tuple[str, str, bool]]) -> None:
    rows = "".join(
        f'<layer type="{kind}" name="{name}"/>' if type_first else f'<layer name="{name}" type="{kind}"/>'
        for kind, name, type_first in layers
    )
    original = f"<net><layers>{rows}</layers></net>".encode()
    types = [kind for kind, _, _ in layers]
    if "ReLU" not in types:
        return
    patched, changed = patch_types(original, HERE, "ReLU", "Other", first=False)
    assert len(changed) == types.count("ReLU")
    assert [layer.type for layer in read_layers(patched, HERE)] == [{"ReLU": "Other"}.get(kind, kind) for kind in types]
    assert patch_types(patched, HERE, "Other", "ReLU", first=False)[0] == original


def test_weights_go_beside_the_patched_file(tmp_path: Path) -> None:
    (tmp_path / "in.xml").write_bytes(IR)
    (tmp_path / "in.bin").write_bytes(b"weights")
    patch_file(tmp_path / "in.xml", tmp_path / "out.xml", "ReLU", "R", first=True)
    assert (tmp_path / "out.bin").read_bytes() == b"weights"
    assert (tmp_path / "in.xml").read_bytes() == IR


def test_model_is_not_overwritten_by_itself(tmp_path: Path) -> None:
    (tmp_path / "in.xml").write_bytes(IR)
    with pytest.raises(UsageError, match="is the model itself"):
        patch_file(tmp_path / "in.xml", tmp_path / "in.xml", "ReLU", "R", first=True)


def test_only_xml_files_are_written(tmp_path: Path) -> None:
    (tmp_path / "in.xml").write_bytes(IR)
    (tmp_path / "in.bin").write_bytes(b"weights")
    for name in ("in.bin", "", ".", "out"):
        with pytest.raises(UsageError, match="is no name for an IR"):
            patch_file(tmp_path / "in.xml", tmp_path / name, "ReLU", "R", first=True)
    assert (tmp_path / "in.bin").read_bytes() == b"weights"


def test_missing_weights_are_told(tmp_path: Path) -> None:
    (tmp_path / "in.xml").write_bytes(IR.replace(b'type="PReLU"', b'type="Const"'))
    with pytest.raises(ModelError, match=r"its weights, in\.bin, are not beside it"):
        patch_file(tmp_path / "in.xml", tmp_path / "out.xml", "ReLU", "R", first=True)


def test_a_layer_inside_an_entity_is_refused(tmp_path: Path) -> None:
    """OpenVINO reads no entities, and the layer has no place in the file's text."""
    layers = b"<layers>&l;<layer id='1' name='b' type='ReLU'/></layers>"
    data = b"<!DOCTYPE net [<!ENTITY l '<layer name=\"a\" type=\"ReLU\"/>'>]><net name='n'>" + layers + b"</net>"
    with pytest.raises(ModelError, match="it declares the entity 'l'"):
        patch_types(data, HERE, "ReLU", "R", first=True)
    (tmp_path / "model.xml").write_bytes(data)
    with pytest.raises(ModelError):
        patch_file(tmp_path / "model.xml", tmp_path / "out.xml", "ReLU", "R", first=True)
    assert not (tmp_path / "out.xml").exists()


def test_a_model_that_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.xml")
    with pytest.raises(ModelError, match="not a regular file"):
        patch_file(tmp_path / "model.xml", tmp_path / "out.xml", "ReLU", "R", first=True)


def test_missing_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        patch_file(tmp_path / "none.xml", tmp_path / "out.xml", "ReLU", "R", first=True)
