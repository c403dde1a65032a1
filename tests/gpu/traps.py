"""Layers that each fall into one trap of the GPU plugin: small changes to one healthy layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ovext.findings import Level
from ovext.gpu.check import check_layer
from ovext.gpu.coverage import check_coverage
from ovext.gpu.layer import Sample, Use
from ovext.gpu.read import read_layers

if TYPE_CHECKING:
    from pathlib import Path

    from ovext.gpu.place import PlacedFinding

XML = """\
<CustomLayer name="Copy" type="SimpleGPU" version="1">
  <Kernel entry="copy">
    <Source filename="copy.cl"/>
  </Kernel>
  <Buffers>
    <Tensor arg-index="0" type="input" port-index="0" format="BYXF"/>
    <Tensor arg-index="1" type="output" port-index="0" format="BFYX"/>
  </Buffers>
  <CompilerOptions options="-cl-mad-enable"/>
  <WorkSizes global="X,Y,B*F"/>
</CustomLayer>
"""
KERNEL = """\
// Copies each element of the output's shape.
__kernel void copy(
    const __global INPUT0_TYPE* src,
    __global OUTPUT0_TYPE* dst) {
    const size_t x = get_global_id(0), y = get_global_id(1), b = get_global_id(2) / OUTPUT0_DIMS[1];
    const size_t f = get_global_id(2) % OUTPUT0_DIMS[1];
    const size_t from = b * INPUT0_PITCHES[0] + f * INPUT0_PITCHES[1] + y * INPUT0_PITCHES[2] + x * INPUT0_PITCHES[3];
    const size_t to = b * OUTPUT0_PITCHES[0] + f * OUTPUT0_PITCHES[1] + y * OUTPUT0_PITCHES[2] + x * OUTPUT0_PITCHES[3];
    dst[to] = src[from];
}
"""
DENSE_INDEX = """\
    const size_t from = ((b * INPUT0_DIMS[1] + f) * INPUT0_DIMS[2] + y) * INPUT0_DIMS[3] + x;
"""
BUFFERS = XML[XML.index("  <Buffers>") : XML.index("  <CompilerOptions")]
INPUT_LINE, OUTPUT_LINE = BUFFERS.splitlines(keepends=True)[1:3]

# What the plugin can do with a trap, other than failing with a message.
WRONG = "computes wrong numbers"
DIES = "the process dies"
FAILS = "fails in one way or another"
FINE = "works in this model"
USED = "the layer is used"
UNUSED = "the layer is not used"


@dataclass(frozen=True)
class Op:
    """The op that a layer is for, and the model that it is in."""

    type: str = "Copy"
    inputs: tuple[tuple[int, ...], ...] = ((2, 3, 5, 7),)
    outputs: tuple[tuple[int, ...], ...] = ((2, 3, 5, 7),)
    attributes: dict[str, Any] = field(default_factory=dict)
    dynamic: bool = False
    hint: str = "f32"
    same_source: bool = False  # the same tensor feeds every input
    scale: float = 1.0  # a factor of the result, to show tiny attributes

    def use(self) -> Use:
        samples = (Sample(self.inputs, self.outputs, self.attributes),)
        is_known = self.type == "Copy"
        return Use(len(self.inputs), len(self.outputs), samples, frozenset(self.attributes), is_known=is_known)


class TryLayer(Protocol):
    """Runs the layers of an XML on the plugin; the source of each program goes into the folder `programs`."""

    def __call__(self, xml: Path, op: Op, programs: Path | None = None) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Trap:
    """A change to the healthy layer, what `gpu check` must report and where, and what the plugin does."""

    name: str
    code: str
    old: str
    new: str
    line: int
    plugin: str  # part of its message, or one of the constants above
    op: Op = Op()
    in_kernel: bool = False  # whether `old` and `line` refer to the kernel
    then: tuple[str, str] | None = None  # a second replacement, in the kernel

    def write(self, folder: Path) -> Path:
        """Write the XML and its kernel, and return the path of the XML."""
        xml, kernel = (XML, KERNEL) if not self.in_kernel else (XML, KERNEL.replace(self.old, self.new, 1))
        assert self.old in (KERNEL if self.in_kernel else XML)
        if not self.in_kernel:
            xml = XML.replace(self.old, self.new, 1)
        if self.then:
            assert self.then[0] in kernel
            kernel = kernel.replace(*self.then)
        (folder / "layer.xml").write_text(xml)
        (folder / "copy.cl").write_text(kernel)
        return folder / "layer.xml"


def findings_of(xml: Path, op: Op) -> list[PlacedFinding]:
    """The findings of `gpu check` for a file's layers when it knows their op."""
    layers, found = read_layers(xml)
    found += [finding for layer in layers for finding in check_layer(layer, op.use())]
    if all(one.level is not Level.ERROR for one in found):
        found += check_coverage([(layer, op.use()) for layer in layers])
    return found


