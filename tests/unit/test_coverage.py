"""What a kernel writes, by its text alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ovext.findings import Level
from ovext.gpu.coverage import check_coverage
from ovext.gpu.layer import Layer, Sample, Source, Tensor, Use, WorkSizes
from ovext.gpu.place import Place

SHAPE = (2, 3, 4, 5)
HERE = Place(Path("layer.xml"), 1)
ARGUMENTS = "const __global INPUT0_TYPE* src, __global OUTPUT0_TYPE* dst"


def findings(
    body: str,
    sizes: str = "B*F*Y*X",
    local: str = "",
    *,
    before: str = "",
    options: str = "",
    arguments: str = ARGUMENTS,
) -> list[tuple[Level, str]]:
    """The level and the counts of what a kernel with this body, for 120 elements, leaves out or accesses outside."""
    text = f"{before}\n__kernel void k({arguments}) {{ const uint i = get_global_id(0); {body} }}"
    layer = Layer(
        op="Op",
        entry="k",
        sources=(Source(Path("k.cl"), text, HERE),),
        defines=(),
        tensors=(Tensor(0, "input", 0, "BFYX", HERE), Tensor(1, "output", 0, "BFYX", HERE)),
        options=options,
        options_place=HERE,
        work_sizes=WorkSizes(sizes, local, None, HERE),
        place=HERE,
    )
    found = check_coverage([(layer, Use(1, 1, (Sample((SHAPE,), (SHAPE,), {}),)))])
    return [
        (one.level, " ".join(re.findall(r"writes \d+|outside of \w+ \d|\d+ times|(?<![\dx])\d+ work items", one.text)))
        for one in found
    ]


@pytest.mark.parametrize(
    ("body", "sizes", "local"),
    [
        ("dst[i] = src[i];", "B*F*Y*X", ""),
        ("for (uint j = i; j < 120; j += get_global_size(0)) { dst[j] = src[j]; }", "7", ""),
        ("int j = 119; do { dst[j] = src[j]; } while (j-- > 0);", "1", ""),
        ("uint j = 0; while (1) { if (j >= 4) break; dst[i * 4 + j] = 0; ++j; }", "30", ""),
        ("for (int j = 0; j < 4; ++j) { if (j == 2) { dst[i * 4 + 2] = 1; continue; } dst[i * 4 + j] = 0; }", "30", ""),
        ("if (i >= 120) { return; } dst[i] = 1;", "(B*F*Y*X+63)/64*64", "64"),
        ("const uint j = get_group_id(0) * get_local_size(0) + get_local_id(0); dst[j] = 1;", "B*F*Y*X", "10"),
        ("__global OUTPUT0_TYPE* to = dst + i * 2; *to++ = 1; *to = 2;", "60", ""),
        ("vstore4((float4)(0), i, (__global float*)dst);", "30", ""),
        ("if (src[i] > 0) { dst[i] = src[i]; } else { dst[i] = 0; }", "B*F*Y*X", ""),
        ("if (src[i] > 0) { return; } dst[i] = src[i];", "B*F*Y*X", ""),
        ("dst[i < 60 ? i : i] = 0;", "B*F*Y*X", ""),
        ("dst[min(i, (uint)119)] = 0;", "B*F*Y*X", ""),
        ("int n = 0; while (src[n] > 0) ++n; dst[i] = n;", "B*F*Y*X", ""),
        ("if ((int)i - 5 < 0) { dst[i] = 1; } else { dst[i] = 2; }", "B*F*Y*X", ""),
        ("if (i - 5 < 1000) { dst[i] = 1; } if (i - 5 >= 1000) { dst[i] = 1; }", "B*F*Y*X", ""),
        ("dst[mad24((int)i, 1, 0)] = 0;", "B*F*Y*X", ""),
        ("dst[(i & 7) | (i >> 3 << 3)] = 0;", "B*F*Y*X", ""),
        ("dst[i / OUTPUT0_DIMS[3] * OUTPUT0_PITCHES[2] + i % OUTPUT0_DIMS[3]] = 0;", "B*F*Y*X", ""),
        ("uint j = 0; j = (int)i; if (j - 5 < 0) { return; } dst[i] = 0;", "B*F*Y*X", ""),
        ("uchar j = i + 250; dst[i < 6 || j < 250 ? i : 0] = 0;", "B*F*Y*X", ""),
        ("uint j = i * 1664525u * 1664525u; dst[i] = j < 7u ? src[j] : 0;", "B*F*Y*X", ""),
        ("dst[get_global_id(i % 2) * 0 + i] = 0;", "B*F*Y*X", ""),
        ("short j = (short)i; unsigned char c = 3; long k = c; dst[j + k - 3] = 0;", "B*F*Y*X", ""),
        ("barrier(CLK_LOCAL_MEM_FENCE); atomic_inc((__local int*)0); dst[i] = 0;", "B*F*Y*X", ""),
    ],
)
def test_a_kernel_that_writes_all_has_no_finding(body: str, sizes: str, local: str) -> None:
    assert findings(body, sizes, local) == []


OUT = "__global OUTPUT0_TYPE*"


@pytest.mark.parametrize(
    ("body", "sizes"),
    [
        ("int a = 0; int* p = &a; *p = i; dst[a] = 0;", "B*F*Y*X"),
        ("int a = 0; split(i, &a); dst[a] = 0;", "B*F*Y*X"),
        (f"{OUT} o; if (i & 1) o = dst; else o = dst + 0; o[i] = 0;", "B*F*Y*X"),
        (
            f"{OUT} o = dst + i * 5; if (src[i] > 0) {{ o++; *o = 1; o--; }} for (int k = 0; k < 5; ++k) o[k] = k;",
            "24",
        ),
        (f"{OUT} o = dst; if (src[i] > 0) {{ o += 0; }} o[i] = 0;", "B*F*Y*X"),
        (
            f"int n = src[0], k = 0; {OUT} o = dst + i * 5; for (; k < n; k++) *o++ = 1; for (; k < 5; k++) *o++ = 0;",
            "24",
        ),
        ("view t = {dst}; t.p[i] = 0;", "B*F*Y*X"),
        ("view t; t.p = dst; t.p[i] = 0;", "B*F*Y*X"),
        (f"{OUT} q[2] = {{dst, dst + 60}}; q[0][i] = 0;", "B*F*Y*X"),
        (
            "__global OUTPUT0_TYPE (*o)[2] = (__global OUTPUT0_TYPE(*)[2])dst; o[i][0] = 0; o[i][1] = 0;",
            "60",
        ),
        (f"*({OUT})((ulong)dst + i * sizeof(OUTPUT0_TYPE)) = 0;", "B*F*Y*X"),
        ("((__global view*)dst + i)->p = 0;", "60"),
        ("((__global uint*)dst)[i] = 0;", "60"),
        ("((__global wide*)dst)[i] = (wide)(0);", "30"),
        (
            "*(__global float*)((__global char*)dst + 4 * i) = *(__global float*)((__global char*)src + 4 * i);",
            "B*F*Y*X",
        ),
        ("\n#ifdef __OPENCL_VERSION__\n dst[i] = 0;\n#endif\n", "B*F*Y*X"),
        ("\n#if defined(cl_khr_fp16) && 1\n dst[i] = 0;\n#endif\n", "B*F*Y*X"),
        ("\n#ifndef INPUT0_FORMAT_BYXF\n dst[i] = 0;\n#endif\n", "B*F*Y*X"),
        ("int k; for (k = 0; k < 4; k++) if (src[k] == 1) break; dst[i / 5 * 5 + k] = 1;", "B*F*Y*X"),
        ("int n = 0; for (int k = 0; k < 120; k++) { if (src[k] > src[i]) continue; n++; } dst[n] = 1;", "B*F*Y*X"),
        ("int n = i; src[i] < 0 ? n++ : 0; dst[n] = 1;", "B*F*Y*X"),
        ("int n = i; (src[i] < 0 && ++n); dst[n] = 1;", "B*F*Y*X"),
        ("bool odd = i & 64; dst[i] = src[i - 64 * odd];", "B*F*Y*X"),
        ("put(dst, src, i);", "30"),
    ],
)
def test_what_the_text_does_not_show_is_no_finding(body: str, sizes: str) -> None:
    before = "typedef struct { __global float* p; } view; typedef float4 wide;"
    assert findings(body, sizes, before=before) == []


def test_options_decide_what_is_compiled() -> None:
    body = "\n#if PER == 1\n dst[i] = 0;\n#else\n dst[0] = 0;\n#endif\n"
    assert findings(body, options="-w -DPER=1") == []
    assert findings(body, options="-D PER=2") == [(Level.ERROR, "writes 1")]


def test_a_kernel_for_vectors_is_not_judged() -> None:
    assert findings("dst[i] = (float4)(0);", "30", arguments="const __global float4* src, __global float4* dst") == []


@pytest.mark.parametrize(
    ("body", "sizes", "written"),
    [
        ("dst[i] = src[i];", "B*F*Y", "24"),
        ("dst[i / 2] = src[i];", "B*F*Y*X", "60"),
        ("if (i < 100) { dst[i] = 1; }", "B*F*Y*X", "100"),
        ("if (i < 100) { if (src[i] > 0) { dst[i] = 1; } }", "B*F*Y*X", "100"),
        ("for (int j = 0; j < 3; ++j) { dst[i * 4 + j] = 0; }", "30", "90"),
        ("for (int j = 0; j < 4; ++j) { if (j == 2) { continue; } dst[i * 4 + j] = 0; }", "30", "90"),
        ("for (int j = 0; j < 4; ++j) { if (j == 2) { break; } dst[i * 4 + j] = 0; }", "30", "60"),
        ("uint j = i; j += 20; j %= 120; dst[j] = 1; j = 7;", "B*F*Y", "24"),
        ("\n#if 0\n dst[i] = 1;\n#endif\n", "B*F*Y*X", "0"),
        ("vstore2((float2)(0), i, (__global OUTPUT0_TYPE*)dst);", "30", "60"),
        ("dst[0] = 1;", "B*F*Y*X", "1"),
    ],
)
def test_elements_that_are_left_out_are_counted(body: str, sizes: str, written: str) -> None:
    assert findings(body, sizes) == [(Level.ERROR, f"writes {written}")]


@pytest.mark.parametrize(
    ("body", "sizes", "outside"),
    [
        ("dst[i] = src[i];", "B*F*Y*X+5", "outside of input 0 5 times"),
        ("dst[i] = 0;", "B*F*Y*X+5", "outside of output 0 5 times"),
        ("dst[i] = src[i + 1];", "B*F*Y*X", "outside of input 0 1 times"),
        ("dst[i] = i > 0 ? src[(int)i - 2] : src[0];", "B*F*Y*X", "outside of input 0 1 times"),
        ("dst[i] = i > 1 && src[(int)i - 3] > 0;", "B*F*Y*X", "outside of input 0 1 times"),
        ("dst[i] = *(src + i + 4);", "B*F*Y*X", "outside of input 0 4 times"),
        ("vstore4(vload4(i, src + 2), i, dst);", "30", "outside of input 0 2 times"),
    ],
)
def test_accesses_outside_of_a_tensor_are_counted(body: str, sizes: str, outside: str) -> None:
    assert findings(body, sizes) == [(Level.ERROR, outside)]


@pytest.mark.parametrize(
    "body",
    [
        "dst[i] = i > 0 ? src[i - 1] : src[0];",
        "dst[i] = i == 0 || src[i - 1] > 0;",
        "if (src[i] > 0 && src[i + 1] > 0) { dst[i] = 1; } dst[i] = 0;",
        "int n = 0; while (src[i + n] > 0) ++n; dst[i] = src[i + n];",
        "if (src[i] > 0) return; dst[i] = src[i + 120];",
    ],
)
def test_accesses_that_may_not_happen_are_no_finding(body: str) -> None:
    assert findings(body) == []


@pytest.mark.parametrize(
    "body",
    [
        "dst[(int)src[i]] = 1;",
        "store(dst, i, src[i]);",
        "uint j = 0; dst[j++] += 1;",
        "((__global float4*)dst)[i] = (float4)(0);",
        "switch (i) { case 0: dst[i] = 1; }",
        "int n = (int)src[0]; for (int j = 0; j < n; ++j) { dst[i * n + j] = 0; }",
        "for (int j = 0; j < 100000; ++j) { dst[j % 3] = 0; }",
    ],
)
def test_what_cannot_be_read_is_no_finding(body: str) -> None:
    assert findings(body) == []


def test_too_few_items_are_a_warning_where_the_kernel_cannot_be_read() -> None:
    assert findings("dst[(int)src[i]] = 1;", "7") == [(Level.WARNING, "7 work items")]
    assert findings("for (int j = 0; j < 9; ++j) { dst[(int)src[j]] = 1; }", "7") == []


@pytest.mark.parametrize(
    "before",
    [
        "#define A0 x x\n" + "".join(f"#define A{n + 1} A{n} A{n}\n" for n in range(60)) + "A60",
        "(" * 20_000,
        "int f() {" + "{" * 5000,
        "#include </etc/passwd>",
        "#define k \\\n",
        "\0\x01",
    ],
    ids=["macros", "parentheses", "braces", "include", "open macro", "bytes"],
)
def test_texts_made_to_hurt_are_no_finding(before: str) -> None:
    assert findings("dst[i] = 1;", before=before) == []


@settings(max_examples=50, deadline=None)
@example("dst[i] = 1 / 0 % 0 << 99 >> -1;")
@example("get_global_id(); min(); vstore4(); mul24(1); clamp(1); dst[];")
@example("break; continue; int x = 0x; x = 09; goto a;")
@given(st.text(alphabet="dsti[]{}()=+-*/%<>&|!?:;,.0123456789 xuf", max_size=40))
def test_any_body_is_read_or_not(body: str) -> None:
    findings(body)
