"""`ovext isa`."""

from __future__ import annotations

from pathlib import Path

import typer

from ovext.cli.options import JsonOption, LibraryOption, OpenVINOOption


def isa(library: LibraryOption = None, openvino: OpenVINOOption = None, json: JsonOption = False) -> None:
    """Show the instruction sets: which ones this CPU has, which ones a library has, and which one it chooses.

    OVEXT_ISA=<name> in the environment forces the choice, here as everywhere else.
    """
    from ovext.build.release import openvino_to_run
    from ovext.cli.text import shortened_path, talk, to_json
    from ovext.errors import NoLibraryError
    from ovext.inspect.variants import compiled_variants
    from ovext.loading import find_library
    from ovext.targets.isa import host_cpuinfo_flags, isa_table
    from ovext.worker.check_loads import check_loads

    host = host_cpuinfo_flags()
    detected = [row.id for row in isa_table().values() if row.is_supported(host)]
    path: Path | None
    compiled, chosen = None, None
    try:
        path, _ = find_library(library)
    except NoLibraryError:
        path = None
    if path is not None:
        compiled = compiled_variants(path)
        chosen = check_loads(path, openvino_to_run(openvino, path, talk), env={}).isa
    if json:
        data = {"known": list(isa_table()), "detected": detected, "library": path, "compiled": compiled}
        typer.echo(to_json({"schema": 1, **data, "chosen": chosen}))
        return
    for row in isa_table().values():
        typer.echo(f"{row.id:8}  flags {' '.join(row.flags)}")
    typer.echo(f"detected  {', '.join(detected) or 'none'}")
    if path is None:
        typer.echo("compiled  (no library was built here yet; name one with --library)")
        return
    typer.echo(f"compiled  {', '.join(compiled) if compiled else 'not built with ovext'} in {shortened_path(path)}")
    typer.echo(f"chosen    {chosen or 'no choice: not built with ovext'}")
