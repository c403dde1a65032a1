"""The tables [gpu] and [vpu] of an op.toml: how a kernel in OpenCL C is bound to the op."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from ovext.project.fields import Name, Strict

GpuFormat = Literal["BFYX", "BYXF", "FYXB", "YXFB", "ANY"]
VpuFormat = Literal["BFYX", "BYXF", "FYX", "YXF", "BF", "ANY"]
# A kernel is beside its op.toml: a path could lead out of the project, and older plugins accept no spaces in it.
KernelFile = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]


def _listed(value: Any) -> Any:
    """One name stands for a list of it."""
    return [value] if isinstance(value, str) else value


def _by_name(value: Any) -> Any:
    """The name of a tensor alone stands for a table with that name."""
    return {"tensor": value} if isinstance(value, str) else value


class GpuBuffer(Strict):
    """An argument of the kernel: the tensor of that input or output, in that memory format, or in the default one."""

    tensor: Name
    format: GpuFormat | None = None


class Scratch(Strict):
    """Memory of the kernel's own, one for all work items."""

    name: Name = Field(default="scratch", description="A name for `buffers`.")
    size: str = Field(
        min_length=1,
        description="Its bytes: an expression over B, F, Y and X, as in `global`, or INPUT1_DIMS[2] and the like.",
    )


class Gpu(Strict):
    """A layer of type SimpleGPU for the GPU plugin."""

    kernel: Annotated[list[KernelFile], BeforeValidator(_listed)] = Field(
        default=["kernel.cl"],
        min_length=1,
        description="The source beside op.toml, or several that are one text for the compiler.",
    )
    entry: Name = Field(description="The name of the __kernel function.")
    buffers: list[Annotated[GpuBuffer, BeforeValidator(_by_name)]] = Field(
        default=[],
        description="The kernel's arguments in their order; default: all inputs, then all outputs. Scratch buffers "
        "that it does not name follow.",
    )
    inputs: int | None = Field(
        default=None,
        ge=1,
        le=99,
        description="How many inputs models have in which the kernel computes the op, where they can leave some out or "
        "have any number; default: all that are not `many`.",
    )
    scratch: list[Scratch] = Field(default=[], description="Memory that the kernel needs besides the tensors.")
    defines: dict[Name, Name] = Field(default={}, description="Macros for the kernel, each with its attribute.")
    work_sizes: list[str] = Field(alias="global", description="Up to three expressions over the output's B, F, Y, X.")
    local_sizes: list[str] = Field(default=[], alias="local", description="As many, or none: then the driver chooses.")
    options: str = Field(default="", pattern=r"^[^\x00-\x1f]*$", description="For the OpenCL compiler.")
    precision: Literal["f32"] | None = Field(
        default=None,
        description="f32 if the kernel is only for models that run with INFERENCE_PRECISION_HINT f32; by default the "
        "plugin makes f16 of f32, and the op must accept that.",
    )
    ranks: list[int] = Field(
        default=[],
        description="The ranks of the first input that the kernel is for, where the op takes more: models with others "
        "must not run on a GPU.",
    )


class VpuBuffer(Strict):
    tensor: Name
    format: VpuFormat = "BFYX"


class Vpu(Strict):
    """A layer of type MVCL, for the MYRIAD plugin that OpenVINO had until 2022.3."""

    kernel: KernelFile = Field(default="kernel_vpu.cl", description="The source, beside op.toml.")
    entry: Name
    arguments: dict[Name, Annotated[VpuBuffer, BeforeValidator(_by_name)]] = Field(
        description="Tensors by the names of the kernel's arguments."
    )
    scalars: dict[Name, str] = Field(
        default={},
        description="Numbers by the names of the kernel's arguments: an attribute, I0.X and so on, or a number.",
    )
    work_sizes: list[str] = Field(alias="global", min_length=1)
    local_sizes: list[str] = Field(default=[], alias="local")
    dim: str = Field(default="output,0", description="The tensor that B, F, Y and X are of: input,N or output,N.")
