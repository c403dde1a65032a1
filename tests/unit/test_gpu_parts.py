"""The parts of the GPU check that need no files or processes."""

from __future__ import annotations

import math
from contextlib import suppress
from ctypes import c_int32
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ovext.gpu.expressions import DivisionByZeroError, ExpressionError, evaluate, of_dims
from ovext.gpu.layer import four_dims, plugin_text
from ovext.gpu.ocloc import Binary, _from_tokens, _from_ze_info
from ovext.gpu.prelude import pitches
from ovext.gpu.source import outline, without_comments
from ovext.gpu.xml import XmlError, read_elements

DIMS = of_dims((2, 3, 5, 7))
FILE = Path("layer.xml")

atoms = st.sampled_from(["B", "F", "Y", "X", "b", "f", "y", "x", "1", "2", "16", "31"])
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/%"), inner).map("".join), inner.map(lambda one: f"( {one})")
    ),
    max_leaves=12,
)


def as_c_does(expression: str) -> int | None:
    """The value with 32 bits and C's division, computed with Python's own parser; None if it divides by zero."""

    class Number(int):
        def __add__(self, other: int) -> Number:
            return Number(c_int32(int(self) + int(other)).value)

        def __sub__(self, other: int) -> Number:
            return Number(c_int32(int(self) - int(other)).value)

        def __mul__(self, other: int) -> Number:
            return Number(c_int32(int(self) * int(other)).value)

        def __truediv__(self, other: int) -> Number:
            exact = abs(int(self)) // abs(int(other))
            return Number(exact if (self < 0) == (other < 0) else -exact)

        def __mod__(self, other: int) -> Number:
            return Number(int(self) - int(self / other) * int(other))

    names = {name: Number(size) for name, size in zip("BFYXbfyx", [*DIMS.values()] * 2, strict=True)}
    text = "".join(f"Number({part})" if part.isdigit() else part for part in split_digits(expression))
    try:
        return int(eval(text, {"Number": Number, **names}))  # noqa: S307  of expressions drawn above
    except ZeroDivisionError:
        return None


def split_digits(text: str) -> list[str]:
    parts: list[str] = []
    for character in text:
        if parts and character.isdigit() and parts[-1].isdigit():
            parts[-1] += character
        else:
            parts.append(character)
    return parts


@example("( B-F)/2")  # C rounds towards zero
@example("(B-Y)%2")
@example("31*31*31*31*31*31*31+1")
@given(expressions)
def test_expressions_have_the_value_that_c_gives_them(expression: str) -> None:
    expected = as_c_does(expression)
    if expected is None:
        with pytest.raises(DivisionByZeroError):
            evaluate(expression, DIMS)
    else:
        assert evaluate(expression, DIMS) == expected


@given(st.text(alphabet="BFYXbfyxZ0123456789+-*/%() .,\t", max_size=12))
def test_any_text_has_a_value_or_a_problem(text: str) -> None:
    with suppress(ExpressionError):
        evaluate(text, DIMS)


@pytest.mark.parametrize("text", ["", "X ", "X+", "+X", "(X", "X)", "X Y", "1.5", "Z", "X//2", "9999999999"])
def test_what_the_plugin_does_not_take_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, DIMS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "1"),
        (False, "0"),
        (7, "7"),
        (0.1, "0.100000"),
        (1e-7, "0.000000"),
        (1e20, "100000000000000000000.000000"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        ([1, 2], "1,2"),
        ([0.5, 2.0], "0.500000,2.000000"),
        ("half", "half"),
    ],
)
def test_attributes_are_written_as_the_plugin_does(value: Any, text: str) -> None:
    assert plugin_text(value) == text


@given(st.lists(st.integers(1, 9), max_size=4))
def test_pitches_address_each_element_once(shape: list[int]) -> None:
    dims = four_dims(tuple(shape))
    for memory_format in ("BFYX", "BYXF", "FYXB", "YXFB"):
        steps = pitches(dims, memory_format)
        reached = {
            sum(index * step for index, step in zip((b, f, y, x), steps, strict=True))
            for b in range(dims[0])
            for f in range(dims[1])
            for y in range(dims[2])
            for x in range(dims[3])
        }
        assert reached == set(range(math.prod(dims)))


SOURCE = """\
/* __kernel void not_this(int a) {} */
#define WIDTH 8 // __kernel
typedef float half7;
inline float twice(float v) { return 2 * v * WIDTH; }
__kernel __attribute__((reqd_work_group_size(8, 1, 1)))
void first(const __global INPUT0_TYPE* restrict src,
           __global float * dst, const int count, __local half4 *scratch) {
    const char* text = "__kernel void neither(int b) {}";
    int index = get_global_id(0) * count;
}
kernel void second() {}
__kernel void declared_only(__global int* p);
"""


def test_kernels_are_found_with_their_arguments() -> None:
    first, second = outline(SOURCE).kernels
    assert (first.name, first.line, second.name, second.line) == ("first", 6, "second", 11)
    assert [(one.name, one.type, one.is_pointer, one.line) for one in first.arguments] == [
        ("src", "INPUT0_TYPE", True, 6),
        ("dst", "float", True, 7),
        ("count", "int", False, 7),
        ("scratch", "half4", True, 7),
    ]
    assert second.arguments == ()


