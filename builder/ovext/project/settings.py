"""The table [tool.ovext] of an extension project's pyproject.toml."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool

from ovext.errors import UsageError
from ovext.targets.isa import MULTI, parse_isa
from ovext.targets.openvino_version import OpenVINOVersion


def _openvino_version(text: str) -> str:
    try:
        return str(OpenVINOVersion.parse(text))
    except UsageError as error:
        raise ValueError(error.what) from None


def _isa_names(names: list[str]) -> list[str]:
    try:
        return list(parse_isa(",".join(names)))
    except UsageError as error:
        raise ValueError(error.what) from None


OpenVINOName = Annotated[str, AfterValidator(_openvino_version)]


class Acceptance(BaseModel):
    """A finding of `ovext inspect` that the project knows and accepts: [[tool.ovext.accept]]."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    finding: str  # its code
    in_: str = Field(default="*", alias="in")  # the function, library or file that it is about; * stands for any text
    reason: str = Field(min_length=1)


class Settings(BaseModel):
    """What the builder must know of a project beyond its CMakeLists.txt."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    openvino: list[OpenVINOName] = Field(min_length=1)
    isa: Annotated[list[str], AfterValidator(_isa_names)] = [MULTI]
    # Whether kernels may fuse multiplications with additions; the variants' results then differ in their bits.
    fp_contract: Literal["off", "fast"] = Field(default="off", alias="fp-contract")
    provides: list[str] = []  # libraries that every image has that the project's own libraries are sent to
    bundle: StrictBool = False  # whether copies of libraries that nothing brings lie beside the project's own
    accept: list[Acceptance] = []
    matrix: dict[str, Any] = {}  # of `ovext matrix`, which reads it

    @property
    def default_openvino(self) -> str:
        return self.openvino[0]
