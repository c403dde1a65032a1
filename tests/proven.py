"""Ops for `ovext new` to write: healthy ones, and ill ones with one mistake each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers import Built, Ovext, run_ovext
from ovext.project.attributes import ATTRIBUTE_TYPES, AttributeType

if TYPE_CHECKING:
    from collections.abc import Sequence


def default_of(of: AttributeType) -> str:
    word = {"bool": "true", "int": "2", "float": "0.5", "string": "a"}[of.kind]
    word = {"enum": "two", "type": "f16"}.get(of.name, word)
    return ",".join([word] * 2) if of.is_list else word


def every_attribute() -> list[str]:
    """Options for one attribute of each type."""
    options = []
    for number, of in enumerate(ATTRIBUTE_TYPES.values()):
        values = "(one,two)" if of.name == "enum" else ""
        options += ["--attribute", f"a{number}:{of.name}{values}={default_of(of)}"]
    return options


HEALTHY: dict[str, list[str]] = {
    "Plain": [],
    "Floor": ["--doc", 'Words that \\ "quote" */ and """ more.'],  # the name of a C function
    "Union": ["--input", "class_:f32", "--attribute", "std:float=-0.5"],  # names that C++ uses
    "EveryAttribute": every_attribute(),
    "EveryType": ["--input", "x:f32,f16,bf16,f64,i8,i16,i32,i64,u8,u16,u32,u64,boolean"],
    "OnlyWide": ["--input", "index:i64", "--input", "value:f16", "--output", "y:value"],  # the CPU plugin has neither
    "Names": [  # that have a meaning in C++, OpenCL C or the templates
        *("--input", "x:f32,f16:b,m", "--input", "half:x", "--input", "X:x", "--output", "local:x:b,max(m, 2)"),
        *("--attribute", "Mode:enum(near,far)=far", "--attribute", "border_mode:enum(a,b)=a"),
        *("--attribute", "borderMode:enum(c)=c", "--attribute", 'text:string=ä😀"?', "--attribute", "low:float=-inf"),
    ],
    "Sum": ["--input", "a:f32,f16,i32", "--input", "b", "--input", "count:a"],  # the template uses `count`, too
    "Window": [
        *("--input", "x:f32:N,C,H,W", "--output", "y:x:N,C,(H+2*pad-k)//stride+1,max(W, 1)"),
        *("--attribute", "k:i32=3", "--attribute", "pad:u64=1", "--attribute", "stride:int=1"),
        *("--constraint", "stride > 0", "--constraint", "k - 1 >= pad", "--constraint", "H + 2 * pad >= k"),
    ],
    "Mixed": [
        *("--input", "x:f32,f16:N,C,...,2", "--input", "y:x:N,C|1,...,2", "--input", "index:i32,i64:K"),
        *("--output", "a:x:N,C//2,...", "--output", "b:i64:data-dependent=2", "--output", "c:boolean:custom=1"),
    ],
}
"""The options for each op; together they use every shape rule and every attribute type."""


def build(project: Path, library: str = "", options: Sequence[str] = ()) -> Built:
    """Build the project; the output is next to it. `library` is given if its name differs from the folder's."""
    done = run_ovext("build", project, "--base-os", "ubuntu", *options, cwd=project.parent)
    assert done.returncode == 0, done.stderr
    output_dir = project.parent / "lib" / "ubuntu"
    return Built(project, output_dir, output_dir / f"lib{library or project.name}_cpu_extension.so")


@dataclass(frozen=True)
class Illness:
    """A mistake: text to replace in a file, what the proof must say about it, and in which check."""

    op: str
    file: str
    old: str
    new: str
    check: str
    told: str
    options: tuple[str, ...] = ()
    shapes: str = "data = [2, 3]"


