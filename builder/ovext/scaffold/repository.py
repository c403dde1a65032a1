"""What a new project has beside its ops for its author's repository: a licence, workflows, hooks, a Conan recipe."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from ovext.errors import UnknownNameError, UsageError
from ovext.resources import licence, version
from ovext.scaffold.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping

LICENCES = ("Apache-2.0", "MIT", "BSD-3-Clause")  # whose texts ovext has
HOSTS = ("github",)
# By commit, as in ovext's own workflows.
_ACTIONS = {
    "checkout": "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2",
    "setup_python": "actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065 # v5.6.0",
    "upload": "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2",
    "download": "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0",
    "attest": "actions/attest-build-provenance@e8998f949152b193b063cb0ec769d69d929409be # v2.4.0",
    "publish": "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2",
}


@dataclass(frozen=True)
class Repository:
    """What the author wants in it.

    Args:
        license: an SPDX expression; without it, the project states none.
        ci: the host whose workflows build, prove and publish it, one of HOSTS; empty for none.
        conan: whether it is a Conan package, too.
    """

    license: str = ""
    ci: str = ""
    conan: bool = False

    @property
    def is_default(self) -> bool:
        return self == Repository()


def repository(*, license: str = "", ci: str = "", conan: bool = False) -> Repository:  # noqa: A002  the option's name
    """The repository that options describe.

    Raises:
        UsageError: an option has a wrong value.
    """
    if ci and ci not in HOSTS:
        raise UnknownNameError("host of workflows", ci, HOSTS)
    try:
        return Repository(str(canonicalize_license_expression(license)) if license else "", ci, conan)
    except InvalidLicenseExpression:
        raise UsageError(
            f"'{license}' is no SPDX expression",
            fix=f"Give {', '.join(LICENCES)}, another licence of the SPDX list, or LicenseRef-Proprietary.",
        ) from None


def repository_files(chosen: Repository, context: Mapping[str, Any]) -> dict[str, str]:
    """The texts of its files, by their paths; `context` is that of the project's own templates."""
    name: str = context["name"]
    files = _licence(chosen.license, context["author"] or f"the authors of {name}")
    if chosen.ci:
        for workflow in ("test", "release"):
            text = render(f"repository/{workflow}.yml", actions=_ACTIONS, **context)
            files[f".github/workflows/{workflow}.yml"] = text
        files[".pre-commit-config.yaml"] = render("repository/pre-commit.yaml")
    if chosen.conan:
        title = "".join(part.capitalize() for part in name.split("_"))
        for path, class_name, base in (
            ("conanfile.py", title, "Extension"),
            ("test_package/conanfile.py", f"Test{title}", "Test"),
        ):
            files[path] = render("repository/conanfile.py", class_name=class_name, base=base, version=version())
    return files


def _licence(expression: str, holder: str) -> dict[str, str]:
    context = {"holder": holder, "year": str(date.today().year)}  # noqa: DTZ011  the author's day
    if expression == "Apache-2.0":
        return {"LICENSE": licence().read_text(encoding="utf-8")}
    if expression in LICENCES:
        return {"LICENSE": render(f"licences/{expression}", **context)}
    if re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", expression):
        return {"LICENSE": f"Copyright (c) {context['year']} {holder}. All rights reserved.\n"}
    return {}
