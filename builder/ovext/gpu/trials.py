"""What the ops of a project are run with, and what the process of one run must know."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from ovext.errors import ProjectError
from ovext.gpu.described import cases_of, layer_of, sample_of
from ovext.gpu.devices import POCL
from ovext.gpu.elements import PRECISIONS, follows_hint, in_kernel
from ovext.gpu.expressions import evaluate
from ovext.gpu.layer import MAX_RANK, four_dims
from ovext.gpu.mvcl import scalar_type
from ovext.gpu.prelude import ORDERS, line_directive, program_text
from ovext.gpu.sizes import work_sizes_of
from ovext.gpu.source import outline
from ovext.models.ir import TensorType, one_op_model
from ovext.toml import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ovext.gpu.devices import Device
    from ovext.gpu.layer import Layer, Sample
    from ovext.project import OpDescription, Project
    from ovext.project.attributes import ElementType
    from ovext.project.gpu import Vpu
    from ovext.project.op import Case, Tolerance

# Where the dimensions of a tensor lie in memory, in MVCL's formats; those without B are for a batch of 1.
_VPU_ORDERS = {**ORDERS, "FYX": ORDERS["BFYX"], "YXF": ORDERS["BYXF"], "BF": ORDERS["BFYX"]}


@dataclass(frozen=True)
class Trial:
    """What one process is to compute: an op with its GPU layer, or with its kernel for VPUs where `layer` is None."""

    op: OpDescription
    layer: Layer | None
    case: Case
    element: ElementType
    precision: str

    @property
    def name(self) -> str:
        return self.op.type if self.layer else f"{self.op.type} (VPU)"

    @property
    def entry(self) -> str:
        if self.layer:
            return self.layer.entry
        return self.op.vpu.entry if self.op.vpu else ""

    @cached_property
    def sample(self) -> Sample:
        return sample_of(self.op, self.case)

    @property
    def tolerance(self) -> Tolerance:
        element = self.types[len(self.op.inputs)]  # of the output that is compared
        is_half = "f16" in {element, self.precision} and follows_hint(element)
        return self.op.tolerance("f16" if is_half else element)

    @property
    def types(self) -> list[str]:
        """The element type of each input, then of each output."""
        return self.op.types_for(self.element)


def trials_of(project: Project, device: Device, only: str = "") -> list[Trial]:
    """Every case of every op with a GPU layer, in each element type and precision; on PoCL the VPU kernels too.

    With `only`, no op but that of this type.

    Raises:
        ProjectError: there is nothing to run.
    """
    trials: list[Trial] = []
    for op in project.ops:
        if only not in {"", op.type}:
            continue
        layer = layer_of(op)
        for case in cases_of(op):
            for element in op.element_types if layer else ():
                precisions = _precisions(op, element, device)
                trials += [Trial(op, layer, case, element, precision) for precision in precisions]
            # What VPUs computed: images, one at a time.
            for_vpu = all(len(shape) == MAX_RANK and shape[0] == 1 for shape in case.shapes.values())
            if op.vpu and not device.has_plugin and for_vpu:
                trials.append(Trial(op, None, case, op.element_types[0], op.element_types[0]))
    if not trials:
        fix = "Add a table [gpu] to an op.toml, for inputs of other types than bf16."
        raise ProjectError(f"there is nothing to run on {device.name}", where=project.root, fix=fix)
    return trials


def _precisions(op: OpDescription, element: ElementType, device: Device) -> Sequence[str]:
    """What a model with this type is run with; nothing where the device, or numpy, does not have the type."""
    types = op.types_for(element)
    if "bf16" in types or any(in_kernel(one, "f32") is None for one in types):
        return ()
    if device.has_plugin:
        return PRECISIONS if any(map(follows_hint, types)) else (element,)
    # Without the plugin nothing converts what the kernel is given.
    return (element,) if all(in_kernel(one, one) == one for one in types) else ()


def plugin_request(trial: Trial, layers: Path) -> dict[str, Any]:
    """For the task `gpu`: a model of one op on the plugin, with the XML `layers`."""
    tensors = [TensorType(element, shape) for element, shape in zip(trial.types, trial.sample.inputs, strict=False)]
    attributes = trial.op.ir_attributes(trial.sample.attributes)
    return {
        **_common_request(trial),
        "model": one_op_model(trial.op.type, trial.op.opset, tensors, attributes),
        "layers": str(layers),
        "entry": trial.entry,
        "config": {"INFERENCE_PRECISION_HINT": trial.precision} if trial.precision in PRECISIONS else {},
    }


def kernel_request(trial: Trial) -> dict[str, Any]:
    """For the task `opencl-run`: the kernel alone."""
    own = _layer_request(trial, trial.layer) if trial.layer else _vpu_request(trial)
    output = next(index for index, one in enumerate(own["arguments"]) if one["kind"] == "output")
    return {
        **_common_request(trial),
        "runtime": POCL,
        "types": trial.types,
        "entry": trial.entry,
        "output_argument": output,
        **own,
    }


def _common_request(trial: Trial) -> dict[str, Any]:
    tensors = zip(trial.op.inputs, trial.sample.inputs, trial.types, strict=False)
    return {
        "inputs": [
            {
                "element": element,
                "shape": shape,
                "range": trial.op.range_of(tensor.name),
                "rounded": follows_hint(element) and trial.precision == "f16",
            }
            for tensor, shape, element in tensors
        ],
        "seed": 0,
        "output_shape": trial.sample.outputs[0],
        "reference": str(trial.op.folder / "reference.py"),
        "attributes": dict(trial.sample.attributes),
        "tolerance": trial.tolerance.model_dump(),
    }


def _layer_request(trial: Trial, layer: Layer) -> dict[str, Any]:
    global_sizes, local_sizes = work_sizes_of(layer, trial.sample)
    return {
        "program": program_text(layer, trial.sample, trial.types),
        "options": layer.options,
        "arguments": [
            _tensor(trial.sample, tensor.kind, tensor.port, ORDERS.get(tensor.format, ORDERS["BFYX"]))
            for tensor in sorted(layer.tensors, key=lambda tensor: tensor.argument)
        ],
        "global": global_sizes,
        "local": local_sizes,
    }


def _vpu_request(trial: Trial) -> dict[str, Any]:
    op = trial.op
    if op.vpu is None:
        raise ValueError(f"{op.type} has no kernel for VPUs")
    text = read_text(trial.op.folder / op.vpu.kernel)
    kernel = next(one for one in outline(text).kernels if one.name == op.vpu.entry)
    kind, _, port = op.vpu.dim.partition(",")
    dims = four_dims(trial.sample.shape("input" if kind == "input" else "output", int(port)))
    return {
        "program": f"{line_directive(trial.op.folder / op.vpu.kernel)}\n{text}",
        "options": "",
        "arguments": [_vpu_argument(trial, op.vpu, argument.name) for argument in kernel.arguments],
        "global": [evaluate(one.strip(), dims) for one in op.vpu.work_sizes],
        "local": [evaluate(one.strip(), dims) for one in op.vpu.local_sizes],
    }


def _vpu_argument(trial: Trial, vpu: Vpu, name: str) -> dict[str, Any]:
    if name in vpu.scalars:
        kinds = {one.name: one.type for one in trial.op.attributes}
        element = "f32" if scalar_type(vpu.scalars[name], kinds) == "float" else "i32"
        return {"kind": "scalar", "element": element, "value": _scalar(vpu.scalars[name], trial)}
    buffer = vpu.arguments[name]
    kind, port = trial.op.port_of(buffer.tensor)
    return _tensor(trial.sample, kind, port, _VPU_ORDERS.get(buffer.format, ORDERS["BFYX"]))


def _scalar(source: str, trial: Trial) -> float:
    """An attribute, a number, or a dimension of a tensor such as I0.X, I[0].X or, for the first, I.X."""
    if source in trial.sample.attributes:
        return float(trial.sample.attributes[source])  # type: ignore[arg-type]  # lists are refused by the check
    side, _, axis = source.partition(".")
    if side[:1] in {"I", "O"} and axis.upper() in {"B", "F", "Y", "X"}:
        shape = trial.sample.shape("input" if side[0] == "I" else "output", int(side[1:].strip("[]") or 0))
        return four_dims(shape)["BFYX".index(axis.upper())]
    return float(source)


def _tensor(sample: Sample, kind: Literal["input", "output"], port: int, order: tuple[int, ...]) -> dict[str, Any]:
    shape = sample.shape(kind, port)
    return {"kind": kind, "port": port, "shape": shape, "dims": four_dims(shape), "order": order}