TWO_INPUTS = Op(inputs=((2, 3, 5, 7), (2, 3, 5, 7)))
CROP = Op(inputs=((1, 2, 8, 6),), outputs=((1, 2, 4, 3),))
DYNAMIC = Op(dynamic=True)
TWO_OUTPUTS = Op(inputs=((2, 3, 5, 7), (2, 3, 5, 7)), outputs=((2, 3, 5, 7), (2, 3, 5, 7)))
SECOND_INPUT = '    <Tensor arg-index="2" type="input" port-index="1" format="BYXF"/>\n'
SECOND_OUTPUT = OUTPUT_LINE.replace('"1"', '"2"').replace('port-index="0"', 'port-index="1"')
THIRD_ARGUMENT = SECOND_INPUT.replace('"2"', '"3"')
TWO_MORE_ARGUMENTS = (
    "OUTPUT0_TYPE* dst) {",
    "OUTPUT0_TYPE* dst, __global OUTPUT1_TYPE* other, const __global INPUT1_TYPE* more) {",
)
SOURCE = '<Source filename="copy.cl"/>'
SIZES = '  <WorkSizes global="X,Y,B*F"/>\n'
ONLY_NAME = '<CustomLayer name="Copy"'
THIRD_FLOATS = ("OUTPUT0_TYPE* dst) {", "OUTPUT0_TYPE* dst, __global float* own) {")
TWO_FLOATS = (
    "OUTPUT0_TYPE* dst) {",
    """OUTPUT0_TYPE* dst, __global float* zero, __global float* one) {
    *zero = 0;
    *one = 1;
    if (*zero == 1) { return; }
""",
)
UNUSED_ARGUMENT = ("OUTPUT0_TYPE* dst) {", "OUTPUT0_TYPE* dst, __global INPUT0_TYPE* more) {")
DENSE = (KERNEL[KERNEL.index("    const size_t from") : KERNEL.index("    const size_t to")], DENSE_INDEX)
# The kernel reads its third argument as the XML declares it: the first input as BFYX.
READ_AS_BFYX = (
    "OUTPUT0_TYPE* dst) {",
    """OUTPUT0_TYPE* dst, const __global INPUT0_TYPE* bfyx) {
    src = bfyx + get_global_id(0) + 7 * (get_global_id(1) + 5 * get_global_id(2));
#undef INPUT0_PITCHES
#define INPUT0_PITCHES (long []){0, 0, 0, 0}
""",
)


def _define(attributes: str) -> str:
    return f"{SOURCE}\n    <Define {attributes}/>"


def _scratch(attributes: str) -> str:
    return f'{OUTPUT_LINE}    <Tensor arg-index="2" type="internal" {attributes}/>\n'


