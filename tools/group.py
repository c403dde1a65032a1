"""Print the requirements of a dependency group of pyproject.toml: `python tools/group.py test`."""

import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pyproject = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text(encoding="utf-8"))
print("\n".join(pyproject["dependency-groups"][sys.argv[1]]))
