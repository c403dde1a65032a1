"""Where the GPU kernels of an op are tried: in a model on the GPU plugin, or alone on an OpenCL runtime."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ovext.errors import ProjectError, UsageError
from ovext.gpu.elements import OPENCL_TYPES, PRECISIONS, follows_hint, in_kernel, precisions_with
from ovext.gpu.emit import layer_files
from ovext.gpu.expressions import evaluate, of_dims
from ovext.gpu.from_op import cases_of, layer_of, sample_of
from ovext.gpu.layer import MAX_RANK, four_dims
from ovext.gpu.mvcl import scalar_type
from ovext.gpu.prelude import ORDERS, line_directive, program_text
from ovext.gpu.scratch import scratch_bytes
from ovext.gpu.sizes import work_sizes_of
from ovext.gpu.source import outline
from ovext.project.forms import form_on_gpu
from ovext.project.shapes import CUSTOM, DATA_DEPENDENT
from ovext.proof.setting import Setting, is_valid, known_dims
from ovext.proof.trial import Trial, as_shapes, ranges_of
from ovext.targets.openvino_version import (
    OLDEST_WITH_DYNAMIC_LAYERS,
    OLDEST_WITH_SCRATCH,
    OLDEST_WITH_SEVERAL_OUTPUTS,
)
from ovext.toml import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.gpu.devices import Device
    from ovext.gpu.layer import Layer, Sample, Tensor
    from ovext.project import OpDescription
    from ovext.project.gpu_tables import Vpu
    from ovext.targets.openvino_version import OpenVINOVersion

# The order of a tensor's dimensions in memory, for MVCL's formats; those without B are for a batch of 1.
_VPU_ORDERS = {**ORDERS, "FYX": ORDERS["BFYX"], "YXF": ORDERS["BYXF"], "BF": ORDERS["BFYX"]}


@dataclass(frozen=True)
class _GpuSetting(Setting):
    """Every trial has its own process, which a bad kernel can crash."""

    def given(self) -> list[Trial]:
        """The test cases, or made-up shapes if the op has none."""
        return [
            Trial(case.sizes(), dict(case.attributes), outputs=as_shapes(case.outputs), given=case.values)
            for case in cases_of(self.op)
        ]

    def request(self, trial: Trial) -> dict[str, Any]:
        """The request for the task.

        Raises:
            UsageError: a part of the trial is for the CPU only.
            ProjectError: the trial lacks the shape of an output, which no rule tells.
        """
        if trial.parts:
            raise UsageError("cases on a GPU have no 'parts'", fix="Leave them out of --case.")
        unknown = [one.name for one in self.op.outputs if one.rule in {CUSTOM, DATA_DEPENDENT}]
        if lacking := [name for name in unknown if name not in trial.outputs]:
            problem = f"no rule of {self.op.type} tells the shape of {', '.join(lacking)}, which a GPU needs"
            raise ProjectError(problem, fix="Give it in `outputs` of the test case, or of --case.")
        sample = sample_of(self.op, trial.shapes, trial.attributes, trial.outputs)
        return {
            **self.common(trial.attributes),
            **self.values(trial),
            "shapes": sample.inputs,
            "ranges": ranges_of(self.op, trial.shapes, trial.attributes),
            "shapes_of_outputs": sample.outputs,
            **self.computed(trial, sample),
        }

    def computed(self, trial: Trial, sample: Sample) -> dict[str, Any]:
        """How the task computes the trial."""
        raise NotImplementedError


@dataclass(frozen=True)
class PluginSetting(_GpuSetting):
    """A one-op model on the GPU plugin, which passes a floating-point tensor to the kernel in `precision`.

    As on the CPU, a model with dynamic dimensions runs with the shapes of `before` first.
    """

    layer: Layer
    precision: str
    release: OpenVINOVersion
    task: ClassVar[str] = "numbers-on-gpu"

    @property
    def types_text(self) -> str:
        converted = any(follows_hint(one) and one != self.precision for one in self.types)
        return f"{super().types_text} as {self.precision}" if converted else super().types_text

    def given(self) -> list[Trial]:
        """Each test case in a static model and in a dynamic one."""
        trials: list[Trial] = []
        for trial in super().given():
            before = trials[-1].shapes if trials and is_valid(self.op, trials[-1].shapes, trial.attributes) else {}
            same_ranks = all(len(before.get(name, ())) == len(shape) for name, shape in trial.shapes.items())
            dynamic = replace(trial, before=before if same_ranks and not trial.outputs else trial.shapes)
            trials += [trial, dynamic]
        return [one for one in trials if not self.obstacle(one)] or trials

    def obstacle(self, trial: Trial) -> str:
        if not all(math.prod(shape) for shapes in (trial.shapes, trial.before or {}) for shape in shapes.values()):
            return "the GPU plugin gives no memory to a kernel for a tensor without elements"
        if self.layer.bound("internal") and self.release < OLDEST_WITH_SCRATCH:
            return f"the GPU plugin of OpenVINO before {OLDEST_WITH_SCRATCH} has no scratch buffers"
        several = len(self.op.outputs) > 1
        if several and self.release < OLDEST_WITH_SEVERAL_OUTPUTS:
            return f"the GPU plugin of OpenVINO before {OLDEST_WITH_SEVERAL_OUTPUTS} computes one output only"
        if several and trial.before is None:
            return "the plugin computes several outputs only in models with dynamic shapes"
        if trial.before is not None and self.release < OLDEST_WITH_DYNAMIC_LAYERS:
            return f"the GPU plugin of OpenVINO before {OLDEST_WITH_DYNAMIC_LAYERS} computes no dynamic shapes"
        return ""

    def request(self, trial: Trial) -> dict[str, Any]:
        sets = [trial.shapes] if trial.before is None else [trial.before, trial.shapes]
        runs = [super(PluginSetting, self).request(replace(trial, shapes=one)) for one in sets]
        each = ("shapes", "ranges", "shapes_of_outputs")
        return {**runs[-1], "runs": [{name: one[name] for name in each} for one in runs]}

    def computed_in(self, element: str) -> str:
        return "f16" if self.precision == "f16" and follows_hint(element) else element

    def computed(self, trial: Trial, sample: Sample) -> dict[str, Any]:
        del sample
        return {
            "model": self.model(trial.shapes, trial.attributes, dims=partial(known_dims, trial)),
            "layers": "layers.xml",
            "layer_files": layer_files("layers", [self.layer]),
            "entry": self.layer.entry,
            "repeats": 2 if self.layer.bound("internal") else 1,  # scratch memory is zero only at first
            "config": {"INFERENCE_PRECISION_HINT": self.precision} if self.precision in PRECISIONS else {},
        }


@dataclass(frozen=True)
class KernelSetting(_GpuSetting):
    """The layer's kernel alone, with the macros that the plugin would define, which say the sizes."""

    layer: Layer
    device: Device
    task: ClassVar[str] = "numbers-on-opencl"

    def computed(self, trial: Trial, sample: Sample) -> dict[str, Any]:
        del trial
        global_sizes, local_sizes = work_sizes_of(self.layer, sample)
        tensors = sorted(self.layer.tensors, key=lambda tensor: tensor.argument)
        return {
            "runtime": self.device.runtime,
            "device": self.device.name,
            "entry": self.layer.entry,
            "program": program_text(self.layer, sample, self.types),
            "options": self.layer.options,
            "arguments": [_argument(sample, one) for one in tensors],
            "global": global_sizes,
            "local": local_sizes,
        }