_EVALUATE = "    const auto kernel = kernel_for(inputs[0].get_element_type());\n"
ILLNESSES = [
    Illness(
        "WrongElement",
        "kernel.cpp",
        "(output, count, compute",
        "(output, count > 2 ? count - 1 : count, compute",
        "numbers",
        '{"shapes": {"data": [3, 1]}',
    ),
    Illness(
        "WrongVariant",
        "kernel.cpp",
        "    return data;",
        "#ifndef __AVX__\n    return data + 1;\n#else\n    return data;\n#endif",
        "numbers sse42",
        "off by 1",
    ),
    Illness(
        "Crash",
        "op.cpp",
        _EVALUATE,
        _EVALUATE + "    if (inputs[0].get_size() > 4) {\n        *reinterpret_cast<volatile int*>(8) = 1;\n    }\n",
        "numbers",
        "the process died (killed by SIGSEGV) while evaluating the op alone",
    ),
    Illness(
        "Hang",
        "op.cpp",
        _EVALUATE,
        _EVALUATE + "    for (volatile bool wait = inputs[0].get_size() > 4; wait;) {\n    }\n",
        "numbers",
        "the process hung, and was ended after ",
    ),
    Illness(
        "FirstShapeOnly",
        "op.cpp",
        "    ovext::parallel_ranges(outputs[0].get_size()",
        "    static const std::size_t first = outputs[0].get_size();\n"
        "    ovext::parallel_ranges(std::min(first, outputs[0].get_size())",
        "numbers",
        "elements are not written",
    ),
    Illness("NotANumber", "kernel.cpp", "    return data;", "    return data == data ? data : T(0);", "numbers", "nan"),
    Illness(
        "TakesAnything",
        "op.cpp",
        '    ovext::check_type(this, 0, "data", {ov::element::f32});\n',
        "",
        "refusals",
        "OpenVINO takes a model with 'data' of type i32",
    ),
    Illness(  # a refusal, but not of what is wrong
        "RefusesAnything",
        "op.cpp",
        '    ovext::check_type(this, 0, "data", {ov::element::f32});\n',
        '    NODE_VALIDATION_CHECK(this, get_input_partial_shape(0).rank().is_dynamic(), "not this one");\n',
        "refusals",
        "OpenVINO refuses a model that follows op.toml",
    ),
    Illness(
        "LosesAttribute",
        "op.cpp",
        "    m_attributes.visit(visitor);\n",
        "",
        "attributes",
        "'alpha' is not visited",
        ("--attribute", "alpha:float=0.5"),
    ),
    Illness(
        "NarrowsAttribute",
        "op.cpp",
        "    m_attributes.visit(visitor);\n",
        '    auto narrow = static_cast<std::int32_t>(m_attributes.k);\n    visitor.on_attribute("k", narrow);\n'
        "    m_attributes.k = narrow;\n",
        "attributes",
        "k = 9223372036854775807 is ",
        ("--attribute", "k:int=2"),
    ),
    Illness(
        "OnlyItsOwnType",
        "op.cpp",
        "{ov::element::i64, ov::element::i32}",
        "{ov::element::i64}",
        "numbers",
        "OpenVINO's CPU plugin makes i32 of i64",
        ("--input", "index:i64", "--output", "y:data"),
        "data = [2, 3], index = [2, 3]",
    ),
    Illness(
        "SharedBuffer",
        "op.cpp",
        "    auto* output = static_cast<char*>(outputs[0].data());\n",
        "    static std::vector<char> buffer;\n"
        "    buffer.assign(data, data + inputs[0].get_byte_size());\n"
        "    std::this_thread::sleep_for(std::chrono::milliseconds(20));\n"
        "    data = buffer.data();\n"
        "    auto* output = static_cast<char*>(outputs[0].data());\n",
        "requests",
        "requests at once give wrong numbers",
    ),
    Illness(
        "BadEnd",
        "op.cpp",
        _EVALUATE,
        _EVALUATE
        + "    static const struct End {\n        ~End() {\n            std::abort();\n        }\n    } end;\n",
        "unloading",
        "ends with killed by SIGABRT",
    ),
    Illness(
        "InPlace",  # a reference may change its arguments: the op's inputs stay as they are
        "reference.py",
        "return data",
        "data[data < 0] = 0\n    return data",
        "numbers",
        "elements wrong",
    ),
    Illness(
        "Undecided",
        "reference.py",
        "return data",
        "return data[9, 9]",
        "numbers",
        "reference.py:9: the reference fails",
    ),
    Illness("OtherShape", "reference.py", "return data", "return data.reshape(-1)", "numbers", "by the reference, and"),
]


def make_ill(project: Path, illness: Illness) -> None:
    folder = next(one.parent for one in project.glob("ops/*/op.hpp") if f"class {illness.op} " in one.read_text())
    file = folder / illness.file
    text = file.read_text()
    assert illness.old in text, illness.op
    headers = "#include <chrono>\n#include <cstdlib>\n#include <thread>\n" if illness.file == "op.cpp" else ""
    file.write_text(headers + text.replace(illness.old, illness.new))
    description = folder / "op.toml"
    shapes = f"[[test.cases]]\nshapes = {{ {illness.shapes} }}\n"
    specials = '[test]\nspecials = ["nan"]\n' if illness.op == "NotANumber" else ""
    description.write_text(f"{description.read_text()}\n{specials}\n{shapes}")


def rows_of(ovext: Ovext, built: Built, *options: str | Path) -> tuple[list[dict[str, Any]], int]:
    """The rows of `ovext test --json`, and the exit code."""
    command = ["test", built.project, "--library", built.library, "--json", *options]
    done = ovext(*command, cwd=built.project.parent)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["rows"], done.returncode
