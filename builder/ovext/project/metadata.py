"""The table [project] of an extension project's pyproject.toml: PEP 621, and PEP 639 for licences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

if TYPE_CHECKING:
    from pathlib import Path

LICENCE_FILES = ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*")  # if a project lists none


def _licence(value: Any) -> Any:
    if isinstance(value, dict):  # as before PEP 639
        return f"the licence in {value['file']}" if "file" in value else value.get("text")
    try:
        return str(canonicalize_license_expression(value)) if isinstance(value, str) else value
    except InvalidLicenseExpression as error:
        raise ValueError(f"{error}; write an SPDX expression, such as MIT or LicenseRef-Proprietary") from None


def _pattern(text: str) -> str:
    """As PEP 639 wants it: a path below the project, of which glob() makes files."""
    if not text.strip() or text.startswith("/") or ".." in text.split("/"):
        raise ValueError(f"'{text}' does not lead to a file in the project's folder")
    return text


_Pattern = Annotated[str, AfterValidator(_pattern)]


class Author(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str = ""
    email: str = ""


class Metadata(BaseModel):
    """What the author says of the project; packages say the same."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    version: str
    description: str = ""
    license: Annotated[str | None, BeforeValidator(_licence)] = None  # an SPDX expression, or a text in old projects
    license_files: list[Annotated[str, AfterValidator(_pattern)]] | None = Field(
        default=None, alias="license-files"
    )  # patterns
    authors: list[Author] = []

    def licence_files(self, root: Path) -> dict[str, list[Path]]:
        """The licence files in the project's folder, by pattern."""
        patterns = LICENCE_FILES if self.license_files is None else self.license_files
        return {pattern: sorted(filter(_is_file, root.glob(pattern))) for pattern in patterns}


def _is_file(path: Path) -> bool:
    return path.is_file()
