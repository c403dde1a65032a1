"""Other names in an author's op.toml and bench/*.toml, whose comments and order stay."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.items import SingleKey

from ovext.project.frameworks import Mapping, PaddleMapping

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovext.project import OpDescription


def renamed_op_in_toml(text: str, old_folder: str, new: str, new_folder: str) -> str:
    document = tomlkit.parse(text)
    document["type"] = new
    gpu: Any = document.get("gpu", {})
    if gpu.get("entry") == f"{old_folder}_kernel":
        gpu["entry"] = f"{new_folder}_kernel"
    return tomlkit.dumps(document)


def renamed_op_in_bench(text: str, new: str) -> str:
    document = tomlkit.parse(text)
    document["op"] = new
    return tomlkit.dumps(document)


def renamed_in_bench(text: str, old: str, new: str) -> str:
    """With another name of an attribute."""
    document: Any = tomlkit.parse(text)
    _rename_key(document.get("attributes", {}), old, new)
    _rename_in_texts(document, ("flops", "bytes"), old, new)
    return tomlkit.dumps(document)


def renamed_in_op_toml(op: OpDescription, kind: str, old: str, new: str) -> str:
    """op.toml with another name of an input, output or attribute. Models of frameworks keep their own names for it."""
    document: Any = tomlkit.parse(op.text)
    for one in document.get(kind, []):
        if one.get("name") == old:
            one["name"] = new
    test: Any = document.get("test", {})
    cases: list[Any] = test.get("cases", [])
    if kind == "attributes":
        _rename_attribute(op, document, old, new)
        tables = [test.get("attributes", {}), *(one.get("attributes", {}) for one in cases)]
    elif kind == "inputs":
        _rename_tensor(document, old, new)
        tables = [test.get("ranges", {}), test.get("values", {})]
        tables += [one.get(key, {}) for one in cases for key in ("shapes", "values")]
    else:
        _rename_tensor(document, old, new)
        tables = [one.get("outputs", {}) for one in cases]
    for table in tables:
        for key in list(table):
            if key == old or (kind == "inputs" and re.fullmatch(rf"{re.escape(old)}_\d+", key)):
                _rename_key(table, key, new + key[len(old) :])
    if kind != "attributes":
        _name_for_paddle(op, document, kind, old)
    return tomlkit.dumps(document)


def _rename_attribute(op: OpDescription, document: Any, old: str, new: str) -> None:
    _rename_in_formulas(document, old, new)
    for name, mapping in op.frameworks.given():
        table = document["frameworks"][name]
        for key in ("attributes", "defaults", "constants", "arguments"):
            _rename_key(table.get(key, {}), old, new)
        if isinstance(mapping, Mapping) and old not in {*mapping.attributes, *mapping.constants}:
            if "attributes" not in table:
                table["attributes"] = tomlkit.inline_table()
            table["attributes"][new] = old
    for gpu in (document.get("gpu", {}), document.get("vpu", {})):
        for key in ("defines", "scalars"):
            for macro, attribute in gpu.get(key, {}).items():
                if attribute == old:
                    gpu[key][macro] = new


def _rename_in_formulas(document: Any, old: str, new: str) -> None:
    """In shapes, constraints, the formula of the op and the meanings of values."""
    _rename_in_texts(document, ("elementwise",), old, new)
    _rename_in_list(document.get("constraints"), old, new)
    for output in document.get("outputs", []):
        if isinstance(output.get("shape"), list):
            _rename_in_list(output["shape"], old, new)
    values: Any = document.get("test", {}).get("values", {})
    for key in list(values):
        values[key] = re.sub(r"\(.*\)", lambda found: _with_word(found[0], old, new), values[key])


def _rename_tensor(document: Any, old: str, new: str) -> None:
    _rename_in_texts(document, ("elementwise",), old, new)
    for one in document.get("inputs", []):
        if one.get("types") == old:
            one["types"] = new
    for one in document.get("outputs", []):
        for key in ("type", "shape"):
            if one.get(key) == old:
                one[key] = new
    buffers: Any = document.get("gpu", {}).get("buffers", [])
    arguments: Any = document.get("vpu", {}).get("arguments", {})
    places: list[tuple[Any, Any]] = [
        *((buffers, number) for number in range(len(buffers))),
        *((arguments, name) for name in arguments),
    ]
    for bound, key in places:
        if bound[key] == old:  # the name alone
            bound[key] = new
        elif isinstance(bound[key], dict) and bound[key].get("tensor") == old:
            bound[key]["tensor"] = new


def _name_for_paddle(op: OpDescription, document: Any, kind: str, old: str) -> None:
    """Models of PaddlePaddle name tensors: they keep their name there."""
    mapping = op.frameworks.paddle
    tensors = op.inputs if kind == "inputs" else op.outputs
    if isinstance(mapping, PaddleMapping) and not getattr(mapping, kind) and any(one.name == old for one in tensors):
        document["frameworks"]["paddle"][kind] = [one.name for one in tensors]


def _rename_key(table: Any, old: str, new: str) -> None:
    """Rename a key in its place. The table is only written afterwards: it does not find the new key."""
    body = table.value.body if old in table else []
    for number, (key, value) in enumerate(body):
        if key is not None and key.key == old:
            text = key.as_string().replace(old, new, 1)
            body[number] = (SingleKey(new, t=key.t, sep=key.sep, original=text), value)


def _rename_in_texts(table: Any, keys: Iterable[str], old: str, new: str) -> None:
    for key in keys:
        text = table.get(key)
        if isinstance(text, str) and (changed := _with_word(text, old, new)) != text:
            table[key] = changed


def _rename_in_list(texts: Any, old: str, new: str) -> None:
    for number, text in enumerate(texts or ()):
        if isinstance(text, str) and (changed := _with_word(text, old, new)) != text:
            texts[number] = changed


def _with_word(text: str, old: str, new: str) -> str:
    """A formula with another name; a word before a parenthesis is a function."""
    return re.sub(rf"\b{re.escape(old)}\b(?!\s*\()", new, text)
