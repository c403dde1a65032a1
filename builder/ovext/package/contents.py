"""What lies in the package of an extension beside its library: layers, manifest, bill of materials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovext.build.gate import Candidate, pass_gate
from ovext.build.layers import check_layers, layers_for
from ovext.build.manifest import FILE_NAME, Manifest, to_json
from ovext.build.record import project_record, record_of
from ovext.build.report import read_reports
from ovext.errors import OpenVINOError
from ovext.files import writing_to
from ovext.package.requirements import openvino_to_build_against
from ovext.package.sbom import bill_of_materials
from ovext.project import load_project
from ovext.scaffold.sync import check_derived

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ovext.toolchain.openvino import OpenVINO

NO_BASE_OS = "manylinux"  # the base OS of a library in a wheel, whose tag says where it loads


def installed_openvino(root: Path) -> OpenVINO:
    """The OpenVINO of the environment that builds the project in `root`.

    Raises:
        OpenVINOError: there is none.
    """
    openvino = openvino_to_build_against(root)
    if openvino is None:
        version = load_project(root).settings.default_openvino
        raise OpenVINOError(
            "no OpenVINO is installed where the wheel is built",
            fix=f"Install openvino=={version} there, or let pip build in isolation, or use `ovext wheel`.",
        )
    return openvino


def fill_package(
    root: Path, build_dir: Path, library: str, folder: Path, metadata: Path, *, talk: Callable[[str], None]
) -> None:
    """Put what belongs to the installed library of the target `library` into the package's `folder`.

    Args:
        root: the project.
        build_dir: CMake's build tree.
        library: the name that ovext_add_extension() was given.
        folder: the package, which holds the library.
        metadata: what becomes the wheel's .dist-info.
        talk: is told of what the user should know.

    Raises:
        GateError, LibraryError: the library would not load. The whole report lies in the build tree.
        ProjectError: files made from an op.toml are not up to date.
    """
    project = load_project(root)
    check_derived(project)
    check_layers(project, talk)
    openvino = installed_openvino(root)
    report = next(report for report in read_reports(build_dir) if report.library == library)
    file = folder / report.file.name
    rejected = build_dir / f"{file.name}.rejected.json"
    inspection = pass_gate(Candidate(file, report, build_dir, openvino, (), rejected), talk)
    records, texts = layers_for(report)
    record = record_of(
        report,
        file,
        build_dir=build_dir,
        openvino=openvino,
        project=project_record(project, None),  # so that a checkout and its sdist give the same wheel
        base_os=NO_BASE_OS,
        engine="wheel",
        layers=records,
    ).model_copy(update={"inspection": inspection})
    with writing_to(folder):
        files = {folder / name: text for name, text in texts.items()}
        files[folder / FILE_NAME] = to_json(Manifest(schema=1, libraries=[record]))
        files[metadata / "sboms" / f"{library}.cdx.json"] = bill_of_materials(record)
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
