"""Measure one-line elementwise ops made with ovext/math.hpp against OpenVINO's own nodes, for docs/performance.md.

`ovext new` writes the ops, and one line of their kernels is changed. Each line of the table has the medians over rounds
in which all take turns. They say how many times as fast each variant is as OpenVINO, which uses what the CPU has, or
AVX2 at most.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import openvino as ov
from openvino import opset13 as ops

from ovext.models.ir import OpText, TensorType, chain_model, one_op_model
from ovext.targets.isa import host_cpuinfo_flags, isa_table
from ovext.toolchain.fetch import find_installed
from ovext.worker.client import ask_once

PROJECT = Path(__file__).parents[1] / "build" / "bench_math" / "fast"
SHAPES = ((1, 64, 56, 56), (1, 64, 224, 224))
# Each op: its computation, and OpenVINO's node that does the same, if there is one.
KERNELS: dict[str, tuple[str, OpText | None]] = {
    "Exponential": ("ovext::exp(data)", OpText("Exp", "opset1")),
    "HyperbolicTangent": ("ovext::tanh(data)", OpText("Tanh", "opset1")),
    "SigmoidTimesX": ("data * ovext::sigmoid(data)", OpText("Swish", "opset4")),
    "GeluErf": ("ovext::gelu(data)", OpText("Gelu", "opset7", {"approximation_mode": "ERF"})),
    "Sine": ("ovext::sin(data)", OpText("Sin", "opset1")),
    "Snake": ("data + ovext::sin(alpha * data) * ovext::sin(alpha * data) / alpha", None),
}


def chain_for_snake(shapes: list[tuple[int, ...]]) -> str:
    """The nodes that compute Snake without its own op."""
    data, alpha = inputs = [ops.parameter(shape, ov.Type.f32) for shape in shapes]
    sine = ops.sin(ops.multiply(alpha, data))
    result = ops.add(data, ops.divide(ops.multiply(sine, sine), alpha))
    with tempfile.TemporaryDirectory() as folder:
        ov.save_model(ov.Model([result], inputs), Path(folder, "model.xml"), compress_to_fp16=False)
        return Path(folder, "model.xml").read_text(encoding="utf-8")


def build() -> Path:
    """The library with all ops."""
    ovext = [sys.executable, "-m", "ovext"]
    for op, (expression, _) in KERNELS.items():
        alpha = ["--input", "alpha:data"] if "alpha" in expression else []
        new = ["new", str(PROJECT), "--op", op, "--input", "data:f32", *alpha, "--force", "--yes"]
        subprocess.run([*ovext, *new], check=True, capture_output=True)
        (header,) = [file for file in PROJECT.glob("ops/*/op.hpp") if f"class {op} " in file.read_text()]
        kernel = header.with_name("kernel.cpp")
        before = "return data + alpha;" if alpha else "return data;"
        kernel.write_text(kernel.read_text().replace(before, f"return {expression};"))
    subprocess.run([*ovext, "build", str(PROJECT), "--engine", "host"], check=True, cwd=PROJECT.parent)
    return PROJECT.parent / "lib" / "ubuntu" / "libfast_cpu_extension.so"


def case(op: str, shape: tuple[int, ...], library: Path, isas: list[str]) -> dict[str, Any]:
    shapes = [shape, (1, shape[1], 1, 1)] if op == "Snake" else [shape]
    tensors = [TensorType("f32", one) for one in shapes]
    own = one_op_model(op, "fast", tensors)
    node = KERNELS[op][1]
    theirs = chain_model([node], tensors) if node else chain_for_snake(shapes)
    entries = [{"label": isa, "model": own, "library": str(library), "isa": isa} for isa in isas]
    return {"entries": [*entries, {"label": "OpenVINO", "model": theirs, "library": None, "isa": None}]}


def main() -> None:
    PROJECT.parent.mkdir(parents=True, exist_ok=True)
    library, openvino = build(), find_installed(None)
    if openvino is None:
        sys.exit("OpenVINO is not installed")
    isas = [row.id for row in isa_table().values() if row.is_supported(host_cpuinfo_flags())]
    cases = [(op, shape) for op in KERNELS for shape in SHAPES]
    request = {"cases": [case(op, shape, library, isas) for op, shape in cases]}
    for title, limit in (("OpenVINO as it is", "ALL"), ("OpenVINO with AVX2 at most", "AVX2")):
        print(title)
        answer = ask_once(openvino, "measure", request, env={"ONEDNN_MAX_CPU_ISA": limit})
        for (op, shape), measured in zip(cases, answer["cases"], strict=True):
            medians = measured["medians"]
            theirs = medians["OpenVINO"]
            ratios = {isa: statistics.median(a / b for a, b in zip(theirs, medians[isa], strict=True)) for isa in isas}
            shown = "  ".join(f"{isa} {ratio:.2f}" for isa, ratio in ratios.items())
            size = "x".join(map(str, shape))
            print(f"  {op:18} {size:14} {statistics.median(theirs) * 1e6:8.0f} us  {shown}", flush=True)


if __name__ == "__main__":
    main()
