"""The command itself: the list of its subcommands, and how errors end."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # ovext uses none, and looking for them takes 10 ms

import typer
import typer.core

from ovext.cli.completion import VARIABLE as COMPLETION
from ovext.cli.stopping import StoppedError, heed_signals
from ovext.cli.streams import let_go_of_streams, make_streams_usable
from ovext.errors import ExitCode, FilesError, OvextError
from ovext.inner import hand_back


class _Commands(typer.core.TyperGroup):
    """The only place that catches errors: prints each on stderr and exits with its code."""

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
        except KeyboardInterrupt:
            raise StoppedError(signal.SIGINT) from None
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


@dataclass(frozen=True)
class _Command:
    """A command or a group of commands, and where it is: module and name."""

    name: str
    place: str
    help: str = ""

    def load(self) -> Any:
        module, _, name = self.place.partition(":")
        return getattr(import_module(f"ovext.cli.{module}"), name)


_COMMANDS = (
    _Command("new", "new:new", "Write a new project with an op, or another op"),
    _Command("adopt", "adopt:adopt", "Make a project from an existing extension"),
    _Command("build", "build:build", "Build a project into lib/<base OS>/"),
    _Command("wheel", "wheel:wheel", "Build a project's wheel into dist/"),
    _Command("matrix", "matrix:matrix", "Build every target of every project"),
    _Command("releases", "releases:releases", "Show OpenVINO's releases, and for which a project builds"),
    _Command("sync", "sync:sync", "Regenerate what follows from each op.toml"),
    _Command("rename", "rename:rename", "Rename an op, or a part of one, in all files"),
    _Command("remove", "rename:remove", "Take an op out of a project"),
    _Command("test", "test:run", "Prove a project's ops against their references"),
    _Command("base-os", "base_os:base_os", "Show what each base OS has, or what an image has"),
    _Command("inspect", "inspect:inspect", "Report where a library loads, and why not elsewhere"),
    _Command("patch", "patch:patch", "Change the type of layers in an OpenVINO IR"),
    _Command("demo", "demo:demo", "Run ResNet-50 with CustomReLU, beside the original"),
    _Command("bench", "bench:bench", "Measure a project's op against its baselines"),
    _Command("gpu", "gpu:commands", "Check GPU layers, and run them with or without a GPU"),
    _Command("isa", "isa:isa", "Show instruction sets: detected, compiled, chosen"),
    _Command("report", "report:report", "Make one page of what was built, proved and measured"),
    _Command("clean", "clean:clean", "Remove build trees, or builder images"),
    _Command("package-step", "package_steps:commands"),  # for CMake and Conan, not for people
    _Command("env", "env:env", "Show what a build here would use"),
    _Command("completion", "completion:completion", "Print a script with which a shell completes words"),
    _Command("doctor", "doctor:doctor", "Check this machine, with a fix for each problem"),
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from ovext import __version__

        typer.echo(f"ovext {__version__}")
        raise typer.Exit


def _options(
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
    ),
) -> None:
    pass


def _only_listed() -> None:
    """A placeholder for a command that is only listed, not run."""


def _app(words: list[str], *, all_commands: bool) -> typer.Typer:
    """The command `ovext`.

    Unless `all_commands` is set, only a subcommand that `words` may name is imported; others are listed at most.
    """
    app = typer.Typer(
        cls=_Commands,
        name="ovext",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help takes half the time, and reads better in a narrow terminal
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Build OpenVINO extensions that are known to load where they are sent and to compute the right numbers.",
    )
    app.callback()(_options)
    named = [one for one in _COMMANDS if one.name in words[:1]]
    for one in _COMMANDS if all_commands or not named else named:
        command = one.load() if all_commands or one.name in words else _only_listed
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=one.name, short_help=one.help, hidden=not one.help)
        else:
            app.command(one.name, short_help=one.help, hidden=not one.help)(command)
    return app


def main() -> None:
    make_streams_usable()
    heed_signals()
    is_completing = COMPLETION in os.environ
    if is_completing:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
    try:
        _app(sys.argv[1:], all_commands=is_completing)(prog_name="ovext")
    except StoppedError as stop:
        with suppress(OSError):  # the terminal may be gone
            typer.echo(f"\n{stop}. What was built before is unchanged.", err=True)
        sys.exit(stop.exit_code)
