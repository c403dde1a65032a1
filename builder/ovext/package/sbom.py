"""The bill of materials of an extension library, in CycloneDX."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

if TYPE_CHECKING:
    from ovext.build.manifest import LibraryRecord


_LICENCE = "Apache-2.0"  # of ovext and of OpenVINO


def bill_of_materials(record: LibraryRecord, package: PackageURL) -> str:
    """What the library is, what is compiled into it, what it needs, and what built it; as JSON.

    `package` is what the library is shipped in, from an index of Python packages or a Conan server.

    The same record makes the same text: it contains no time, and its serial number is derived from the library's hash.
    """
    library = Component(
        name=package.name,
        version=package.version,
        purl=package,
        bom_ref=record.file,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=record.sha256)],
    )
    runtime = _component("ovext", record.ovext, "pypi", "Its C++ runtime is compiled into the library.")
    how = "The library has a build inside that is linked to it." if record.releases else "The library is linked to it."
    openvino = [_component("openvino", one, package.type, how) for one in record.versions]
    compiler = Component(name=record.compiler.id, version=record.compiler.version, type=ComponentType.APPLICATION)
    tool = Component(name="ovext", version=record.ovext, type=ComponentType.APPLICATION)
    bom = Bom(components=[runtime, *openvino], serial_number=uuid.uuid5(uuid.NAMESPACE_OID, record.sha256))
    bom.metadata.component = library
    bom.metadata.tools.components |= {compiler, tool}
    bom.register_dependency(library, [runtime, *openvino])
    data = json.loads(JsonV1Dot6(bom).output_as_string())
    del data["metadata"]["timestamp"]  # the only part that would differ between two builds
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def of_wheel(record: LibraryRecord) -> PackageURL:
    return PackageURL("pypi", name=record.project.name, version=record.project.version)


def _component(name: str, version: str, kind: str, description: str) -> Component:
    return Component(
        name=name,
        version=version,
        description=description,
        licenses=[DisjunctiveLicense(id=_LICENCE)],
        purl=PackageURL(kind, name=name, version=version),
        bom_ref=f"{name}@{version}",
    )
