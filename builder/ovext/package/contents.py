"""What an extension's package contains beside its library: layers, manifest, bill of materials."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.build.bundle import brought_by, with_bundled
from ovext.build.cmake_report import read_reports
from ovext.build.gate import Candidate, pass_gate, with_passed
from ovext.build.layers import check_layers, layers_for
from ovext.build.manifest import FILE_NAME, merged, project_record, read_manifest, record_of, to_json
from ovext.build.sbom import bill_of_materials, package_of
from ovext.errors import OpenVINOError
from ovext.files import writing_to
from ovext.package.licences import check_licences, write_notice
from ovext.package.requirements import openvino_to_build_against
from ovext.project import load_project
from ovext.project.sources import products_of
from ovext.scaffold.sync import check_derived
from ovext.toolchain.git import revision_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from packageurl import PackageURL

    from ovext.build.cmake_report import LibraryReport
    from ovext.build.manifest import BundledRecord
    from ovext.project import Project
    from ovext.toolchain.openvino import OpenVINO

    Talk = Callable[[str], None]


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


def describe_package(folder: Path, metadata: Path, project: Project, url: PackageURL, talk: Talk) -> None:
    """Write the bill of materials of each library in the folder, which has a manifest and becomes that package.

    `talk` receives what the user should know.

    Raises:
        ProjectError: a licence file is missing.
        FilesError: they cannot be written.
    """
    check_licences(project, talk)
    write_notice(metadata)
    manifest = read_manifest(folder)
    with writing_to(metadata):
        (metadata / "sboms").mkdir(parents=True, exist_ok=True)
        for record in manifest.libraries if manifest else ():
            file = metadata / "sboms" / record.bill
            file.write_text(bill_of_materials(record, url), encoding="utf-8")


@dataclass(frozen=True)
class Package:
    """A package that so far contains only its library."""

    project: Path
    build_dir: Path  # CMake's build tree
    library: str  # the name passed to ovext_add_extension()
    folder: Path  # where the library is installed
    metadata: Path  # for a wheel, what becomes its .dist-info
    engine: str  # who builds: wheel or conan
    url: PackageURL | None = None  # of a package that is no wheel


def _bundle(package: Package, report: LibraryReport, project: Project) -> list[BundledRecord]:
    """Put copies of the libraries that nothing brings into the package; its library then needs these."""
    file = package.folder / report.file.name
    into = package.build_dir / "ovext" / "bundled" / package.library
    brought = brought_by([], project.settings.provides)
    made, bundled = with_bundled(file, report, package.build_dir, into, brought)
    with writing_to(package.folder):
        for name in [file.name, *(one.file for one in bundled)] if bundled else ():
            shutil.copy(made.with_name(name), package.folder / name)
    return bundled


def fill_package(package: Package, talk: Talk) -> None:
    """Check the library and put its accompanying files beside it; `talk` receives what the user should know.

    Raises:
        GateError, LibraryError: the library would not load. The whole report is in the build tree.
        ProjectError: files made from an op.toml are not up to date, or a licence file is missing.
    """
    project = load_project(package.project)
    check_derived(project)
    check_licences(project, talk)
    openvino = installed_openvino(package.project)
    checked = check_layers(project, talk, openvino.version)
    reports = read_reports(package.build_dir, project)
    report = next(report for report in reports if report.library == package.library)
    file = package.folder / report.file.name
    bundled = _bundle(package, report, project)
    rejected = package.build_dir / f"{file.name}.rejected.json"
    passed = pass_gate(Candidate(file, report, openvino, (), rejected, project.settings), talk)
    records, texts = layers_for(report, checked)
    record = record_of(
        report,
        file,
        build_dir=package.build_dir,
        openvino=openvino,
        project=project_record(project, revision_of(project.root, products_of(project.root))),
        base_os=None,
        engine=package.engine,
        layers=records,
        settings=project.settings,
        bundled=bundled,
    )
    record = with_passed(record, passed)
    write_notice(package.metadata)
    with writing_to(package.folder):
        files = {package.folder / name: text for name, text in texts.items()}
        files[package.folder / FILE_NAME] = to_json(merged(read_manifest(package.folder), [record], package.folder))
        bill = bill_of_materials(record, package.url or package_of(record, "pypi"))
        files[package.metadata / "sboms" / record.bill] = bill
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
