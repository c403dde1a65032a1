"""Rewrite the files in docs/ that are made from the code. A test compares them and names this command."""

import sys
from collections.abc import Callable
from pathlib import Path

from ovext.build import manifest
from ovext.inspect import findings

ROOT = Path(__file__).parents[1]
GENERATED: dict[str, Callable[[], str]] = {
    "docs/inspect.schema.json": findings.json_schema,
    "docs/manifest.schema.json": manifest.json_schema,
}


def main() -> None:
    for name, make in GENERATED.items():
        path = ROOT / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(make(), encoding="utf-8")
        print(f"wrote {name}", file=sys.stderr)


if __name__ == "__main__":
    main()
