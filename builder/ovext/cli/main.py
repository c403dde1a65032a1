"""The command itself: which commands there are, and what becomes of errors."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
import typer.core

from ovext.cli import (
    adopt,
    bench,
    build,
    completion,
    demo,
    doctor,
    env,
    gpu,
    inspect,
    isa,
    matrix,
    new,
    package_steps,
    patch,
    sync,
    test,
    wheel,
)
from ovext.cli.stopping import StoppedError, heed_signals
from ovext.cli.streams import let_go_of_streams, make_streams_usable
from ovext.errors import ExitCode, FilesError, OvextError
from ovext.inner import hand_back


class _Commands(typer.core.TyperGroup):
    """The only place that catches errors: each becomes its text on stderr and its exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return self._invoke(ctx)
        except BrokenPipeError:
            let_go_of_streams()
            raise typer.Exit(ExitCode.NOT_READ) from None

    def _invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except OvextError as error:
            raise _shown(error) from None
        except StoppedError as stop:
            typer.echo(f"\n{stop}. What was built before is as it was.", err=True)
            raise typer.Exit(stop.exit_code) from None
        except KeyboardInterrupt:
            typer.echo("\nInterrupted. What was built before is as it was.", err=True)
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            raise
        except OSError as error:
            place = str(error.filename)[:200] if error.filename else None
            raise _shown(FilesError(error.strerror or str(error), where=place)) from None


def _shown(error: OvextError) -> typer.Exit:
    if hand_back(error):
        return typer.Exit(error.exit_code)
    typer.secho("error: ", fg="red", bold=True, err=True, nl=False)
    typer.echo(str(error), err=True)
    return typer.Exit(error.exit_code)


app = typer.Typer(
    cls=_Commands,
    name="ovext",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: half the time, and easier to read in a narrow terminal
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Build OpenVINO extensions that are known to load where they are sent and to compute the right numbers.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from ovext import __version__

        typer.echo(f"ovext {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
    ),
) -> None:
    pass


app.command("new", short_help="Write a new project with an op, or another op")(new.new)
app.command("adopt", short_help="Make a project of an extension that exists")(adopt.adopt)
app.command("build", short_help="Build a project into lib/<base OS>/")(build.build)
app.command("wheel", short_help="Build a project's wheel into dist/")(wheel.wheel)
app.command("matrix", short_help="Build every target of every project")(matrix.matrix)
app.command("sync", short_help="Write anew what follows from op.toml")(sync.sync)
app.command("test", short_help="Prove a project's ops against their references")(test.run)
app.command("inspect", short_help="Say where a library loads, and why not elsewhere")(inspect.inspect)
app.command("patch", short_help="Give layers of an OpenVINO IR another type")(patch.patch)
app.command("demo", short_help="Run ResNet-50 with CustomReLU, beside the original")(demo.demo)
app.command("bench", short_help="Measure a project's op against its baselines")(bench.bench)
app.add_typer(gpu.commands, name="gpu", short_help="Check GPU layers, and run them with or without a GPU")
app.command("isa", short_help="Show instruction sets: detected, compiled, chosen")(isa.isa)
app.add_typer(package_steps.commands, name="package-step", hidden=True)
app.command("env", short_help="Show what a build here would use")(env.env)
app.command("completion", short_help="Print a script that completes words in a shell")(completion.completion)
app.command("doctor", short_help="Look at this machine, each problem with its fix")(doctor.doctor)


def main() -> None:
    make_streams_usable()
    heed_signals()
    if completion.VARIABLE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
    sys.exit(app(prog_name="ovext"))
