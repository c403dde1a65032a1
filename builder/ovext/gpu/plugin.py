"""Names that the GPU plugin defines before a custom kernel, and the op types that it computes itself.

plugin.json was collected from the running plugin; `make generate` collects it again.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files

# At this line of the program the plugin's own headers end and its description of the layer begins.
BUILT_INS = "// Custom Layer Built-ins"

_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(\(?)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_FUNCTION = re.compile(r"\b(\w+)\s*\([^(){};]*\)\s*(?:__attribute__\s*\(\((\w+)\)\)\s*)?\{")
_TYPE = re.compile(r"\}\s*(\w+)\s*;")
_STATEMENTS = {"if", "for", "while", "switch"}


@dataclass(frozen=True)
class PluginNames:
    """Names that a kernel's identifiers must not have, for one release of OpenVINO."""

    openvino: str
    constants: frozenset[str]  # macros without parameters
    macros: frozenset[str]  # macros with parameters
    functions: frozenset[str]
    overloads: frozenset[str]  # functions that can get further parameter lists
    types: frozenset[str]
    op_types: frozenset[str]

    def to_json(self) -> str:
        data = {key: sorted(value) if isinstance(value, frozenset) else value for key, value in asdict(self).items()}
        return json.dumps(data, indent=2) + "\n"


@cache
def plugin_names() -> PluginNames:
    data = json.loads((files("ovext.gpu") / "plugin.json").read_text(encoding="utf-8"))
    openvino: str = data.pop("openvino")
    return PluginNames(openvino, **{kind: frozenset(names) for kind, names in data.items()})


def headers_of(program: str) -> str:
    """The plugin's own headers in the text of a program that it compiled."""
    return program[: program.index(BUILT_INS)]


def names_in(headers: str, openvino: str, op_types: frozenset[str]) -> PluginNames:
    """The names that the plugin's headers define."""
    joined = headers.replace("\\\n", " ")
    macros = {match[1]: bool(match[2]) for match in _MACRO.finditer(joined)}
    code = _DIRECTIVE.sub("", joined)
    functions = _FUNCTION.findall(code)
    return PluginNames(
        openvino=openvino,
        constants=frozenset(name for name, has_parameters in macros.items() if not has_parameters),
        macros=frozenset(name for name, has_parameters in macros.items() if has_parameters),
        functions=frozenset(name for name, attribute in functions if attribute != "overloadable") - _STATEMENTS,
        overloads=frozenset(name for name, attribute in functions if attribute == "overloadable"),
        types=frozenset(_TYPE.findall(code)),
        op_types=op_types,
    )
