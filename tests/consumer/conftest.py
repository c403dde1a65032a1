"""A copy of the repository whose table of instruction sets has one more row."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from helpers import ROOT, Repository

FEATURES = {
    "avx512dq": {"leaf": 7, "subleaf": 0, "register": "ebx", "bit": 17, "xcr0": 230, "cpuinfo": "avx512dq"},
    "avx512bw": {"leaf": 7, "subleaf": 0, "register": "ebx", "bit": 30, "xcr0": 230, "cpuinfo": "avx512bw"},
    "avx512vl": {"leaf": 7, "subleaf": 0, "register": "ebx", "bit": 31, "xcr0": 230, "cpuinfo": "avx512vl"},
}


@pytest.fixture(scope="session")
def widened(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """With the row `avx512bw`, which is only in the copy of isa.json: in no code, no preset and no list."""
    folder = tmp_path_factory.mktemp("widened") / "ovext"
    listed = ["/usr/bin/git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in files:
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)

    table = json.loads((folder / "cmake" / "isa.json").read_text())
    widest = table["variants"][-1]
    row = {
        "id": "avx512bw",
        "option": "ENABLE_AVX512BW",
        "legacy_suffix": "avx512bw",
        "flags": [*widest["flags"], *(f"-m{feature}" for feature in FEATURES)],
        "features": [*widest["features"], *FEATURES],
    }
    table["features"] |= FEATURES
    table["variants"].append(row)
    (folder / "cmake" / "isa.json").write_text(json.dumps(table, indent=2))

    repository = Repository(folder)
    generate = [sys.executable, "tools/generate.py", "extension_src", "docs"]
    subprocess.run(generate, cwd=folder, env={"PYTHONPATH": repository.path, "PATH": "/usr/bin"}, check=True)
    return repository
