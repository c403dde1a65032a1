"""The bill of materials of an extension library, in CycloneDX."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.contact import OrganizationalEntity
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import is_supported_id
from packageurl import PackageURL
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from ovext.build.manifest import OPENVINO

if TYPE_CHECKING:
    from cyclonedx.model.license import License

    from ovext.build.manifest import LibraryRecord

_OF_OVEXT = OrganizationalEntity(name="The ovext authors")
_INTEL = OrganizationalEntity(name="Intel Corporation")
_LICENCE = "Apache-2.0"  # of ovext and of OpenVINO
# Where OpenVINO comes from in packages of each kind; a library without a package names its sources.
_OPENVINO = {
    "pypi": PackageURL("pypi", name="openvino"),
    "conan": PackageURL("conan", name="openvino"),
    "generic": PackageURL("github", namespace="openvinotoolkit", name="openvino"),
}


def bill_of_materials(record: LibraryRecord, package: PackageURL) -> str:
    """What the library is, what is compiled into it, what it needs, and what built it; as JSON.

    `package` is what the library is shipped in: from an index of Python packages, a Conan server, or none (generic).

    The same record makes the same text: it contains no time, and its serial number is derived from the library's hash.
    """
    about = record.project
    library = Component(
        name=package.name,
        version=package.version,
        description=about.description or None,
        supplier=OrganizationalEntity(name=", ".join(about.authors)) if about.authors else None,
        licenses=_licences(about.license),
        purl=package,
        bom_ref=record.file,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=record.sha256)],
    )
    parts = [_runtime(record), *_openvinos(record, package.type), *_builds(record), *_needed(record), *_bundled(record)]
    compiler = Component(name=record.compiler.id, version=record.compiler.version, type=ComponentType.APPLICATION)
    tool = Component(name="ovext", version=record.ovext, supplier=_OF_OVEXT, type=ComponentType.APPLICATION)
    bom = Bom(components=parts, serial_number=uuid.uuid5(uuid.NAMESPACE_OID, record.sha256))
    bom.metadata.component = library
    bom.metadata.tools.components |= {compiler, tool}
    _register_dependencies(bom, library, record)
    data = json.loads(JsonV1Dot6(bom).output_as_string())
    del data["metadata"]["timestamp"]  # the only part that would differ between two builds
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def _register_dependencies(bom: Bom, library: Component, record: LibraryRecord) -> None:
    """The library depends on all but what only copies need; a copy on what it needs itself."""
    by_ref = {part.bom_ref.value: part for part in bom.components}
    of_copies = {name for one in record.bundled for name in (one.file, *one.needs)}
    of_copies -= set(record.inspection.needs if record.inspection else ())
    bom.register_dependency(library, [part for name, part in by_ref.items() if name not in of_copies])
    for one in record.bundled:
        bom.register_dependency(by_ref[one.file], [by_ref[name] for name in one.needs if name in by_ref])


def package_of(record: LibraryRecord, kind: str) -> PackageURL:
    """The package with the name and version of the library's project."""
    return PackageURL(kind, name=record.project.name, version=record.project.version)


def _runtime(record: LibraryRecord) -> Component:
    return Component(
        name="ovext",
        version=record.ovext,
        description="Its C++ runtime is compiled into the library.",
        supplier=_OF_OVEXT,
        licenses=_licences(_LICENCE),
        purl=PackageURL("pypi", name="ovext", version=record.ovext),
        bom_ref=f"ovext@{record.ovext}",
    )


def _openvinos(record: LibraryRecord, kind: str) -> list[Component]:
    how = "The library has a build that is linked to it." if record.releases else "The library is linked to it."
    source = _OPENVINO[kind]
    return [
        Component(
            name="openvino",
            version=version,
            description=how,
            supplier=_INTEL,
            licenses=_licences(_LICENCE),
            purl=PackageURL(source.type, source.namespace, source.name, version),
            bom_ref=f"openvino@{version}",
        )
        for version in record.versions
    ]


def _builds(record: LibraryRecord) -> list[Component]:
    """The builds for releases that are files beside the library."""
    return [
        _file_beside(one.file, one.file, one.sha256, f"The build for OpenVINO {one.version}, beside the library.")
        for one in record.releases
        if one.file
    ]


def _needed(record: LibraryRecord) -> list[Component]:
    """The other libraries that are needed, by their names; their versions are those of the system that has them."""
    own = record.inspection.needs if record.inspection else {}
    needs = {name: bringer for one in record.bundled for name, bringer in one.needs.items()} | own
    copies = {one.file for one in record.bundled}
    return [
        Component(name=name, description=f"It is needed, and comes with {bringer}.", bom_ref=name)
        for name, bringer in needs.items()
        if not (bringer == OPENVINO and name.startswith("libopenvino.")) and name not in copies
    ]


def _bundled(record: LibraryRecord) -> list[Component]:
    return [
        _file_beside(one.library, one.file, one.sha256, f"A copy of it, {one.file}, is beside the library.")
        for one in record.bundled
    ]


def _file_beside(name: str, file: str, sha256: str, description: str) -> Component:
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=sha256)]
    return Component(name=name, description=description, bom_ref=file, hashes=hashes)


def _licences(text: str | None) -> list[License]:
    if not text:
        return []
    if is_supported_id(text):
        return [DisjunctiveLicense(id=text)]
    return [LicenseExpression(text) if _is_expression(text) else DisjunctiveLicense(name=text)]


def _is_expression(text: str) -> bool:
    try:
        canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return False
    return True
