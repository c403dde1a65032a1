"""Wheels that the tool built, and folders to install them in."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from helpers import Finished
from ovext.models.ir import TensorType, one_op_model

MODEL = one_op_model("CustomReLU", "opset1", [TensorType("f32", (3,))], {"negative_slope": "0.5"})
# Infers with CustomReLU's package, and prints [-1.0, 0.0, 3.0].
INFER = f"""
import numpy, openvino, custom_relu
core = openvino.Core()
custom_relu.register(core)
compiled = core.compile_model(core.read_model({MODEL!r}.encode(), b""), "CPU")
print(compiled(numpy.array([-2, 0, 3], numpy.float32))[0].tolist())
"""


def check_package(tool: str, file: Path) -> None:
    """A checker of wheels and sdists must find nothing."""
    options = ["check", "--strict"] if tool == "twine" else []
    command = [str(Path(sys.executable).with_name(tool.replace("_", "-"))), *options, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass(frozen=True)
class BuiltWheel:
    """A wheel, and what `ovext wheel --json` reported about it."""

    project: Path
    told: dict[str, Any]

    @property
    def file(self) -> Path:
        return Path(self.told["file"])

    @cached_property
    def archive(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.file)

    def text(self, ending: str) -> str:
        """The text of the member whose name ends with `ending`."""
        (name,) = [name for name in self.archive.namelist() if name.endswith(ending)]
        return self.archive.read(name).decode()


@dataclass(frozen=True)
class Site:
    """A folder of installed packages."""

    folder: Path

    def install(self, wheel: Path) -> None:
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--no-index",
            "--disable-pip-version-check",
            "--quiet",
        ]
        subprocess.run([*pip, "--target", str(self.folder), str(wheel)], check=True)

    def python(self, program: str, **env: str) -> Finished:
        """Run a program with these packages before all others."""
        return subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": str(self.folder), **env},
            capture_output=True,
            text=True,
            check=False,
        )
