"""The table [tool.ovext] of an extension project's pyproject.toml."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool

from ovext.errors import UsageError
from ovext.targets.base_os import RESERVED, BaseOS, find_base_os, names_of_base_oses
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


def _new_names(rows: list[BaseOS]) -> list[BaseOS]:
    names = names_of_base_oses(rows)
    if taken := sorted(RESERVED.intersection(names)):
        raise ValueError(f"{taken[0]} is a word that ovext uses for something else: choose another id")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)} names two base OSes; ovext's own keep their names: choose another id")
    return rows


OpenVINOName = Annotated[str, AfterValidator(_openvino_version)]


class Acceptance(BaseModel):
    """A finding of `ovext inspect` that the project knows and accepts: [[tool.ovext.accept]]."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    finding: str  # its code
    in_: str = Field(default="*", alias="in")  # the function, library or file that it is about; * stands for any text
    reason: str = Field(min_length=1)


class Settings(BaseModel):
    """What the builder must know of a project beyond its CMakeLists.txt."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    openvino: list[OpenVINOName] = Field(min_length=1)
    isa: Annotated[list[str], AfterValidator(_isa_names)] = [MULTI]
    # Whether kernels may fuse multiplications with additions; the variants' results then differ in their bits.
    fp_contract: Literal["off", "fast"] = Field(default="off", alias="fp-contract")
    provides: list[str] = []  # libraries that every image has that the project's own libraries are sent to
    bundle: StrictBool = False  # whether copies of libraries that nothing brings lie beside the project's own
    # Rows beside those of ovext's own table of base OSes.
    base_os: Annotated[list[BaseOS], AfterValidator(_new_names)] = Field(default=[], alias="base-os")
    accept: list[Acceptance] = []
    matrix: dict[str, Any] = {}  # of `ovext matrix`, which reads it

    @property
    def default_openvino(self) -> str:
        return self.openvino[0]

    def find_base_os(self, name: str) -> BaseOS:
        """The base OS with that id or alias, from ovext's own table or from the project's rows.

        Raises:
            UnknownNameError: there is none.
        """
        return find_base_os(name, self.base_os)