def test_declared_names_are_found() -> None:
    found = {(one.name, one.kind, one.line) for one in outline(SOURCE).declared}
    assert {
        ("WIDTH", "macro", 2),
        ("half7", "type", 3),
        ("twice", "function", 4),
        ("first", "function", 6),
        ("dst", "variable", 7),
        ("text", "variable", 8),
        ("index", "variable", 9),
    } <= found
    assert not {"get_global_id"} & {name for name, _, _ in found}


@pytest.mark.parametrize(
    ("text", "name", "arguments", "is_sure"),
    [
        ("#define NAME copy\n__kernel void NAME(int a) {}", "copy", ["a"], True),
        ("__kernel void copy(int a) __attribute__((unused)) {}", "copy", ["a"], True),
        ("__kernel void copy(int a __attribute__((aligned(16), unused)), int b) {}", "copy", ["a", "b"], True),
        ("__kernel REQD_SUB_GROUP_SIZE(16) void copy(int a) {}", "copy", ["a"], True),
        ("#if 1\n__kernel void copy(int a) {}\n#endif", "copy", ["a"], False),
        ("#define OTHER __kernel void\n__kernel void copy(int a) {}", "copy", ["a"], False),
        ("__kernel void copy(const __global float4* __restrict__ a, int b[]) {}", "copy", ["a", "b"], True),
    ],
)
def test_ways_to_write_a_kernel(text: str, name: str, arguments: list[str], is_sure: bool) -> None:
    read = outline(text)
    assert [(one.name, [argument.name for argument in one.arguments]) for one in read.kernels] == [(name, arguments)]
    assert read.is_sure == is_sure


def test_a_macro_that_is_used_is_not_declared() -> None:
    text = "void f() { const INPUT0_TYPE CAT(v, 0) = (const OUTPUT0_TYPE)(1); }"
    assert {one.name for one in outline(text).declared} == {"f"}


@given(st.text(max_size=200))
def test_any_text_can_be_read_as_source(text: str) -> None:
    code = without_comments(text)
    assert code.count("\n") == text.count("\n")
    outline(text)


def test_elements_know_their_lines_and_those_of_their_attributes() -> None:
    data = b'<?xml version="1.0"?>\n<!-- two roots -->\n<A one="1"\n   two="2"><B/></A>\n<C/>\n'
    first, second = read_elements(data, FILE)
    assert (first.place.line, first.place_of("two").line, first.children[0].place.line) == (3, 4, 4)
    assert (second.tag, second.place.line) == ("C", 5)


@pytest.mark.parametrize(
    "data",
    [
        b"<!-- --- parts --- -->\n<A/>",
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<A/>',
        b"<!DOCTYPE layers>\n<A/>",
        b'\n<A options="-DX=1 && 2"/>',
        b"<!-- caf\xe9 -->\n<A/>",
        b'<!-- a declaration behind a comment --><?xml version="1.0"?>\n<A/>',
        b'\n<A one="1" one="2"/>',
        "<!-- caf\xe9 -->\n<A/>".encode("utf-16"),
        b'<?xml version="1.0" encoding="ISO-8859-1"?><!-- caf\xe9\xe9\xe9\xe9\xe9\xe9 -->\n<A/>',
        "<?xml version='1.0'?>\n<A/>".encode("utf-32-le"),
    ],
)
def test_what_the_plugin_takes_as_xml_is_taken(data: bytes) -> None:
    (element,) = read_elements(data, FILE)
    assert (element.tag, element.place.line) == ("A", 2)


@pytest.mark.parametrize(("data", "line"), [(b"<A>\n<B>\n</A>", 3), (b"<A one=1/>", 1), (b"<A/>\n\n<", 3)])
def test_damaged_xml_is_told_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(XmlError) as caught:
        read_elements(data, FILE)
    assert caught.value.line == line


@given(st.binary(max_size=100))
def test_any_bytes_are_elements_or_told(data: bytes) -> None:
    with suppress(XmlError):
        read_elements(data, FILE)


def hex_of(*numbers: int) -> str:
    return "".join(f"{byte:x} " for number in numbers for byte in number.to_bytes(4, "little"))


def test_facts_are_read_from_the_older_form_of_binaries() -> None:
    environment = [0, 0, 0, 16, *[0] * 16, 128, 0]
    text = f"Patch:\n\t4 Token 18\n\t4 Size 16\n\tHex {hex_of(0, 4096)}\n"
    text += f"Patch:\n\t4 Token 23\n\t4 Size 96\n\tHex {hex_of(*environment)}\n"
    assert _from_tokens(text, 640) == Binary(640, 16, 128, 4096)
    assert _from_tokens("Patch:\n", 640) is None


def test_facts_are_read_from_the_newer_form_of_binaries() -> None:
    text = """\
kernels:
  - name:            copy
    execution_env:
      grf_count:       256
      simd_size:       32
    per_thread_memory_buffers:
      - type:            scratch
        usage:           private_space
        size:            64
      - type:            scratch
        usage:           spill_fill_space
        size:            1024
"""
    assert _from_ze_info(text, 640) == Binary(640, 32, 256, 1024)
    assert _from_ze_info("kernels:\n", 640) is None
