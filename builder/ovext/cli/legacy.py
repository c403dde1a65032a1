"""`ovext new --legacy`: the flags, the questions and the tree of the Model Extension Generator."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from ovext.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from ovext.scaffold.legacy.config import LegacyConfig
    from ovext.scaffold.new import NewFiles

FLAGS = {
    "--mo-caffe-ext": "mo_caffe_extractor",
    "--mo-mxnet-ext": "mo_mxnet_extractor",
    "--mo-tf-ext": "mo_tf_extractor",
    "--mo-onnx-ext": "mo_onnx_extractor",
    "--mo-op": "mo_op",
    "--ie-cpu-ext": "cpu",
    "--ie-gpu-ext": "cldnn",
}
_TF_TYPES = "s i f b type shape padding spatial channel batch list.s list.i list.f list.b list.type list.shape"


def new_legacy(wanted: list[str], source: Path | None, output: Path, *, force: bool, dry_run: bool, yes: bool) -> None:
    """Write the files that the old generator wrote, from its JSON or from answers to its questions.

    Raises:
        UsageError: nothing was requested, or there is no terminal to ask in.
    """
    from ovext.cli.text import shortened_path
    from ovext.scaffold.legacy.config import legacy_of, read_legacy
    from ovext.scaffold.legacy.files import plan_legacy
    from ovext.scaffold.new import write_new

    is_asking = sys.stdin.isatty() and sys.stderr.isatty() and not yes
    if source is not None:
        config = read_legacy(source)
    elif not wanted:
        raise UsageError("--legacy needs to know what to write", fix=f"Give --from FILE.json, or {', '.join(FLAGS)}.")
    elif not is_asking:
        raise UsageError("without a terminal nothing can be asked", fix="Give --from FILE.json.")
    else:
        config = legacy_of(_asked(wanted), "the answers")
    plans = plan_legacy(output, config)
    for plan in plans:
        for file in plan.files:
            typer.echo(f"  {shortened_path(plan.root / file)}", err=True)
    if dry_run:
        return
    _refuse_existing(plans, force=force)
    if is_asking and not typer.confirm("Write them?", default=True, err=True):
        raise typer.Exit
    for plan in plans:
        write_new(plan, force=force)
    _tell(config, output)


def _refuse_existing(plans: list[NewFiles], *, force: bool) -> None:
    there = [str(plan.root / name) for plan in plans for name in plan.existing()]
    if there and not force:
        listed = "".join(f"\n  - {name}" for name in there)
        raise UsageError(f"these files already exist:{listed}", fix="Use --force to replace them.")


def _tell(config: LegacyConfig, output: Path) -> None:
    if config.mo_op or config.mo_caffe_extractor or config.mo_tf_extractor or config.mo_onnx_extractor:
        typer.echo(f"Model Optimizer of 2022.1 to 2024.6: mo --extensions {output / 'user_mo_extensions'} ...")
    plugins = {one.plugin for one in config.engines()}
    if "cpu" in plugins:
        typer.echo(f"CPU: ovext test {output / 'user_ie_extensions' / 'cpu'}")
    if "cldnn" in plugins:
        typer.echo(f"GPU: ovext gpu check {output / 'user_ie_extensions' / 'gpu'}/*.xml")


def _asked(wanted: list[str]) -> dict[str, Any]:
    """The old configuration, from the old questions."""
    import questionary

    name: str = questionary.text("Enter operation name").unsafe_ask().strip()
    data: dict[str, Any] = {}
    for flag in wanted:
        section = FLAGS[flag]
        if section in {"cpu", "cldnn"}:
            params = _list(f"{flag}: <param> <int|float|bool|string|listint|listfloat> [default]", ("name", "type"))
            data.setdefault("ie_op", []).append({"op": name, "plugin": section, "params": params})
        elif section == "mo_op":
            data[section] = _operation(name)
        else:
            data[section] = _extractor(section, name)
    return data


def _operation(name: str) -> dict[str, Any]:
    import questionary

    shown = questionary.text("Attributes of the op, with spaces between").unsafe_ask().split()
    internal = questionary.text("Which of them are internal, and not in the IR?").unsafe_ask().split()
    changes = questionary.confirm("Does your operation change shape?", default=False).unsafe_ask()
    return {
        "op": name,
        "supported_attrs": shown,
        "internal_attrs": internal,
        "change_shape": changes,
        "has_infer": changes,
    }


def _extractor(section: str, name: str) -> dict[str, Any]:
    import questionary

    data: dict[str, Any] = {"op": questionary.text(f"{section}: Enter layer name", default=name).unsafe_ask()}
    if section == "mo_caffe_extractor":
        data["pythonic"] = questionary.confirm("Is your layer Pythonic?", default=False).unsafe_ask()
        if data["pythonic"]:
            data["module"] = questionary.text("Enter module name").unsafe_ask()
        else:
            data["param_name"] = questionary.text("Enter parameters name as in proto").unsafe_ask()
    if section == "mo_mxnet_extractor":
        data["custom"] = questionary.confirm("Is your layer Custom?", default=False).unsafe_ask()
    if section != "mo_onnx_extractor":
        key = "all_copy" if section == "mo_tf_extractor" else "allCopy"
        data[key] = questionary.confirm("Copy all parameters?", default=False).unsafe_ask()
    typed = section in {"mo_tf_extractor", "mo_onnx_extractor"}
    form = f"<param> <new name> [{_TF_TYPES}]" if typed else "<param> <new name> [default]"
    data["params"] = _list(form, ("old_name", "new_name"), last="type" if typed else "default")
    return data


def _list(form: str, names: tuple[str, str], last: str = "default") -> list[dict[str, Any]]:
    """One entry for each line that the user types, until an empty line or `q`."""
    import questionary

    entries = []
    while (line := questionary.text(f"{form}; empty or q: no more").unsafe_ask().strip()) not in {"", "q"}:
        entries.append(dict(zip((*names, last), line.split(maxsplit=2), strict=False)))
    return entries
