"""Check whether OpenVINO loads a library and knows the ops, and which instruction set the library chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.models.ir import TensorType, one_op_model
from ovext.project.forms import forms
from ovext.worker.client import Worker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ovext.project import OpDescription
    from ovext.toolchain.openvino import OpenVINO

_AUTOMATIC = {"OVEXT_ISA": ""}  # the check is not about an instruction set that the user's environment forces


@dataclass(frozen=True)
class Loaded:
    """What a library reports about itself once it is loaded."""

    isa: str | None  # the instruction set that it chose; None for one that was not built with ovext
    ops: tuple[tuple[str, str], ...]  # type and opset of each; empty for one without SOURCES of an existing extension


def check_loads(
    library: Path,
    openvino: OpenVINO,
    ops: Sequence[OpDescription] = (),
    *,
    env: Mapping[str, str] = _AUTOMATIC,
) -> Loaded:
    """What the library reports about itself, after OpenVINO loaded it and read a one-op model of each op.

    Raises:
        LibraryError: it does not load, or lacks an op; the text is OpenVINO's.
    """
    models = {f"{op.type} ({op.opset})": _model(op) for op in ops}
    with Worker(openvino, library, env=env) as worker:
        answer = worker.ask("load", {"models": models})
    return Loaded(answer["isa"], tuple((type_, opset) for type_, opset in answer["ops"]))


def _model(op: OpDescription) -> str:
    form = forms(op)[0]
    inputs = [TensorType(element, None) for element in form.combinations()[0][: len(form.inputs)]]
    return one_op_model(op.type, op.opset, inputs, op.ir_attributes(op.example()))
