"""Damaged libraries of all kinds give an answer within the limits."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from helpers import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_damaged_tables_give_an_answer(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "fuzz_inspect.py"), "--seconds", "20"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith(" files\n")