@dataclass(frozen=True)
class VpuSetting(_GpuSetting):
    """The op's kernel for VPUs, alone."""

    vpu: Vpu
    device: Device
    task: ClassVar[str] = "numbers-on-opencl"

    def obstacle(self, trial: Trial) -> str:
        is_image = all(len(shape) == MAX_RANK and shape[0] == 1 for shape in trial.shapes.values())
        return "" if is_image else "VPUs computed tensors of rank 4 and batch 1 only"

    def computed(self, trial: Trial, sample: Sample) -> dict[str, Any]:
        del trial
        file = self.op.folder / self.vpu.kernel
        text = read_text(file)
        kernel = next(one for one in outline(text).kernels if one.name == self.vpu.entry)
        kind, _, port = self.vpu.dim.partition(",")
        dims = of_dims(four_dims(sample.shape("input" if kind == "input" else "output", int(port))))
        return {
            "runtime": self.device.runtime,
            "device": self.device.name,
            "entry": self.vpu.entry,
            "program": f"{line_directive(file)}\n{text}",
            "options": "",
            "arguments": [self._argument(sample, argument.name) for argument in kernel.arguments],
            "global": [evaluate(one.strip(), dims) for one in self.vpu.work_sizes],
            "local": [evaluate(one.strip(), dims) for one in self.vpu.local_sizes],
        }

    def _argument(self, sample: Sample, name: str) -> dict[str, Any]:
        if name in self.vpu.scalars:
            kinds = {one.name: one.type for one in self.op.attributes}
            element = "f32" if scalar_type(self.vpu.scalars[name], kinds) == "float" else "i32"
            return {"kind": "scalar", "element": element, "value": _scalar(self.vpu.scalars[name], sample)}
        buffer = self.vpu.arguments[name]
        kind, port = self.op.port_of(buffer.tensor)
        return _tensor(sample, kind, port, _VPU_ORDERS.get(buffer.format, ORDERS["BFYX"]))


