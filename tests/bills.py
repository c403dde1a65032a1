"""What is true of every bill of materials: each line is compared with the file that it speaks of."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile


def checked_bill(text: str, library: bytes, manifest: str) -> dict[str, Any]:
    """The bill, which is valid and says what the library and the manifest beside it say."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill: dict[str, Any] = json.loads(text)
    about = bill["metadata"]["component"]
    (record,) = [one for one in json.loads(manifest)["libraries"] if one["file"] == about["bom-ref"]]
    assert about["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(library).hexdigest()}]
    assert about["licenses"] == [{"license": {"id": record["project"]["license"]}}]
    assert about["supplier"]["name"] == ", ".join(record["project"]["authors"])
    assert about["description"] == record["project"]["description"]
    assert tools_of(bill) == {
        (record["compiler"]["id"], record["compiler"]["version"]),
        ("ovext", record["ovext"]),
    }
    releases = [one["version"] for one in record["releases"]] or [record["openvino"]["version"]]
    inside = record["inspection"]["needs"] if record["releases"] else {}
    copies = [one["file"] for one in record["bundled"]]
    own = {*needed_by(library), *inside}
    of_copies = {name for one in record["bundled"] for name in one["needs"]} - own
    others = {name for name in [*own, *of_copies, *copies] if not name.startswith("libopenvino.")}
    others |= {one["file"] for one in record["releases"] if one["file"]}
    parts = {part["bom-ref"]: part for part in bill["components"]}
    known = {f"ovext@{record['ovext']}", *(f"openvino@{release}" for release in releases)}
    assert set(parts) == known | others
    assert all(parts[name]["licenses"] == [{"license": {"id": "Apache-2.0"}}] for name in known)
    (depends,) = [one["dependsOn"] for one in bill["dependencies"] if one["ref"] == about["bom-ref"]]
    assert set(depends) == set(parts) - of_copies
    return bill


def tools_of(bill: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["name"], one["version"]) for one in bill["metadata"]["tools"]["components"]}


def needed_by(library: bytes) -> list[str]:
    dynamic = ELFFile(io.BytesIO(library)).get_section_by_name(".dynamic")
    assert isinstance(dynamic, DynamicSection)
    return [str(vars(tag)["needed"]) for tag in dynamic.iter_tags("DT_NEEDED")]
