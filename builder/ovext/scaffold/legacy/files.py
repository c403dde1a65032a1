"""The files of the old tree: extensions of Model Optimizer, a project for the CPU, a layer for the GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ovext.project import described
from ovext.scaffold.describe import complete
from ovext.scaffold.new import NewFiles, plan_new
from ovext.scaffold.render import render

if TYPE_CHECKING:
    from pathlib import Path

    from ovext.project import OpDescription
    from ovext.scaffold.legacy.config import IeOp, IeParam, LegacyConfig, MoOp

_FRONTS = ("caffe", "mxnet", "onnx", "tf")
_TYPES = {
    "int": "int",
    "float": "float",
    "bool": "bool",
    "string": "string",
    "listint": "int[]",
    "listfloat": "float[]",
}
_CPU_PROJECT = "user"  # its library is libuser_cpu_extension.so, as the old generator's was


def plan_legacy(root: Path, config: LegacyConfig) -> list[NewFiles]:
    """Everything that the configuration requests, below `root`: the Python and OpenCL files, and the CPU project."""
    files = {**_model_optimizer(config), **_gpu(config)}
    plans = [NewFiles(root.absolute(), files, adds_to_project=root.exists())] if files else []
    ops = [op_from_legacy(config, one, opset="extension") for one in config.engines() if one.plugin == "cpu"]
    if ops:
        plans.append(plan_new(root / "user_ie_extensions" / "cpu", ops, name=_CPU_PROJECT))
    return plans


def _model_optimizer(config: LegacyConfig) -> dict[str, str]:
    sections: dict[str, Any] = {
        "caffe": config.mo_caffe_extractor,
        "mxnet": config.mo_mxnet_extractor,
        "onnx": config.mo_onnx_extractor,
        "tf": config.mo_tf_extractor,
    }
    given = {front: section for front, section in sections.items() if section}
    if not given and config.mo_op is None:
        return {}
    op = config.default_op()
    files = {f"user_mo_extensions/front/{front}/__init__.py": "" for front in ("caffe", "mxnet", "tf", *given)}
    files |= {f"user_mo_extensions/{folder}/__init__.py": "" for folder in ("front", "ops")}
    files["user_mo_extensions/__init__.py"] = ""
    files["user_mo_extensions/ops/keep_unknown_ops.py"] = render("legacy/keep_unknown_ops.py")
    for front, section in given.items():
        name = section.op.replace(".", "_").lower()
        text = render(f"legacy/{front}_ext.py", section=section, op=op, class_name=_class_name(section.op))
        files[f"user_mo_extensions/front/{front}/{name}_ext.py"] = text
    if config.mo_op:
        name = config.mo_op.op.replace(".", "_").lower()
        context = {
            "section": config.mo_op,
            "class_name": _class_name(config.mo_op.op),
            "shown": _shown(config.mo_op),
        }
        text = render("legacy/op.py", **context, defaults=_plain_defaults(config))
        files[f"user_mo_extensions/ops/{name}.py"] = text
    return files


def _plain_defaults(config: LegacyConfig) -> dict[str, Any]:
    known = config.mo_op.supported_attrs if config.mo_op else []
    return {name: value for name, value in config.op_defaults().items() if name in known}


def _shown(op: MoOp) -> list[str]:
    """The attributes that go into the IR."""
    return [one for one in op.supported_attrs if one not in op.internal_attrs]


def _class_name(op: str) -> str:
    return op.replace(".", "_")


def _gpu(config: LegacyConfig) -> dict[str, str]:
    files = {}
    for engine in config.engines():
        if engine.plugin == "cldnn":
            name = engine.op.replace(".", "_").lower()
            params = [{"name": one.name, "macro": one.name.upper(), "default": _define(one)} for one in engine.params]
            context = {"op": engine.op, "kernel": f"{name}_kernel", "params": params}
            folder = "user_ie_extensions/gpu"
            files[f"{folder}/{name}_kernel.cl"] = render("legacy/kernel.cl", **context)
            files[f"{folder}/{name}_kernel.xml"] = render("legacy/kernel.xml", **context)
    return files


def _define(param: IeParam) -> str:
    """A default in the form in which the plugin writes attributes into a kernel."""
    value = param.typed_default()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(int(value)) if isinstance(value, bool) else "" if value is None else str(value)


def op_from_legacy(config: LegacyConfig, engine: IeOp | None = None, *, opset: str) -> OpDescription:
    """The op that an old configuration describes, except for inputs and shapes, which it does not describe.

    Raises:
        ProjectError: its names or defaults cannot be used.
    """
    name = (engine.op if engine else config.default_op()).rpartition(".")[2]
    params = {one.name: one for one in (engine or _any_engine(config)).params} if engine or config.engines() else {}
    attributes = [_attribute(param.name, _TYPES[param.type], param.typed_default()) for param in params.values()]
    shown = _shown(config.mo_op) if config.mo_op else []
    attributes += [_guessed(one, config.op_defaults().get(one)) for one in shown if one not in params]
    data = {
        "schema": 1,
        "type": name,
        "opset": opset,
        "inputs": [{"name": "data", "types": ["f32", "f16", "bf16"]}],
        "attributes": attributes,
        "frameworks": _frameworks(config),
    }
    return complete(described(data, lambda _: f"the op {name} of the old configuration"), gpu=False)


def _any_engine(config: LegacyConfig) -> IeOp:
    return config.engines()[0]


def _attribute(name: str, type_name: str, default: Any) -> dict[str, Any]:
    return {"name": name, "type": type_name, **({} if default is None else {"default": default})}


def _guessed(name: str, default: Any) -> dict[str, Any]:
    """An attribute with only a known name, and perhaps a known default."""
    kinds = {bool: "bool", int: "int", float: "float", str: "string"}
    return _attribute(name, kinds.get(type(default), "float"), default)


def _frameworks(config: LegacyConfig) -> dict[str, Any]:
    """The mapping for each extractor whose framework today's OpenVINO still reads."""
    sections = {"tensorflow": config.mo_tf_extractor, "onnx": config.mo_onnx_extractor}
    known = set(config.mo_op.supported_attrs if config.mo_op else ())
    known |= {param.name for one in config.engines() for param in one.params}
    return {
        framework: {
            "type": section.op,
            "attributes": {
                one.new_name: one.old_name
                for one in section.params
                if one.new_name in known and one.new_name != one.old_name
            },
        }
        for framework, section in sections.items()
        if section
    }
