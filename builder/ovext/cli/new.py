"""`ovext new`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ovext.errors import UsageError

if TYPE_CHECKING:
    from ovext.project import OpDescription
    from ovext.scaffold.new import NewFiles


def new(
    name: Annotated[
        Path | None,
        typer.Argument(
            metavar="NAME",
            help="The project's folder. Where it is a project already, it gets another op.",
            show_default=False,
        ),
    ] = None,
    op: Annotated[
        str | None,
        typer.Option(metavar="TYPE", help="What models call the op. Default: the folder's name.", show_default=False),
    ] = None,
    opset: Annotated[str | None, typer.Option(help="Default: the project's name.", show_default=False)] = None,
    doc: Annotated[str, typer.Option(metavar="TEXT", help="What the op computes.", show_default=False)] = "",
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="NAME[:TYPES[:DIMS]]",
            help="For example data:f32,f16 or data:f32:N,C,...; TYPES may be the name of an earlier input. Models may "
            "leave out NAME?, NAME+ is one tensor or more, and `none` is for no input. Repeat it for each input. "
            "Default: data:f32,f16,bf16.",
            show_default=False,
        ),
    ] = None,
    outputs: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            metavar="NAME[:TYPE[:SHAPE]]",
            help="SHAPE is an input that has the same, formulas such as N,C,(H-3)//2+1, broadcast, custom=RANK or "
            "data-dependent=RANK. Default: as the first input, or broadcast.",
            show_default=False,
        ),
    ] = None,
    attributes: Annotated[
        list[str] | None,
        typer.Option(
            "--attribute",
            metavar="NAME:TYPE[=DEFAULT]",
            help="For example alpha:float=1.0, axes:int[]=1,2 or 'mode:enum(near,far)=far'. Bounds go into op.toml.",
            show_default=False,
        ),
    ] = None,
    constraints: Annotated[
        list[str] | None,
        typer.Option("--constraint", metavar="RULE", help="For example 'C % groups == 0'.", show_default=False),
    ] = None,
    elementwise: Annotated[
        str,
        typer.Option(
            "--elementwise",
            metavar="FORMULA",
            help="What is computed for each element, such as 'x * sigmoid(beta * x)': no kernel has to be written.",
            show_default=False,
        ),
    ] = "",
    frameworks: Annotated[
        list[str] | None,
        typer.Option(
            "--framework",
            metavar="NAME=TYPE",
            help="For example onnx=my.domain:ScaledCosh or pytorch=my_ops::scaled_cosh.",
            show_default=False,
        ),
    ] = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="Also write a kernel for GPUs.")] = False,
    license: Annotated[  # noqa: A002  typer names the option after it
        str | None,
        typer.Option(
            metavar="SPDX",
            help="The licence of a new project, such as MIT, Apache-2.0 or LicenseRef-Proprietary.",
            show_default=False,
        ),
    ] = None,
    ci: Annotated[
        str | None,
        typer.Option(
            metavar="HOST",
            help="For a new project, workflows that build, prove and publish it, and hooks of pre-commit: github.",
            show_default=False,
        ),
    ] = None,
    conan: Annotated[bool, typer.Option("--conan", help="For a new project, the recipe of its Conan package.")] = False,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE.json|toml", help="The op, described as in op.toml.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the files.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing, even in a terminal.")] = False,
    legacy: Annotated[
        bool, typer.Option("--legacy", help="Write the tree of the Model Extension Generator of 2018 to 2020.")
    ] = False,
    mo_caffe: Annotated[bool, typer.Option("--mo-caffe-ext", help="With --legacy: an extractor for Caffe.")] = False,
    mo_mxnet: Annotated[bool, typer.Option("--mo-mxnet-ext", help="With --legacy: an extractor for MXNet.")] = False,
    mo_tf: Annotated[bool, typer.Option("--mo-tf-ext", help="With --legacy: an extractor for TensorFlow.")] = False,
    mo_onnx: Annotated[bool, typer.Option("--mo-onnx-ext", help="With --legacy: an extractor for ONNX.")] = False,
    mo_op: Annotated[bool, typer.Option("--mo-op", help="With --legacy: the op for Model Optimizer.")] = False,
    ie_cpu: Annotated[bool, typer.Option("--ie-cpu-ext", help="With --legacy: the op for CPUs, as a project.")] = False,
    ie_gpu: Annotated[bool, typer.Option("--ie-gpu-ext", help="With --legacy: the layer for GPUs.")] = False,
    output_dir: Annotated[
        Path, typer.Option("--output_dir", "--output-dir", help="With --legacy: where to write.")
    ] = Path(),
) -> None:
    """Write a new extension project with an op, or add an op to a project.

    In a terminal, it asks about the op unless options describe it. The files that it writes build, and pass
    `ovext test`.
    """
    flags = (mo_caffe, mo_mxnet, mo_tf, mo_onnx, mo_op, ie_cpu, ie_gpu)
    if legacy or any(flags):
        from ovext.cli.legacy import FLAGS, new_legacy

        wanted = [flag for flag, given in zip(FLAGS, flags, strict=True) if given]
        new_legacy(wanted, source, output_dir, force=force, dry_run=dry_run, yes=yes)
        return
    if name is None:
        raise UsageError("the project needs a name", fix="For example: ovext new my_ops")
    from ovext.scaffold.describe import OpRequest, complete, op_from_request, op_type_of
    from ovext.scaffold.new import default_opset, is_project, plan_new, project_name
    from ovext.scaffold.repository import repository

    wanted_repository = repository(license=license or "", ci=ci or "", conan=conan)
    telling = (op, opset, doc, inputs, outputs, attributes, constraints, elementwise, frameworks)
    is_asking = sys.stdin.isatty() and sys.stderr.isatty() and not yes
    if source is not None:
        if any(telling):
            raise UsageError("--from describes the op already", fix="Change the file, or leave it out.")
        described = complete(_op_from(source, default_opset(name)), gpu=gpu)
    else:
        if is_project(name) and not any(telling) and not is_asking:
            raise UsageError(f"{name} is a project already", fix=f"Name the op to add: ovext new {name} --op TYPE.")
        request = OpRequest(
            op=op or op_type_of(project_name(name)),
            opset=opset or default_opset(name),
            doc=doc,
            inputs=inputs or (),
            outputs=outputs or (),
            attributes=attributes or (),
            constraints=constraints or (),
            elementwise=elementwise,
            frameworks=frameworks or (),
            gpu=gpu,
        )
        if is_asking and not any(telling) and not gpu:
            from ovext.cli.questions import ask, ask_about_repository

            request = ask(request)
            if not is_project(name):
                wanted_repository = ask_about_repository(wanted_repository)
        described = op_from_request(request)
    planned = plan_new(name, [described], repository=wanted_repository)
    _show(planned, described)
    if not dry_run:
        _write(planned, described, force=force, ask=is_asking)


def _op_from(source: Path, opset: str) -> OpDescription:
    """The op that a file describes, in the format of op.toml or of the old generator."""
    from ovext.scaffold.describe import op_from_file, read_json
    from ovext.scaffold.legacy.config import is_legacy, read_legacy
    from ovext.scaffold.legacy.files import op_from_legacy

    if source.suffix.lower() == ".json" and is_legacy(read_json(source)):
        return op_from_legacy(read_legacy(source), opset=opset)
    return op_from_file(source, opset)


def _show(planned: NewFiles, op: OpDescription) -> None:
    from ovext.cli.text import shortened_path

    where = f"in the project {planned.root.name}" if planned.adds_to_project else "in a new project"
    typer.echo(f"{op.type} ({op.opset}) {where}, {shortened_path(planned.root)}:", err=True)
    there = set(planned.existing())
    for file in planned.files:
        typer.echo(f"  {file}{'  (exists already)' if file in there else ''}", err=True)
    for file in planned.changed:
        typer.echo(f"  {file}  (changed)", err=True)


def _write(planned: NewFiles, op: OpDescription, *, force: bool, ask: bool) -> None:
    from ovext.cli.text import shortened_path
    from ovext.scaffold.derived import folder_of
    from ovext.scaffold.new import write_new

    if ask and not typer.confirm("Write them?", default=True, err=True):
        raise typer.Exit
    write_new(planned, force=force)
    folder, project = folder_of(op), shortened_path(planned.root)
    places = f"{op.type}'s computation goes into ops/{folder}/kernel.cpp and ops/{folder}/reference.py."
    typer.echo(f"Written. {'Nothing is left to write.' if op.elementwise else places}")
    if planned.advice:
        typer.echo(planned.advice)
    typer.echo(f"Then: ovext test {project}")
