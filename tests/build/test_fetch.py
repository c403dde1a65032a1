"""OpenVINO from the package index: fetched once, then used to build and to run; no installed one is needed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Ovext


def test_another_release_is_fetched_and_built_against(ovext: Ovext, custom_relu: Path, tmp_path: Path) -> None:
    cache = {"OVEXT_CACHE_DIR": str(tmp_path / "my cache")}
    options = ("--openvino", "2026.2.1", "--isa", "avx2", "--explain")
    done = ovext("build", *options, cwd=custom_relu, **cache)
    assert done.returncode == 0, done.stderr
    assert "Fetching OpenVINO 2026.2.1" in done.stderr
    assert "(--openvino 2026.2.1)" in done.stderr
    manifest = json.loads((custom_relu / "lib" / "ubuntu" / "manifest.json").read_text())
    assert manifest["libraries"][0]["openvino"]["soname"] == "libopenvino.so.2621"

    again = ovext("build", *options, cwd=custom_relu, **cache)
    assert "Fetching" not in again.stderr
    assert "up to date" in again.stdout

    chosen = json.loads(ovext("isa", "--json", cwd=custom_relu, **cache).stdout)["chosen"]
    assert chosen == "avx2", "the library runs in the release that it was built for, not in the installed one"
