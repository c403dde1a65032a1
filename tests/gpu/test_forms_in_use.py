"""Layer files in the forms that vendors and users publish: what is told of each, and what the plugin does with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gpu.traps import Op, TryLayer, findings_of
from ovext.findings import Level

PLACE = "b * OUTPUT0_PITCHES[0] + f * OUTPUT0_PITCHES[1] + y * OUTPUT0_PITCHES[2] + x * OUTPUT0_PITCHES[3]"
FLAT = """\
__kernel void copy(const __global INPUT0_TYPE* in0, __global OUTPUT0_TYPE* out) {
    const uint idx = get_global_id(0);
    out[idx] = in0[idx];
}
"""


@dataclass(frozen=True)
class Form:
    """An XML, its sources, the op that it is for, and the codes of the errors."""

    xml: str
    sources: dict[str, str]
    op: Op = field(default_factory=Op)
    errors: frozenset[str] = frozenset()


def buffers(source: str = 'format="BFYX"', result: str = 'format="BFYX"', port: int = 0) -> str:
    return f"""\
  <Buffers>
    <Tensor arg-index="0" port-index="0" type="input" {source}/>
    <Tensor arg-index="1" port-index="{port}" type="output" {result}/>
  </Buffers>"""


FORMS = {
    "one item for each element": Form(
        f"""\
<CustomLayer name="Copy" type="SimpleGPU" version="1">
  <Kernel entry="copy"><Source filename="copy.cl"/></Kernel>
{buffers()}
  <CompilerOptions options="-cl-mad-enable"/>
  <WorkSizes global="B*F*Y*X"/>
</CustomLayer>""",
        {"copy.cl": FLAT},
    ),
    "generated file with several layers, common sources and fixed sizes": Form(
        f"""\
<?xml version="1.0" encoding="UTF-8"?>
<!-- made by a script -->

<!-- the first stage -->
<CustomLayer name="Other" type="SimpleGPU" version="1">
  <Kernel entry="other">
    <Source filename="cl/types.cl"/>
    <Source filename="cl/other.cl"/>
  </Kernel>
{buffers('format="bfyx"', 'format="bfyx"')}
  <WorkSizes global="B*F*Y*X,1,1" local="1,1,1"/>
</CustomLayer>

<!-- the second -->
<CustomLayer name="Copy" type="SimpleGPU" version="1">
  <Kernel entry="copy">
    <Source filename="cl/types.cl"/>
    <Source filename="cl/copy.cl"/>
  </Kernel>
{buffers('format="bfyx"', 'format="bfyx"')}
  <CompilerOptions options="-cl-fp32-correctly-rounded-divide-sqrt"/>
  <WorkSizes global="64,1,1" local="64,1,1"/>
</CustomLayer>
""",
        {
            "cl/types.cl": "#define SIZE (OUTPUT0_DIMS[0] * OUTPUT0_DIMS[1] * OUTPUT0_DIMS[2] * OUTPUT0_DIMS[3])\n",
            "cl/other.cl": FLAT.replace("copy(", "other("),
            "cl/copy.cl": FLAT.replace(
                "    const uint idx = get_global_id(0);\n    out[idx] = in0[idx];",
                "    for (uint idx = get_local_id(0); idx < SIZE; idx += get_local_size(0)) { out[idx] = in0[idx]; }",
            ),
        },
    ),
    "template with comments, which loops in each item": Form(
        f"""\
<CustomLayer name="Copy" type="SimpleGPU" version="1">
    <Kernel entry="copy">
        <Source filename="copy.cl"/>
        <!-- Parameters description /-->
    </Kernel>
    <!-- Buffer descriptions /-->
{buffers()}
    <CompilerOptions options="-cl-mad-enable"/>
    <!-- define the global worksize: global="B*F*Y*X,1,1"/-->
    <WorkSizes global="B,F"/>
</CustomLayer>
""",
        {
            "copy.cl": FLAT.replace("get_global_id(0)", "0").replace(
                "    out[idx] = in0[idx];",
                "    for (int i = 0; i < INPUT0_DIMS[0] * INPUT0_DIMS[1] * INPUT0_DIMS[2] * INPUT0_DIMS[3]; i++)\n"
                "    {\n        out[i + idx] = in0[i];\n    }",
            )
        },
    ),
    "output numbered behind the inputs": Form(
        f"""\
<CustomLayer name="Copy" type="SimpleGPU" version="1">
  <Kernel entry="copy"><Source filename="copy.cl"/></Kernel>
{buffers(port=1)}
  <WorkSizes global="B*F*Y*X"/>
</CustomLayer>""",
        {"copy.cl": FLAT},
        errors=frozenset({"output-port", "output-count"}),
    ),
    "macro for an attribute, and places by pitches": Form(
        f"""\
<CustomLayer name="Copy" type="SimpleGPU" version="1">
  <Kernel entry="copy">
    <Source filename="copy.cl"/>
    <Define name="neg_slope" type="float" param="factor" default="0.0"/>
  </Kernel>
{buffers('format="YXFB"', 'format="BYXF"')}
  <CompilerOptions options="-cl-mad-enable"/>
  <WorkSizes global="X,Y,B*F"/>
</CustomLayer>""",
        {
            "copy.cl": f"""\
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
__kernel void copy(const __global INPUT0_TYPE*  input0, __global OUTPUT0_TYPE* output)
{{
    const uint x = get_global_id(0);
    const uint y = get_global_id(1);
    const uint bf = get_global_id(2);
    const uint b = bf / OUTPUT0_DIMS[1], f = bf % OUTPUT0_DIMS[1];
    INPUT0_TYPE value = input0[{PLACE.replace("OUTPUT0", "INPUT0")}];
    output[{PLACE}] = value < 0 ? value : value * neg_slope;
}}
"""
        },
        Op(attributes={"factor": 3.0}),
    ),
    "kernel for f32 alone, in the plugin's default precision": Form(
        f"""\
<CustomLayer name="Copy" type="SimpleGPU" version="1">
  <Kernel entry="copy"><Source filename="copy.cl"/></Kernel>
{buffers()}
  <WorkSizes global="B*F*Y*X"/>
</CustomLayer>""",
        {"copy.cl": FLAT.replace("INPUT0_TYPE", "float").replace("OUTPUT0_TYPE", "float")},
        Op(hint="f16"),
        errors=frozenset({"fixed-type"}),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_in_use_is_read_as_the_plugin_reads_it(form: str, tmp_path: Path, try_layer: TryLayer) -> None:
    one = FORMS[form]
    for name, text in {"layer.xml": one.xml, **one.sources}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    findings = findings_of(tmp_path / "layer.xml", one.op)
    assert {finding.code for finding in findings if finding.level is Level.ERROR} == one.errors
    answer = try_layer(tmp_path / "layer.xml", one.op)
    assert (answer == {"agrees": True, "custom": True}) == (not one.errors), answer
