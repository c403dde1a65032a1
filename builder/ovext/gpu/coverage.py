"""Which elements of its outputs a kernel writes: its text is computed for all work items at once."""

from __future__ import annotations

import math
import re
from functools import cache, partial
from typing import TYPE_CHECKING

from pycparser import CParser, c_ast
from pycparser.c_parser import ParseError

from ovext.errors import ToolError, UnreadableFileError
from ovext.gpu.evaluator import Launch
from ovext.gpu.expressions import ExpressionError
from ovext.gpu.layer import MAX_RANK, is_float
from ovext.gpu.place import Place, error, warning
from ovext.gpu.prelude import built_ins
from ovext.gpu.sizes import work_sizes_of
from ovext.gpu.source import without_comments
from ovext.gpu.values_of_items import UnreadableError
from ovext.gpu.work_items import WorkItems
from ovext.inspect.limits import Limits, within_limits
from ovext.toolchain.compiler import find_compiler
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ovext.gpu.layer import Layer, Sample, Use
    from ovext.gpu.place import PlacedFinding
    from ovext.gpu.work_items import Accesses

_MOST_ITEMS = 1 << 20
_LIMITS = Limits(memory=1 << 30, seconds=5, unpacked=0)
# A macro that is an array, as the plugin describes tensors and work sizes, and the only text that sizes change.
_TABLE = re.compile(r"#define (\w+) \(u?long \[\]\)\{ (.*)\} |#define \w+_INIT .*")
_TYPE = re.compile(r"#define ((?:IN|OUT)PUT\d+_TYPE) (\w+)")
_GIVEN = re.compile(r"""(?:^|\s)-D\s*["']?(\w+)(?:=([^\s"']*))?""")
_DEFINED = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
_CONDITION = re.compile(r"^[ \t]*#[ \t]*(?:el)?if(?:n?def)?\b(.*)$", re.MULTILINE)
_FORMAT = re.compile(r"(IN|OUT)PUT\d+_FORMAT_\w+")
_UNKNOWN_NUMBER = "1.5f"
_compiler = cache(find_compiler)
_COVER = 'Let the work sizes cover the output: global = ["X", "Y", "B*F"] has an item for each element.'
_NOTHING = (
    *("kernel", "global", "local", "constant", "private", "read_only", "write_only", "restrict", "inline"),
    *("__kernel", "__global", "__local", "__constant", "__private", "__read_only", "__write_only"),
    *("__restrict", "__restrict__", "__inline", "__attribute__(x)"),
)
_PREPROCESS = ("-x", "c", "-E", "-P", "-undef", "-nostdinc", "-w")
_UNSIGNED = {"uchar": "unsigned char", "ushort": "unsigned short", "uint": "unsigned int", "ulong": "unsigned long"}
_BASES = ("char", "uchar", "short", "ushort", "int", "uint", "long", "ulong", "half", "float", "double")


def check_coverage(layers: Sequence[tuple[Layer, Use]]) -> list[PlacedFinding]:
    """What layers leave unwritten or access outside, for the samples of ops that are known.

    The layers must have no other errors. Of one whose text takes too long, or was not thought of, nothing is said.
    """
    known = [(layer, use) for layer, use in layers if use.is_known]
    try:
        return within_limits(lambda: list(filter(None, (_first_problem(*one) for one in known))), _LIMITS)
    except UnreadableFileError:
        return [found for one in known for found in check_coverage([one])] if len(known) > 1 else []


def _first_problem(layer: Layer, use: Use) -> PlacedFinding | None:
    parsed = cache(partial(_parsed, layer.entry))  # most samples have the same text
    return next(filter(None, (_for_sample(layer, sample, parsed) for sample in use.samples)), None)


def _for_sample(layer: Layer, sample: Sample, parsed: Callable[[str], c_ast.FuncDef]) -> PlacedFinding | None:
    elements = [math.prod(shape) for shape in sample.outputs]
    ranks = {len(shape) for shape in (*sample.inputs, *sample.outputs)}
    try:
        sizes, local_sizes = work_sizes_of(layer, sample)
    except ExpressionError:
        return None  # the rules on work sizes report it
    items = math.prod(sizes)
    if not all(elements) or max(ranks) > MAX_RANK or not 0 < items <= _MOST_ITEMS:
        return None
    try:
        return _problem(layer, sample, _accesses(layer, sample, parsed, sizes, local_sizes))
    except UnreadableError as reason:
        if items >= max(elements) or reason.may_write_more:
            return None
        text = f"for {sample} there are {items} work items for {max(elements)} elements of an output"
        return warning(
            "work-items", layer.place_of_sizes, f"{text}, and which of them the kernel writes cannot be read", _COVER
        )


