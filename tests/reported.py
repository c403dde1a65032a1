"""JSON as commands write it, made up: for many libraries and ops, and for what goes wrong."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

BASES = ("debian12", "debian13", "ubi8", "ubi9", "ubuntu22", "ubuntu24")
VARIANTS = ("sse42", "avx2", "avx512f")
Data = dict[str, Any]


def built(name: str = "ops", base_os: str = "ubuntu24", openvino: str = "2026.4.1", **other: Any) -> Data:
    """A library in a manifest."""
    file = f"lib{name}_cpu_extension.so"
    return {
        "file": file,
        "size": 132616,
        "sha256": hashlib.sha256(f"{name} {base_os} {openvino}".encode()).hexdigest(),
        "project": {"name": name, "version": "1.0", "license": "MIT", "commit": None},
        "openvino": {"version": openvino},
        "base_os": base_os,
        "engine": "host",
        "compiler": {"id": "GNU", "version": "12.2.0"},
        "variants": [{"id": one} for one in VARIANTS],
        "ops": [{"type": "Scale", "opset": "opset1"}],
        **other,
    }


def inspected(library: Data, *, lacking: tuple[str, ...] = (), **other: Any) -> Data:
    """Its inspection; it does not load on the base OSes `lacking` something."""
    error = {"code": "too-new", "level": "error", "text": "it needs GLIBC_2.99", "fix": "Build it with ovext."}
    return {
        "file": library["file"],
        "is_fine": not lacking,
        "problem": None,
        "highest_versions": {"GLIBC": "2.14", "GLIBCXX": "3.4.21"},
        "manylinux": "manylinux_2_27_x86_64",
        "openvino": "2026.4.1",
        "needed": [
            {"library": "libc.so.6", "needed_by": library["file"], "brought_by": dict.fromkeys(BASES, "system")}
        ],
        "variants": {one: {"functions": 4, "size": 9000} for one in VARIANTS},
        "findings": [error] if lacking else [],
        "verdicts": [
            {"target": base, "loads": base not in lacking, "errors": ["too-new"] if base in lacking else []}
            for base in BASES
        ],
        "sha256": library["sha256"],
        "size": library["size"],
        "sections": {".text": 27694, ".symtab": 9432, **{f"ovext_text_{one}": 9000 for one in VARIANTS}},
        "exports": ["create_extensions", "ovext_active_isa"],
        **other,
    }


def row(op: str = "Scale", **other: Any) -> Data:
    """A row of a proof."""
    points = [{"elements": elements, "of_tolerance": 0.25} for elements in (1, 16, 4096)]
    known = {"check": "numbers", "variant": "avx2", "types": "f32", "cases": len(points), "points": points}
    return {"op": op, **known, "failures": [], "skipped": "", **other}


FAILED = row(
    variant="sse42",
    points=[{"elements": 3, "of_tolerance": 12.0}],
    failures=[
        {"check": "numbers", "what": "1 of 3 elements wrong", "options": ["--op", "Scale", "--case", '{"a": 1}']}
    ],
)


def proof(*rows: Data, project: str = "ops") -> Data:
    return {"schema": 1, "project": project, "rows": list(rows), "executed": {"avx2": ["CPU"]}}


def bench(
    op: str = "Scale", *, microseconds: float = 40.0, noise: float = 0.02, gigaflops: float | None = None
) -> Data:
    """Two variants of an op beside a copy."""
    speeds = {"sse42": 1.2, "avx2": 1.0, "memory copy": 0.9}
    rows = [
        {
            "case": "1x64x56x56 f32",
            "entry": entry,
            "microseconds": microseconds * factor,
            "gigabytes_per_second": 40.0 / factor,
            "gigaflops": gigaflops,
            "of_roof": 0.9 / factor,
            "noise": noise,
            "times_as_fast_as": {"memory copy": 0.9 / factor},
        }
        for entry, factor in speeds.items()
    ]
    target = {"case": "1x64x56x56 f32", "baseline": "memory copy", "wanted": 1.0, "measured": 0.9, "is_met": False}
    known = {"best_variant": "avx2", "variants": ["sse42", "avx2"], "peak_gigaflops": 900.0 if gigaflops else None}
    return {"schema": 3, "results": [{"op": op, **known, "rows": rows, "targets": [target]}], "changes": []}


def write(folder: Path, **contents: Data) -> Path:
    """Files with these contents, by their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def whole(folder: Path, **other: Any) -> Path:
    """A library with its inspection, a proof and a benchmark."""
    library = built(**other)
    contents = {
        "build": {"schema": 1, "libraries": [library]},
        "inspect": {"schema": 2, "files": [inspected(library)]},
        "test": proof(row()),
        "bench": bench(),
    }
    return write(folder, **contents)
