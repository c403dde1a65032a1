"""`ovext demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ovext.cli.options import JsonOption, LibraryOption, OpenVINOOption


def demo(
    library: LibraryOption = None,
    openvino: OpenVINOOption = None,
    output: Annotated[Path, typer.Option("--output", help="Where to write the models.")] = Path("build/demo"),
    runs: Annotated[int, typer.Option(min=1, help="Inferences of each model.")] = 10,
    json: JsonOption = False,
) -> None:
    """Run ResNet-50 with its first ReLU replaced by CustomReLU, beside the original.

    The model has the real topology and random weights. Exits with 1 when the two do not agree exactly.
    """
    from ovext.build.release import openvino_to_run
    from ovext.cli.text import shortened_path, talk, to_json
    from ovext.errors import ExitCode
    from ovext.files import writing_to
    from ovext.loading import find_library
    from ovext.models.patch import patch_file
    from ovext.worker.check_loads import check_loads
    from ovext.worker.client import Worker, ask_once

    path, why = find_library(library, op="CustomReLU")
    runtime = openvino_to_run(openvino, path, talk)
    isa = check_loads(path, runtime, env={}).isa
    original, patched = output.absolute() / "resnet50.xml", output.absolute() / "resnet50-custom-relu.xml"
    typer.echo(f"Writing ResNet-50 to {shortened_path(original)}", err=True)
    with writing_to(output):
        output.mkdir(parents=True, exist_ok=True)
        ask_once(runtime, "resnet50", {"path": str(original)})
        layers = patch_file(original, patched, "ReLU", "CustomReLU", first=True)
    request = {"original": str(original), "patched": str(patched), "runs": runs}
    with Worker(runtime, path) as worker:
        result = worker.ask("compare-models", request)
        finished = worker.finish()
    result["output"] = finished.output if finished else ""
    if json:
        typer.echo(to_json({"schema": 1, "library": path, "isa": isa, "openvino": str(runtime.version), **result}))
    else:
        agreement = "identical" if result["identical"] else f"differ by up to {result['max_difference']:.3g}"
        typer.echo(f"library   {shortened_path(path)} ({why})")
        typer.echo(f"OpenVINO  {runtime.version}, CPU; variant {isa}")
        typer.echo(f"patched   layer {layers[0].name}: ReLU -> CustomReLU, in {shortened_path(patched)}")
        typer.echo(f"outputs   {agreement} (1000 scores, largest {result['largest_output']:.3g})")
        typer.echo(f"original  {result['original_ms']:.1f} ms, median of {runs}")
        typer.echo(f"patched   {result['patched_ms']:.1f} ms, median of {runs}")
    if not result["identical"]:
        raise typer.Exit(ExitCode.FAILED)
