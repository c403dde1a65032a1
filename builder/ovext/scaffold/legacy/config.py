"""The generator's JSON: one object for each thing that it writes."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from ovext.errors import ProjectError, nearest
from ovext.project.fields import Strict
from ovext.scaffold.describe import read_json

if TYPE_CHECKING:
    from pathlib import Path

TfType = Literal[
    "s", "i", "f", "b", "type", "shape", "padding", "spatial", "channel", "batch",
    "list.s", "list.i", "list.f", "list.b", "list.type", "list.shape",
]  # fmt: skip
IeType = Literal["int", "float", "bool", "string", "listint", "listfloat"]
SECTIONS = ("mo_caffe_extractor", "mo_mxnet_extractor", "mo_tf_extractor", "mo_onnx_extractor", "mo_op", "ie_op")


def _layer_name(name: str) -> str:
    """A layer's name: Python identifiers, joined by dots if it is in a module."""
    if not name or not all(part.isidentifier() and not keyword.iskeyword(part) for part in name.split(".")):
        raise ValueError(f"'{name}' is no name of a layer: letters, digits and _, with dots between them")
    return name


def _attribute_name(name: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"'{name}' is no name of an attribute: letters, digits and _")
    return name


AttributeName = Annotated[str, AfterValidator(_attribute_name)]
LayerName = Annotated[str, AfterValidator(_layer_name)]


Plain = bool | int | float | str | list[int] | list[float] | list[str] | None


class Param(Strict):
    """An attribute in the framework's model, and what it becomes in the IR."""

    old_name: str = Field(min_length=1)
    new_name: AttributeName
    default: Plain = None


class TfParam(Param):
    type: TfType | None = None  # without it, the author writes the parser


class CaffeExtractor(Strict):
    op: LayerName
    pythonic: bool = False
    module: str = ""
    param_name: str = ""
    allCopy: bool = False  # noqa: N815  the generator's words
    rename: bool = False
    flatten: bool = False
    omitDefault: bool = False  # noqa: N815
    params: list[Param] = Field(default=[])


class MxnetExtractor(Strict):
    op: LayerName
    custom: bool = False
    allCopy: bool = False  # noqa: N815
    rename: bool = False
    omitDefault: bool = False  # noqa: N815
    params: list[Param] = Field(default=[])


class TfExtractor(Strict):
    op: LayerName
    op_class_name: str = ""
    op_class_path: str = ""
    all_copy: bool = False
    params: list[TfParam] = Field(default=[])


class OnnxExtractor(Strict):
    """Not from the old generator: Model Optimizer's ONNX front end accepted extensions too."""

    op: LayerName
    params: list[TfParam] = Field(default=[])


class MoOp(Strict):
    op: LayerName
    pythonic: bool = False
    change_shape: bool = False
    has_infer: bool = False
    supported_attrs: list[AttributeName] = Field(default=[])
    internal_attrs: list[AttributeName] = Field(default=[])


class IeParam(Strict):
    name: AttributeName
    type: IeType
    default: Plain = None

    def typed_default(self) -> Any:
        """The default in the parameter's type: the old tool accepted any text.

        Raises:
            ValueError: it is not of that type.
        """
        if self.default is None:
            return None
        readers: dict[str, Any] = {"int": int, "float": float, "string": str, "listint": int, "listfloat": float}
        if self.type == "bool":
            return str(self.default).lower() in {"1", "true", "yes"}
        if self.type.startswith("list"):
            parts = self.default if isinstance(self.default, list) else str(self.default).split(",")
            return [readers[self.type](part) for part in parts]
        return readers[self.type](self.default)

    @model_validator(mode="after")
    def _has_a_fitting_default(self) -> IeParam:
        self.typed_default()
        return self


class IeOp(Strict):
    op: LayerName
    plugin: Literal["cpu", "cldnn"] = "cpu"
    pythonic: bool = False
    params: list[IeParam] = Field(default=[])


class LegacyConfig(Strict):
    """The input of the old generator. Unlike there, each object keeps its own parameters."""

    mo_caffe_extractor: CaffeExtractor | None = None
    mo_mxnet_extractor: MxnetExtractor | None = None
    mo_tf_extractor: TfExtractor | None = None
    mo_onnx_extractor: OnnxExtractor | None = None
    mo_op: MoOp | None = None
    ie_op: IeOp | list[IeOp] | None = None

    def engines(self) -> list[IeOp]:
        """The ops for the inference engine; the old JSON could have only one."""
        if self.ie_op is None:
            return []
        return self.ie_op if isinstance(self.ie_op, list) else [self.ie_op]

    def sections(self) -> list[Any]:
        """All sections that are present."""
        extractors = [self.mo_tf_extractor, self.mo_onnx_extractor, self.mo_caffe_extractor, self.mo_mxnet_extractor]
        return [one for one in (self.mo_op, *extractors, *self.engines()) if one]

    def default_op(self) -> str:
        """The op's type: from mo_op, else from the first section that is present."""
        op: str = self.sections()[0].op
        return op

    def op_defaults(self) -> dict[str, Any]:
        """The defaults of attributes in all sections, by the attributes' names in the IR."""
        extractors = [self.mo_caffe_extractor, self.mo_mxnet_extractor, self.mo_tf_extractor, self.mo_onnx_extractor]
        told = {param.new_name: param.default for one in extractors if one for param in one.params}
        told |= {param.name: param.typed_default() for one in self.engines() for param in one.params}
        return {name: value for name, value in told.items() if value is not None}


def is_legacy(data: Any) -> bool:
    """Whether this is a configuration of the old generator."""
    return isinstance(data, dict) and bool(set(data) & set(SECTIONS))


def read_legacy(path: Path) -> LegacyConfig:
    """The configuration in a JSON file.

    Raises:
        ProjectError: it cannot be read, or is wrong; the text has every problem.
    """
    return legacy_of(read_json(path), str(path))


def legacy_of(data: Any, where: str) -> LegacyConfig:
    """The configuration in `data`. Raises what read_legacy raises."""
    if not is_legacy(data):
        raise ProjectError(f"this holds none of {', '.join(SECTIONS)}", where=where)
    try:
        config = LegacyConfig.model_validate(data)
    except ValidationError as error:
        told = [_problem(one, where) for one in error.errors(include_url=False)]
        raise ProjectError("\n".join(dict.fromkeys(told))) from None
    if not config.sections():
        raise ProjectError("every section in it is empty", where=where)
    return config


def _problem(problem: Any, where: str) -> str:
    place = ".".join(str(part) for part in problem["loc"] if not str(part).startswith(("IeOp", "list[")))
    if problem["type"] == "extra_forbidden":
        key = str(problem["loc"][-1])
        return f"{where}: {place}: unknown key{nearest(key, LegacyConfig.model_fields)}"
    if problem["type"] == "missing":
        return f"{where}: {place}: the key is missing"
    return f"{where}: {place}: {problem['msg'].removeprefix('Value error, ')}"
