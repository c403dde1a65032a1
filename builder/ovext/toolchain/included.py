"""What a project's sources include of OpenVINO's headers, as GCC sees it: their text and the layouts of classes."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import ToolError
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_OPENVINO = re.compile(r"(?:Class|Vtable for|VTT for) ov::")
_ADDRESS = re.compile(r"(?:0x)+[0-9a-f]+")
_MARKER = re.compile(r'# \d+ "(.*?)".*')
_DUMP = ("-fsyntax-only", "-fdump-lang-class")


@dataclass(frozen=True)
class Included:
    """Digests of what sources include of OpenVINO, by name.

    GCC tells of a class its size, alignment, bases and virtual tables, but not where each member lies.
    """

    classes: dict[str, str]
    headers: dict[str, str]  # without comments, and with macros expanded


def included_by(build_dir: Path, sources: Path, compiler: Path, openvino: Path) -> Included:
    """What the sources below a folder include of the OpenVINO in the folder `openvino`.

    `build_dir` is CMake's, which says how GCC compiles them.

    Raises:
        ToolError: the compiler does not tell.
    """
    entries = json.loads((build_dir / "compile_commands.json").read_text(encoding="utf-8"))
    commands = {
        one["file"]: one["command"]
        for one in entries
        if Path(one["file"]).is_relative_to(sources) and str(compiler) in shlex.split(one["command"])
    }
    classes: dict[str, str] = {}
    headers: dict[str, str] = {}
    for file, command in commands.items():
        call = _Call(file, tuple(_arguments(command, compiler)), compiler)
        classes |= _classes(call.dump())
        headers |= _headers(call.output("-E"), openvino.resolve())
    if not headers:
        raise ToolError(f"no source in {sources} includes a header of the OpenVINO in {openvino}")
    return Included(classes, headers)


@dataclass(frozen=True)
class _Call:
    """How a source is compiled."""

    file: str
    arguments: tuple[str, ...]
    compiler: Path

    def output(self, *options: str, cwd: Path | None = None) -> str:
        finished = run([str(self.compiler), *self.arguments, "-w", *options], cwd=cwd)
        if not finished.ok:
            problem = f"{self.compiler} does not tell what {self.file} includes: {finished.complaint()}"
            raise ToolError(problem, fix="Compile with GCC.")
        return finished.output

    def dump(self) -> str:
        with tempfile.TemporaryDirectory() as folder:
            self.output(*_DUMP, cwd=Path(folder))
            return "\n".join(dump.read_text(encoding="utf-8") for dump in sorted(Path(folder).glob("*.class")))


def _arguments(command: str, compiler: Path) -> Iterator[str]:
    """The compiler's arguments, which a launcher may stand before, without the object and dependencies."""
    words = shlex.split(command)
    rest = iter(words[words.index(str(compiler)) + 1 :])
    for word in rest:
        if word in {"-o", "-MF", "-MT"}:
            next(rest)
        elif word not in {"-c", "-MD"}:
            yield word


def _classes(dump: str) -> dict[str, str]:
    blocks = {block.partition("\n")[0]: block for block in dump.split("\n\n")}
    return {name: _digest(_ADDRESS.sub("", text)) for name, text in blocks.items() if _OF_OPENVINO.match(name)}


def _headers(preprocessed: str, openvino: Path) -> dict[str, str]:
    """The lines of each header; markers say where lines come from."""
    lines: dict[str, list[str]] = {}
    header = ""
    for line in preprocessed.splitlines():
        if marker := _MARKER.match(line):
            path = _resolved(marker[1])
            header = str(path.relative_to(openvino)) if path.is_relative_to(openvino) else ""
        elif header and line.strip():
            lines.setdefault(header, []).append(" ".join(line.split()))
    return {name: _digest("\n".join(text)) for name, text in lines.items()}


@cache
def _resolved(path: str) -> Path:
    return Path(path).resolve()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
