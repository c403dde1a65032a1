"""The releases of OpenVINO that the user's package index has for this Python."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import OpenVINOError, UsageError
from ovext.targets.openvino_version import OpenVINOVersion
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Callable

NIGHTLY = "nightly"


def releases_on_index(*, also_builds: bool = False) -> list[OpenVINOVersion]:
    """Newest first; `also_builds` are candidates and development builds.

    Raises:
        OpenVINOError: the index cannot be reached, or has no OpenVINO for this Python.
    """
    pre = ["--pre"] if also_builds else []
    command = [sys.executable, "-m", "pip", "index", "versions", "openvino", "--disable-pip-version-check", *pre]
    finished = run(
        [*command, "--no-input"], cwd=Path(sys.prefix)
    )  # files in the user's folder must not shadow a module
    listed = re.search(r"^Available versions: (.*)$", finished.output, re.MULTILINE)
    if not finished.ok or not listed:
        raise OpenVINOError(
            f"the package index does not tell which releases of OpenVINO it has: {finished.complaint()}",
            fix="Check the network and pip's index settings, or give a whole version, such as 2026.4.1.",
        )
    versions = []
    for text in listed[1].split(", "):
        try:
            versions.append(OpenVINOVersion.parse(text))
        except UsageError:
            continue  # of years before 2020, or of another form
    return sorted(versions, reverse=True)


def exact_release(text: str, talk: Callable[[str], None]) -> str:
    """The version that the user means: the newest patch for 2026.4, and the newest build of all for `nightly`.

    Only these two ask the index; `talk` receives what was found.

    Raises:
        UsageError: it is no version.
        OpenVINOError: the index has none that fits, or cannot be reached.
    """
    text = text.strip()
    line = re.fullmatch(r"(20\d\d)\.(\d+)", text)
    if text != NIGHTLY and not line:
        return str(OpenVINOVersion.parse(text))
    known = releases_on_index(also_builds=text == NIGHTLY)
    fitting = [one for one in known if not line or (one.year, one.minor) == (int(line[1]), int(line[2]))]
    if not fitting:
        offered = ", ".join(dict.fromkeys(f"{one.year}.{one.minor}" for one in known))
        raise OpenVINOError(f"the package index has no OpenVINO {text}", fix=f"It offers {offered}.")
    talk(f"OpenVINO {text} is {fitting[0]}, the newest {'build' if text == NIGHTLY else 'patch'} in the package index")
    return str(fitting[0])