TRAPS = [
    # The XML's form.
    Trap("not XML", "xml", "</CustomLayer>", "", 10, "Error loading custom layer configuration file"),
    Trap(
        "common root",
        "root",
        XML,
        f"<CustomLayers>\n{XML}</CustomLayers>\n",
        1,
        'expected: "CustomLayer" found: CustomLayers',
    ),
    Trap("layer type", "layer-type", "SimpleGPU", "SimpleGpu", 1, "expected: SimpleGPU found: SimpleGpu"),
    Trap("layer version", "layer-version", 'version="1"', 'version="2"', 1, "expected: 1 found: 2"),
    Trap("no name", "layer-name", ' name="Copy"', "", 1, "Missing Layer name in CustomLayer"),
    Trap("no kernel", "no-kernel", XML[XML.index("  <Kernel") : XML.index("  <Buffers")], "", 1, "Kernel"),
    Trap("no entry", "no-entry", ' entry="copy"', "", 2, "No Kernel entry in layer: Copy"),
    Trap("no buffers", "no-buffers", BUFFERS, "", 1, "Buffers"),
    Trap("ignored attribute", "ignored", "global=", "globl=", 10, WRONG),
    Trap("ignored element", "ignored", "WorkSizes", "Worksizes", 10, WRONG),
    Trap("second WorkSizes", "repeated", SIZES, f'  <WorkSizes global="1"/>\n{SIZES}', 11, WRONG),
    Trap("second layer of a name", "duplicate", XML, XML + XML.replace("X,Y,B*F", "1"), 1, WRONG),
    Trap("attribute given twice", "repeated", 'arg-index="0"', 'arg-index="0" arg-index="1"', 6, FINE),
    Trap("version with a space", "layer-version", 'version="1"', 'version="1 "', 1, "which is not an integer"),
    Trap("no layer", "no-layer", XML, "<!-- nothing -->\n", 1, "No document element found"),
    # Sources and macros.
    Trap("source without name", "source", ' filename="copy.cl"', "", 3, FAILS),
    Trap("source not there", "source", "copy.cl", "kernels/copy.cl", 3, "Couldn't open kernel file"),
    Trap("absolute source", "source-path", "copy.cl", "/nowhere/copy.cl", 3, "Couldn't open kernel file"),
    Trap("source behind a slash", "source-path", "copy.cl", "/copy.cl", 3, FINE),
    Trap("no source", "no-source", SOURCE, "", 1, "Expected to compile more than 0 kernels"),
    Trap("define without name", "define", SOURCE, _define('default="1"'), 4, "Missing name for define node"),
    Trap("define of an unknown type", "define-type", SOURCE, _define('name="N" type="bool[]" default="1"'), 4, FINE),
    Trap("define of nothing", "define-empty", SOURCE, _define('name="N"'), 4, FINE),
    Trap(
        "define of an unknown attribute",
        "define-attribute",
        SOURCE,
        _define('name="FACTOR" param="faktor" default="1"'),
        4,
        WRONG,
        Op(attributes={"factor": 3.0}),
        then=("= src[from]", "= src[from] * FACTOR"),
    ),
    Trap(
        "tiny float",
        "define-value",
        SOURCE,
        _define('name="FACTOR" param="factor" default="1"'),
        4,
        WRONG,
        Op(attributes={"factor": 1e-7}, scale=1e7),
        then=("= src[from]", "= src[from] * FACTOR * 1e7f"),
    ),
    Trap(
        "infinite float",
        "define-value",
        SOURCE,
        _define('name="FACTOR" param="factor" default="1"'),
        4,
        "CL_BUILD_PROGRAM_FAILURE",
        Op(attributes={"factor": float("inf")}),
        then=("= src[from]", "= src[from] * FACTOR"),
    ),
    Trap("define of a plugin macro", "reserved", SOURCE, _define('name="CAT" default="1"'), 4, FINE),
    Trap(
        "string of two words",
        "define-value",
        SOURCE,
        _define('name="MODE" param="mode"'),
        4,
        FINE,
        Op(attributes={"mode": "half up"}),
    ),
    # Tensors.
    Trap("no arg-index", "tensor-index", 'arg-index="0" ', "", 6, "Tensor node has no arg-index"),
    Trap("no port-index", "tensor-index", 'port-index="0" ', "", 6, "Tensor node has no port-index"),
    Trap("arg-index a word", "tensor-index", 'arg-index="0"', 'arg-index="first"', 6, "stoi"),
    Trap("arg-index with a space", "tensor-index", 'arg-index="0"', 'arg-index="0 "', 6, "which is not an integer"),
    Trap("arg-index -2", "tensor-index", 'arg-index="0"', 'arg-index="-2"', 6, "vector::_M_default_append"),
    Trap("port-index -2", "tensor-index", 'port-index="0"', 'port-index="-2"', 6, FAILS),
    Trap("tensor type", "tensor-type", 'type="input"', 'type="in"', 6, "Tensor node has an invalid type: in"),
    Trap("format in two cases", "format", "BYXF", "Byxf", 6, "Tensor node has an invalid format: Byxf"),
    Trap("format unknown", "format", "BYXF", "BFZYX", 6, "Tensor node has an invalid format: BFZYX"),
    Trap(
        "data",
        "data",
        INPUT_LINE,
        f'{INPUT_LINE}    <Data arg-index="2" name="w"/>\n',
        7,
        "Invalid custom layer param type",
    ),
    Trap("ANY on an output", "any-output", 'port-index="0" format="BFYX"', 'port-index="0" format="ANY"', 7, WRONG),
    Trap("ANY on an input", "any-input", "BYXF", "ANY", 6, FINE),
    Trap("BFYX on an input", "blocked-input", "BYXF", "BFYX", 6, FINE),
    Trap("arg-index twice", "arg-duplicate", 'arg-index="1"', 'arg-index="0"', 6, FAILS),
    Trap("arg-index left out", "arg-gap", 'arg-index="1"', 'arg-index="2"', 1, FAILS, then=UNUSED_ARGUMENT),
    Trap("too few arguments bound", "arg-count", "-cl-mad-enable", "", 2, "CL_INVALID", then=UNUSED_ARGUMENT),
    Trap(
        "too many arguments bound",
        "arg-count",
        OUTPUT_LINE,
        OUTPUT_LINE + INPUT_LINE.replace('"0" type', '"2" type'),
        2,
        "CL_INVALID_ARG_INDEX",
    ),
    Trap("input not bound", "input-unbound", "-cl-mad-enable", "", 1, "Program doesn't contain primitive", TWO_INPUTS),
    Trap(
        "input port too high", "port-range", 'port-index="0"', 'port-index="1"', 6, "Program doesn't contain primitive"
    ),
    Trap(
        "input in two formats",
        "two-formats",
        OUTPUT_LINE,
        OUTPUT_LINE + INPUT_LINE.replace('"0" type', '"2" type').replace("BYXF", "BFYX"),
        8,
        WRONG,
        then=READ_AS_BFYX,
    ),
    Trap(
        "output port too high",
        "output-port",
        'type="output" port-index="0"',
        'type="output" port-index="1"',
        7,
        "allocated output memory is necessary",
    ),
    Trap(
        "argument of another tensor's type",
        "arg-type",
        "INPUT0_TYPE* src",
        "OUTPUT0_TYPE* src",
        3,
        FINE,
        in_kernel=True,
    ),
    Trap("dense index", "pitches", "-cl-mad-enable", "", 6, WRONG, then=DENSE),
    Trap(
        "second output port instead of the first",
        "output-count",
        OUTPUT_LINE,
        OUTPUT_LINE.replace('port-index="0"', 'port-index="1"') + SECOND_INPUT,
        1,
        "allocated output memory is necessary",
        TWO_INPUTS,
        then=("OUTPUT0_TYPE* dst) {", "OUTPUT0_TYPE* dst, const __global INPUT1_TYPE* more) {"),
    ),
    Trap("output not bound", "output-count", OUTPUT_LINE, "", 1, FAILS),
    Trap(
        "two outputs of fixed shapes",
        "several-outputs",
        OUTPUT_LINE,
        OUTPUT_LINE + SECOND_OUTPUT + THIRD_ARGUMENT,
        1,
        "static model only support one output",
        TWO_OUTPUTS,
        then=TWO_MORE_ARGUMENTS,
    ),
    Trap(
        "two outputs of dynamic shapes",
        "several-outputs",
        OUTPUT_LINE,
        OUTPUT_LINE + SECOND_OUTPUT + THIRD_ARGUMENT,
        1,
        FINE,
        Op(inputs=TWO_OUTPUTS.inputs, outputs=TWO_OUTPUTS.outputs, dynamic=True),
        then=TWO_MORE_ARGUMENTS,
    ),
    Trap(
        "two outputs, one not BFYX",
        "output-format",
        OUTPUT_LINE,
        OUTPUT_LINE + SECOND_OUTPUT.replace("BFYX", "BYXF") + THIRD_ARGUMENT,
        8,
        "Multiple outputs with non-default formats",
        Op(inputs=TWO_OUTPUTS.inputs, outputs=TWO_OUTPUTS.outputs, dynamic=True),
        then=TWO_MORE_ARGUMENTS,
    ),
    Trap(
        "rank 5",
        "rank",
        "-cl-mad-enable",
        "",
        1,
        "Unexpected elements count",
        Op(inputs=((1, 2, 3, 4, 5),), outputs=((1, 2, 3, 4, 5),)),
    ),
    Trap(
        "rank 5, dynamic",
        "rank",
        "-cl-mad-enable",
        "",
        1,
        WRONG,
        Op(inputs=((1, 2, 3, 4, 5),), outputs=((1, 2, 3, 4, 5),), dynamic=True),
    ),
    # Scratch buffers.
    *(
        Trap(name, code, OUTPUT_LINE, _scratch(attributes), 8, plugin, then=THIRD_FLOATS)
        for name, code, attributes, plugin in [
            ("scratch without size", "scratch-size", 'port-index="0"', "Internal buffer requires a size attribute"),
            (
                "scratch in B, F, Y and X",
                "scratch-size",
                'port-index="0" size="B*F*4"',
                "Failed to parse internal buffer",
            ),
            ("scratch of no bytes", "scratch-size", 'port-index="0" size="INPUT0_DIMS[0]-2"', "non-positive value"),
            ("scratch of too many bytes", "scratch-size", 'port-index="0" size="65536*65536"', "non-positive value"),
            ("scratch by another input", "scratch-size", 'port-index="0" size="INPUT1_DIMS[0]"', "Failed to parse"),
            ("scratch by a fifth dimension", "scratch-size", 'port-index="0" size="INPUT0_DIMS[4]"', "Failed to parse"),
            ("scratch that divides by zero", "size-zero-division", 'port-index="0" size="8/(INPUT0_DIMS[0]-2)"', DIES),
        ]
    ),
    Trap(
        "scratch from 1 on",
        "scratch-port",
        OUTPUT_LINE,
        _scratch('port-index="1" size="4"'),
        1,
        "allocated intermediate memory is necessary",
        then=THIRD_FLOATS,
    ),
    Trap(
        "two scratch buffers of one number",
        "scratch-port",
        OUTPUT_LINE,
        _scratch('port-index="0" size="4"')
        + _scratch('port-index="0" size="4"').splitlines(True)[1].replace('"2"', '"3"'),
        9,
        WRONG,
        then=TWO_FLOATS,
    ),
    Trap("size of an input", "ignored", 'type="input"', 'type="input" size="4"', 6, FINE),
    # Work sizes.
    Trap(
        "sizes for rank 4 only",
        "work-items",
        "X,Y,B*F",
        "X,Y,F",
        10,
        WRONG,
        Op(inputs=((3, 5, 7),), outputs=((3, 5, 7),)),
    ),
    Trap("batches left out", "work-items", "X,Y,B*F", "X,Y,F", 10, WRONG),
    Trap("one item for each element along one dimension", "out-of-bounds", "X,Y,B*F", "B*F*Y*X", 2, WRONG),
    Trap(
        "half of an output",
        "work-items",
        SIZES,
        SIZES,
        10,
        WRONG,
        then=("    dst[to]", "    if (x % 2 == 1) { return; }\n    dst[to]"),
    ),
    Trap("comma at the end", "size-syntax", "X,Y,B*F", "X,Y,B*F,", 10, FINE),
    Trap("two commas", "size-syntax", "X,Y,B*F", "X,,Y,B*F", 10, "Invalid WorkSize"),
    Trap(
        "dim of the input",
        "dim-ignored",
        "global=",
        'dim="input,0" global=',
        10,
        WRONG,
        CROP,
        then=(
            "    const size_t from",
            "    if (get_global_size(0) == OUTPUT0_DIMS[3]) { return; }\n    const size_t from",
        ),
    ),
    Trap("dim as documented", "dim", "global=", 'dim="input 0" global=', 10, "Invalid WG dim source: input 0"),
    Trap("dim too high", "dim", "global=", 'dim="input,4" global=', 10, "Invalid input tensor for index: 4"),
    Trap(
        "dim with dynamic shapes",
        "dim-ignored",
        "global=",
        'dim="input,0" global=',
        10,
        "to_shape was called on a dynamic",
        DYNAMIC,
    ),
    Trap("no work sizes, dynamic", "no-global", SIZES, "", 1, "to_shape was called on a dynamic", DYNAMIC),
    Trap(
        "no global size, dynamic",
        "no-global",
        ' global="X,Y,B*F"',
        ' local=""',
        10,
        "Count is called for dynamic shape",
        DYNAMIC,
    ),
    Trap("space at the end", "size-syntax", "X,Y", "X ,Y", 10, "basic_string::at"),
    Trap("sign", "size-syntax", "X,Y", "-X,Y", 10, FAILS),
    Trap("decimal", "size-syntax", "X,Y", "X*1.0,Y", 10, "Invalid WorkSize"),
    Trap("unknown variable", "size-syntax", "X,Y", "X*Z,Y", 10, "Invalid WorkSize"),
    Trap("number too large", "size-syntax", "X,Y", "X*9999999999,Y", 10, "stoi"),
    Trap("four sizes", "size-count", "X,Y,B*F", "X,Y,B,F", 10, "CL_INVALID_WORK_DIMENSION"),
    Trap("division by zero", "size-zero-division", "X,Y", "X/(Y-1),Y", 10, DIES),
    Trap("negative size", "size-negative", "X,Y,B*F", "X,Y,B-F", 10, FAILS),
    Trap("size zero", "size-zero", "X,Y", "X/8,Y", 10, WRONG),
    Trap(
        "local does not divide",
        "local-size",
        'global="X,Y,B*F"',
        'global="X,Y,B*F" local="4,1,1"',
        10,
        "CL_INVALID_WORK_GROUP_SIZE",
    ),
    Trap("local too large", "local-large", 'global="X,Y,B*F"', 'global="512*X,Y,B*F" local="512,1,1"', 10, FAILS),
    Trap("local product", "local-large", 'global="X,Y,B*F"', 'global="512*X,Y,B*F" local="32*16,1,1"', 10, FAILS),
    # The kernel.
    Trap(
        "float pointer",
        "fixed-type",
        "const __global INPUT0_TYPE*",
        "const __global float*",
        3,
        FAILS,
        Op(hint="f16"),
        in_kernel=True,
    ),
    Trap(
        "two kernels",
        "kernel-count",
        "// Copies",
        "__kernel void other(__global int* p) { *p = 0; }\n// Copies",
        3,
        "Number of compiled kernels is different",
        in_kernel=True,
    ),
    Trap(
        "no kernel in the source",
        "kernel-count",
        "__kernel ",
        "",
        1,
        "Expected to compile more than 0 kernels",
        in_kernel=True,
    ),
    Trap("another entry", "entry", "void copy", "void copie", 2, "Could not find entry point", in_kernel=True),
    Trap(
        "variable named as a macro",
        "reserved",
        "const size_t x ",
        "const int TYPE_SIZE_int = 1;\n    const size_t x ",
        5,
        "CL_BUILD_PROGRAM_FAILURE",
        in_kernel=True,
    ),
    Trap(
        "function named as a macro",
        "reserved",
        "// Copies",
        "inline char CAT(char a) { return a; }\n// Copies",
        1,
        "CL_BUILD_PROGRAM_FAILURE",
        in_kernel=True,
    ),
    Trap(
        "variable named as a macro with parameters",
        "reserved",
        "const size_t x ",
        "const int CAT = 1;\n    const size_t x ",
        5,
        FINE,
        in_kernel=True,
    ),
    Trap(
        "macro of the plugin defined anew", "reserved", "// Copies", "#define CAT 1\n// Copies", 1, FINE, in_kernel=True
    ),
    Trap(
        "type of the plugin",
        "reserved",
        "// Copies",
        "typedef float half7;\n// Copies",
        1,
        "CL_BUILD_PROGRAM_FAILURE",
        in_kernel=True,
    ),
    Trap(
        "function of the plugin",
        "reserved",
        "// Copies",
        "inline uint get_b_fs_yx_fsv_index(uint a) { return a; }\n// Copies",
        1,
        FAILS,
        in_kernel=True,
    ),
    Trap(
        "include",
        "include",
        "// Copies",
        '#include "other.h"\n// Copies',
        1,
        "CL_BUILD_PROGRAM_FAILURE",
        in_kernel=True,
    ),
    Trap(
        "define that describes the layer",
        "reserved",
        SOURCE,
        _define('name="OUTPUT0_PITCHES" default="(long []){1,1,1,1}"'),
        4,
        WRONG,
    ),
    Trap(
        "further parameters for a function of the plugin",
        "reserved",
        "// Copies",
        "inline float unpack_to_float(char4 v) { return 0; }\n// Copies",
        1,
        FINE,
        in_kernel=True,
    ),
    Trap("unknown option", "options", "-cl-mad-enable", "-cl-mad-enabled", 9, "CL_INVALID_BUILD_OPTIONS"),
    Trap("word among options", "options", "-cl-mad-enable", "fast", 9, "CL_INVALID_BUILD_OPTIONS"),
    Trap("open quote", "options", "-cl-mad-enable", "-DSAY=&quot;hi", 9, FINE),
    # The layer's name.
    Trap(
        "spelled as in an IR",
        "op-type",
        ONLY_NAME,
        '<CustomLayer name="ReLU"',
        1,
        UNUSED,
        Op(type="ReLU"),
    ),
    Trap("own name in small letters", "op-type", ONLY_NAME, '<CustomLayer name="cosh"', 1, FINE, Op(type="cosh")),
    Trap("name of an own op", "own-op", ONLY_NAME, '<CustomLayer name="Relu"', 1, USED, Op(type="Relu")),
]
