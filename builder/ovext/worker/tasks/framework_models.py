"""The attributes that OpenVINO reads for an op from models of frameworks."""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.worker.models import ImpossibleError
from ovext.worker.phases import Phases
from ovext.worker.tasks.cpu import attributes_of, core_with

if TYPE_CHECKING:
    import openvino as ov


def attributes(request: dict[str, Any]) -> dict[str, Any]:
    """The attributes of the op in a model that has the request's.

    The answer has `read`, or `problem` if OpenVINO refuses the model, or `impossible` if none can be made.
    """
    say = Phases(request)
    shown = {one["name"]: one["value"] for one in request["attributes"] if one["value"] is not None}
    say(f"reading a model of {request['framework']} with {shown}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            module = importlib.import_module(f"ovext.worker.models.{request['framework']}")
            model = module.made(request, Path(folder))
        except ImportError as error:
            return {"impossible": f"the package {str(error.name).partition('.')[0]} is not installed"}
        except ImpossibleError as error:
            return {"impossible": str(error)}
        try:
            read = _read(model, request["library"])
            if not request["shapes"] and not read.get_parameters() and not _has(read, request["type"]):
                return {"impossible": "OpenVINO computes an op without inputs while it converts such a model"}
            return {"read": attributes_of(read, request["type"])}
        except Exception as error:  # noqa: BLE001  whatever OpenVINO's converters in Python raise
            return {"problem": _in_short(str(error))}


def _read(model: Any, library: str) -> ov.Model:
    """Files are read by the core, and what is in memory by the converter, which the worker does not import at first."""
    if isinstance(model, Path):
        return core_with(library).read_model(model)
    if sys.modules.get("openvino.tools.ovc", model) is None:
        del sys.modules["openvino.tools.ovc"]
    read: ov.Model = importlib.import_module("openvino.tools.ovc").convert_model(model, extension=library)
    return read


def _has(model: ov.Model, op_type: str) -> bool:
    return any(op.get_type_name() == op_type for op in model.get_ops())


def _in_short(text: str) -> str:
    """What OpenVINO says of the node, without its report on the whole model."""
    told = text.partition("with a message:")[2].partition("Summary:")[0] or text
    return " ".join(told.split())
