"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ovext.cli import completion
from ovext.targets.isa import isa_table


def exact_releases(text: str | None) -> str | None:
    """One release or several, each as a whole version."""
    if text is None:
        return None
    from ovext.cli.text import talk
    from ovext.toolchain.index import exact_release

    return ",".join(exact_release(one, talk) for one in text.split(","))


def exact_each(texts: list[str] | None) -> list[str] | None:
    """The same for an option that is given several times."""
    return [str(exact_releases(one)) for one in texts] if texts else None


ProjectArgument = Annotated[
    Path, typer.Argument(help="The folder of the extension project.", show_default="this folder")
]
OpenVINOOption = Annotated[
    str | None,
    typer.Option(
        "--openvino",
        metavar="VERSION",
        callback=exact_releases,
        help="The OpenVINO release, such as 2026.4.1, 2026.4 for its newest patch, or nightly. Fetched from the "
        "package index if needed. Without it: OpenVINO_DIR, INTEL_OPENVINO_DIR, this Python environment, the first "
        "release that the project lists.",
        show_default=False,
    ),
]
OpenVINOsOption = Annotated[
    str | None,
    typer.Option(
        "--openvino",
        metavar="VERSION[,VERSION...]",
        callback=exact_releases,
        help="The OpenVINO release, such as 2026.4.1, 2026.4 for its newest patch, or nightly; or several for one "
        "library that loads in each. Fetched from the package index if needed. Without it: OpenVINO_DIR or "
        "INTEL_OPENVINO_DIR, else the releases that the project lists.",
        show_default=False,
    ),
]
LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library",
        help="The extension library, or the folder it was built into. Without it: the one that CPU_EXTENSION names, "
        "else the newest in lib/.",
        show_default=False,
    ),
]
OpOption = Annotated[
    str,
    typer.Option("--op", metavar="TYPE", autocompletion=completion.ops, help="Only this op.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
ReportDirOption = Annotated[
    Path | None,
    typer.Option(
        "--report-dir",
        envvar="OVEXT_REPORT_DIR",
        metavar="DIR",
        help="Where `ovext report` finds the result. Default: build/reports in the project.",
        show_default=False,
    ),
]
IsaOption = Annotated[
    str | None,
    typer.Option(
        autocompletion=completion.instruction_sets,
        help=f"multi, native, or names with commas between: {','.join(isa_table())}. Default: the project's.",
    ),
]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Show every automatic choice and its reason.")]
BuildTypeOption = Annotated[
    str | None,
    typer.Option(
        "--build-type",
        help="Release, RelWithDebInfo, MinSizeRel or Debug. Default: the preset's, else Release.",
        show_default=False,
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        envvar="OVEXT_ENGINE",
        autocompletion=completion.engines,
        help="auto, host, docker or podman. auto: a container engine that is running and has or can get the image of "
        "the base OS, otherwise this machine.",
        show_default="auto",
    ),
]