def settings_on(op: OpDescription, device: Device, release: OpenVINOVersion) -> Iterator[Setting]:
    """Every setting in which the op is tried on the device, with that release of OpenVINO."""
    layer = layer_of(op)
    form = form_on_gpu(op) if layer else op
    for types in map(tuple, form.combinations() if layer else ()):
        if layer and device.has_plugin:
            precisions = _precisions(types, precisions_with(layer.precision))
            yield from (PluginSetting(form, types, layer, one, release) for one in precisions)
        elif layer and all(one in OPENCL_TYPES for one in types):  # nothing converts the kernel's tensors
            yield KernelSetting(form, types, layer, device)
    if op.vpu and not device.has_plugin:
        yield VpuSetting(op, tuple(op.combinations()[0]), op.vpu, device)


def _precisions(types: Sequence[str], precisions: Sequence[str]) -> Sequence[str]:
    """The precisions to run a model of these types with; none if the plugin does not have one of the types."""
    if any(in_kernel(one, "f32") is None for one in types):
        return ()
    return precisions if any(map(follows_hint, types)) else (types[0],)


def _scalar(source: str, sample: Sample) -> float:
    """The value of an attribute, a number, or a tensor's dimension, such as I0.X, I[0].X or, for the first, I.X."""
    if source in sample.attributes:
        return float(sample.attributes[source])  # type: ignore[arg-type]  # lists are refused by the check
    side, _, axis = source.partition(".")
    if side[:1] in {"I", "O"} and axis.upper() in {"B", "F", "Y", "X"}:
        shape = sample.shape("input" if side[0] == "I" else "output", int(side[1:].strip("[]") or 0))
        return four_dims(shape)["BFYX".index(axis.upper())]
    return float(source)


def _argument(sample: Sample, tensor: Tensor) -> dict[str, Any]:
    """The request for an argument of a layer's kernel."""
    if tensor.kind == "internal":
        return {"kind": "internal", "bytes": scratch_bytes(tensor.size, sample)}
    return _tensor(sample, tensor.kind, tensor.port, ORDERS.get(tensor.format, ORDERS["BFYX"]))


def _tensor(sample: Sample, kind: Literal["input", "output"], port: int, order: tuple[int, ...]) -> dict[str, Any]:
    shape = sample.shape(kind, port)
    return {"kind": kind, "port": port, "shape": shape, "dims": four_dims(shape), "order": order}
