"""The bill of materials of an extension library, in CycloneDX."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

if TYPE_CHECKING:
    from ovext.build.manifest import LibraryRecord


def bill_of_materials(record: LibraryRecord, kind: str) -> str:
    """What the library is, what is compiled into it, what it needs, and what built it; as JSON.

    `kind` is the package's type in package URLs: pypi or conan.

    The same record makes the same text: it contains no time, and its serial number is derived from the library's hash.
    """
    project = record.project
    library = Component(
        name=project.name,
        version=project.version,
        purl=PackageURL(kind, name=project.name, version=project.version),
        bom_ref=record.file,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=record.sha256)],
    )
    runtime = _from_index("ovext", record.ovext, "Its C++ runtime is compiled into the library.")
    how = "The library has a build inside that is linked to it." if record.releases else "The library is linked to it."
    openvino = [_from_index("openvino", one, how) for one in record.versions]
    compiler = Component(name=record.compiler.id, version=record.compiler.version, type=ComponentType.APPLICATION)
    bom = Bom(components=[runtime, *openvino], serial_number=uuid.uuid5(uuid.NAMESPACE_OID, record.sha256))
    bom.metadata.component = library
    bom.metadata.tools.components.add(compiler)
    bom.register_dependency(library, [runtime, *openvino])
    data = json.loads(JsonV1Dot6(bom).output_as_string())
    del data["metadata"]["timestamp"]  # the only part that would differ between two builds
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def _from_index(name: str, version: str, description: str) -> Component:
    return Component(
        name=name,
        version=version,
        description=description,
        purl=PackageURL("pypi", name=name, version=version),
        bom_ref=f"{name}@{version}",
    )
