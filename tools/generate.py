"""Rewrite the files that are generated from the code or from OpenVINO. Tests compare them and name this command."""

import sys
from collections.abc import Callable
from pathlib import Path

from ovext.build import manifest
from ovext.errors import ToolError
from ovext.gpu.headers import collect_names
from ovext.inspect import codes, report
from ovext.project import op
from ovext.scaffold.new import cmake_presets
from ovext.targets import isa
from ovext.toolchain.fetch import find_installed

ROOT = Path(__file__).parents[1]


def names_of_plugin() -> str:
    """The names that the installed GPU plugin itself shows on the simulated device. This needs the extra gpu-sim."""
    openvino = find_installed(None)
    if openvino is None:
        raise ToolError("OpenVINO is not installed")
    return collect_names(openvino).to_json()


def presets_of_examples() -> str:
    """Unlike other projects, those in this repository know where the CMake package is."""
    return cmake_presets("${sourceDir}/../../cmake")


def with_table(page: str, table: str) -> str:
    """The page of docs/ with the table between its two comments."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    begin = text.index("-->\n", text.index("<!-- from ")) + len("-->\n")
    return text[:begin] + table + text[text.index("<!-- end -->") :]


GENERATED: dict[str, Callable[[], str]] = {
    "docs/inspect.schema.json": report.json_schema,
    "docs/inspect.md": lambda: with_table("inspect.md", codes.markdown_table()),
    "docs/isa.md": lambda: with_table("isa.md", isa.markdown_table()),
    "docs/manifest.schema.json": manifest.json_schema,
    "docs/op.schema.json": op.json_schema,
    "extension_src/complex_ops/CMakePresets.json": presets_of_examples,
    "extension_src/custom_relu/CMakePresets.json": presets_of_examples,
    "extension_src/llm_ops/CMakePresets.json": presets_of_examples,
    "extension_src/vision_ops/CMakePresets.json": presets_of_examples,
    "builder/ovext/gpu/plugin.json": names_of_plugin,
}


def main() -> None:
    """Write all files, or those below the named folders."""
    folders = tuple(f"{folder}/" for folder in sys.argv[1:])
    for name, make in GENERATED.items():
        if folders and not name.startswith(folders):
            continue
        path = ROOT / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(make(), encoding="utf-8")
        print(f"wrote {name}", file=sys.stderr)


if __name__ == "__main__":
    main()
