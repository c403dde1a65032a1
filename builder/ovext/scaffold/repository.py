"""What a new project has beside its ops for its author's repository: a licence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from ovext.errors import UsageError
from ovext.resources import licence
from ovext.scaffold.render import render
from ovext.toolchain.git import user_name

if TYPE_CHECKING:
    from collections.abc import Mapping

LICENCES = ("Apache-2.0", "MIT", "BSD-3-Clause")  # whose texts ovext has


@dataclass(frozen=True)
class Repository:
    """What the author wants in it.

    Args:
        license: an SPDX expression; without it, the project states none.
    """

    license: str = ""

    @property
    def is_default(self) -> bool:
        return self == Repository()


def repository(*, license: str = "") -> Repository:  # noqa: A002  the option's name
    """The repository that options describe.

    Raises:
        UsageError: an option has a wrong value.
    """
    try:
        return Repository(license=str(canonicalize_license_expression(license)) if license else "")
    except InvalidLicenseExpression:
        raise UsageError(
            f"'{license}' is no SPDX expression",
            fix=f"Give {', '.join(LICENCES)}, another licence of the SPDX list, or LicenseRef-Proprietary.",
        ) from None


def repository_files(chosen: Repository, name: str) -> dict[str, str]:
    """The texts of its files, by their paths."""
    holder = user_name() or f"the authors of {name}"
    return _licence(chosen.license, {"holder": holder, "year": str(date.today().year)})  # noqa: DTZ011  the author's day


def _licence(expression: str, context: Mapping[str, str]) -> dict[str, str]:
    if expression == "Apache-2.0":
        return {"LICENSE": licence().read_text(encoding="utf-8")}
    if expression in LICENCES:
        return {"LICENSE": render(f"licences/{expression}", **context)}
    if expression.startswith("LicenseRef-"):
        return {"LICENSE": f"Copyright (c) {context['year']} {context['holder']}. All rights reserved.\n"}
    return {}
