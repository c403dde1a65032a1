"""The text of an op.toml."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ovext.scaffold.derived import SCHEMA_FILE

if TYPE_CHECKING:
    from ovext.project.op import OpDescription

_TABLES = ("inputs", "outputs", "attributes")


def op_toml(op: OpDescription) -> str:
    """The description as its author would write it: defaults are left out."""
    data = op.model_dump(by_alias=True, exclude_defaults=True)
    data = {"schema": 1, **data}
    head = {
        key: value for key, value in data.items() if key not in {*_TABLES, "frameworks", "gpu", "vpu", "kernel", "test"}
    }
    head |= {} if op.inputs else {"inputs": []}
    sections = [f"#:schema ../{SCHEMA_FILE}\n" + _pairs(head)]
    for table in _TABLES:
        sections += [f"[[{table}]]\n" + _pairs(one) for one in data.get(table, [])]
    sections += [f"[frameworks.{name}]\n" + _pairs(one) for name, one in data.get("frameworks", {}).items() if one]
    sections += [f"[{name}]\n" + _pairs(data[name]) for name in ("gpu", "vpu", "kernel") if data.get(name)]
    test = data.get("test", {})
    cases = test.pop("cases", [])
    if test:
        sections.append("[test]\n" + _pairs(test))
    sections += ["[[test.cases]]\n" + _pairs(case) for case in cases]
    return "\n".join(sections)


def _pairs(table: dict[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items() if value is not None)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        pairs = ", ".join(f"{key} = {_value(one)}" for key, one in value.items() if one is not None)
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float):
        return str(value) if math.isfinite(value) else str(value).replace("-nan", "nan")
    return json.dumps(value, ensure_ascii=False)  # strings, numbers, true and false are written as in JSON