def _place_of_kernel(layer: Layer) -> Place:
    found = [Place(one.file, kernel.line) for one in layer.sources for kernel in one.outline.kernels]
    return found[0] if found else layer.place


def _problem(layer: Layer, sample: Sample, accesses: Accesses) -> PlacedFinding | None:
    tensors = {one.argument: one for one in (*layer.bound("input"), *layer.bound("output"))}
    for argument, count in accesses.outside.items():
        what = f"{tensors[argument].kind} {tensors[argument].port}"
        text = f"for {sample} work items access memory outside of {what} ({count} times)"
        fix = "Check the index, and return early in items that have no element."
        return error("out-of-bounds", _place_of_kernel(layer), text, fix)
    for argument, written in accesses.written.items():
        port = tensors[argument].port
        wanted = math.prod(sample.outputs[port])
        if written < wanted:
            text = f"for {sample} the kernel writes {written} of the {wanted} elements of output {port}"
            return error("work-items", layer.place_of_sizes, f"{text}; the others stay undefined", _COVER)
    return None


def _accesses(
    layer: Layer, sample: Sample, parsed: Callable[[str], c_ast.FuncDef], sizes: list[int], local_sizes: list[int]
) -> Accesses:
    """What the kernel reads and writes.

    Raises:
        UnreadableError: the kernel's text does not show it.
    """
    types = ["f32"] * (len(sample.inputs) + len(sample.outputs))  # of no importance here
    described = built_ins(layer, sample, types)
    tables = {
        match[1]: [*map(int, match[2].split(",")[:-1])]
        for line in described
        if (match := _TABLE.fullmatch(line)) and match[1]
    }
    plain = [_TYPE.sub(r"typedef \2 \1;", line) for line in described if not _TABLE.fullmatch(line)]
    defines = [
        f"#define {one.name} {_UNKNOWN_NUMBER if is_float(one, sample) else one.text(sample.attributes)}"
        for one in layer.defines
    ]
    given = [f"#define {name} {value or '1'}" for name, value in _GIVEN.findall(layer.options)]
    sources = [without_comments(source.text or "") for source in layer.sources]
    program = "\n".join([*plain, *given, *defines, *sources])
    _check_conditions(program)
    kernel = parsed(program)
    tensors = [*layer.bound("input"), *layer.bound("output")]
    elements = {one.argument: math.prod(sample.shape(one.kind, one.port)) for one in tensors}
    outputs = [one.argument for one in layer.bound("output")]
    return WorkItems(Launch(sizes, local_sizes, tables), elements, outputs).run(kernel)


def _check_conditions(program: str) -> None:
    """Raise UnreadableError if macros of compilers decide what the kernel's code is."""
    known = {"defined", *_DEFINED.findall(program)}
    for condition in _CONDITION.findall(program.replace("\\\n", " ")):
        for name in re.findall(r"[A-Za-z_]\w*", condition):
            if name not in known and not _FORMAT.fullmatch(name):
                raise UnreadableError(f"{name} decides what is compiled", may_write_more=True)


def _parsed(entry: str, program: str) -> c_ast.FuncDef:
    try:
        code = _preprocessed(program)
        unit = CParser().parse(_types_in(code) + code)
    except (ParseError, AssertionError, RecursionError) as problem:
        raise UnreadableError(f"it is not plain C: {problem}", may_write_more=True) from None
    for part in unit.ext:
        if isinstance(part, c_ast.FuncDef) and part.decl.name == entry:
            return part
    raise UnreadableError("the entry is missing", may_write_more=True)


def _preprocessed(program: str) -> str:
    defines = [f"-D{name}=" for name in _NOTHING]
    try:
        command = [str(_compiler().path), *_PREPROCESS, *defines, "-"]
        done = run(command, stdin=program, timeout=60)
    except (ToolError, ValueError) as problem:
        raise UnreadableError(str(problem), may_write_more=True) from None
    return "\n".join(line for line in done.output.splitlines() if not line.startswith("#"))


def _types_in(code: str) -> str:
    """Declarations of those types of OpenCL C that the code uses; vectors need no layout here."""
    words = set(re.findall(r"\w+", code))
    scalars = {**_UNSIGNED, "half": "float", "bool": "int", "size_t": "unsigned long", "ptrdiff_t": "long"}
    vectors = {f"{base}{n}": _UNSIGNED.get(base, "float") for base in _BASES for n in (2, 3, 4, 8, 16)}
    return "".join(f"typedef {full} {name};\n" for name, full in {**scalars, **vectors}.items() if name in words)
