"""`ovext sync`: regenerate what follows from op.toml, and tell the author what to change by hand."""

from __future__ import annotations

import ast
import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import ProjectError
from ovext.files import replace_text, writing_to
from ovext.project.op import json_schema
from ovext.scaffold.derived import DERIVED_FILES, SCHEMA_FILE, SIZES_FILE, derived_files, is_derived
from ovext.scaffold.lists import listed_ops
from ovext.scaffold.op_files import FORMULA_FILES, formula_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.project import OpDescription, Project

_ROW = re.compile(r"\| (?P<name>[^|]+?) \|(?P<rest>.*)\|$")
# Where code lists all inputs, outputs and attributes.
_TAKING = r"check_input_count\(|check_type\(this, 0|\bvoid run\(|__kernel|^def {}\("
_CHANGES = {
    "input": "op.cpp checks it, and the kernels and reference.py take it",
    "output": "op.cpp gives its type and shape, and the kernels and reference.py compute it",
    "attribute": "reference.py takes it, and the kernels where they use it",
}


@dataclass(frozen=True)
class Sync:
    """The derived files that do not match op.toml, with their new texts, and what the author has to look at."""

    files: dict[Path, str]
    advice: tuple[str, ...]


def plan_sync(project: Project) -> Sync:
    """Compare every derived file of the project with its op.toml. A file without the mark is the author's.

    Raises:
        ProjectError: a description is wrong.
    """
    files: dict[Path, str] = {}
    advice: list[str] = []
    for op in project.ops:
        folder = op.folder
        before = _text(folder / "README.md")
        files |= _stale(op)
        if folder / "README.md" in files and is_derived(before):
            advice += _changed(folder, before, files[folder / "README.md"])
        advice += _beside(op)
    advice += _unlisted(project)
    schema, text = project.root / "ops" / SCHEMA_FILE, json_schema()
    if schema.is_file() and _text(schema) != text:
        files[schema] = text
    return Sync(files, tuple(advice))


def _unlisted(project: Project) -> Iterator[str]:
    """Where CMakeLists.txt and the folders in ops/ differ. Ops of an existing extension have no op.cpp there."""
    lists = project.root / "CMakeLists.txt"
    listed = listed_ops(_text(lists))
    if listed is None:
        return
    folders = {op.folder.name for op in project.ops if (op.folder / "op.cpp").is_file()}
    for name in listed:
        if name not in folders:
            yield f"{lists}: OPS names '{name}', and ops/{name} has no op.toml and op.cpp"
    for name in sorted(folders - {*listed}):
        yield f"{lists}: OPS of ovext_add_extension() does not name '{name}'"


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def _stale(op: OpDescription) -> dict[Path, str]:
    """The derived files of an op that differ or are missing; empty if the op has no derived files at all."""
    texts = {**derived_files(op, op.folder.name), **formula_files(op, op.folder.name)}
    derived = {op.folder / name: text for name, text in texts.items()}
    if not any(is_derived(_text(file)) for file in derived):
        return {}
    if not _uses_sizes(op.folder):
        derived.pop(op.folder / SIZES_FILE, None)
    stale = {file: text for file, text in derived.items() if not file.exists() or _is_stale(_text(file), text)}
    return {**stale, **_taken_over(op)}


def _taken_over(op: OpDescription) -> dict[Path, str]:
    """The files of an op that no longer has a formula, as the author's: without the mark."""
    files = [op.folder / name for name in FORMULA_FILES if not op.elementwise]
    return {file: _text(file).partition("\n")[2] for file in files if is_derived(_text(file))}


def _uses_sizes(folder: Path) -> bool:
    """Whether the op has the header, or its author's files include it: kernels may do without."""
    include = f'/{SIZES_FILE}"'
    return (folder / SIZES_FILE).exists() or any(include in _text(file) for file in folder.glob("kernel.*"))


def _is_stale(there: str, text: str) -> bool:
    return is_derived(there) and there != text


def check_derived(project: Project) -> None:
    """Check that derived headers match op.toml. Does not derive them again if nothing changed since they last matched.

    Raises:
        ProjectError: those of an op do not; each is named.
    """
    stamp, state = project.root / "build" / "ovext-derived", _state(project)
    if _text(stamp) == state:
        return
    for op in project.ops:
        if stale := [file for file in _stale(op) if file.suffix != ".md"]:
            names = " and ".join(file.name for file in stale)
            problem = f"{names} {'is' if len(stale) == 1 else 'are'} not what op.toml says"
            raise ProjectError(problem, where=op.folder, fix=f"Run: ovext sync {project.root}")
    with suppress(OSError):  # without a build folder that can be written, they are derived again next time
        replace_text(stamp, state)


def _state(project: Project) -> str:
    """A hash of all that decides whether the files match: op.toml, the files, and ovext itself."""
    state = hashlib.sha256()
    for op in project.ops:
        state.update(f"{op.folder}\0{op.text}\0".encode())
        for file in (*DERIVED_FILES, *(FORMULA_FILES if op.elementwise else ())):
            state.update(f"{_text(op.folder / file)}\0".encode())
    package = Path(__file__).parents[1]
    for own in sorted([*package.glob("project/*.py"), *package.glob("scaffold/*.py"), *package.rglob("*.j2")]):
        with suppress(OSError):  # a dangling symlink, as editors make them
            found = own.stat()
            state.update(f"{own}\0{found.st_mtime_ns}\0{found.st_size}\0".encode())
    return state.hexdigest()


def write_sync(sync: Sync) -> None:
    """Write the files. Raises FilesError if one cannot be written."""
    for file, text in sync.files.items():
        with writing_to(file.parent):
            replace_text(file, text)


def _changed(folder: Path, before: str, after: str) -> Iterator[str]:
    """What the changed rows of the README mean for the hand-written files."""
    old, new = _rows(before), _rows(after)
    for kind, name in {**old, **new}:
        if kind not in _CHANGES or old.get((kind, name)) == new.get((kind, name)):
            continue
        is_new, is_gone = (kind, name) not in old, (kind, name) not in new
        how = "is new" if is_new else "is gone" if is_gone else "has changed"
        if kind == "attribute" and not is_new and not is_gone:
            # A new default, bound or doc changes only derived files; but kernels get the numbers of an enum's values.
            if _is_enum(new[kind, name]) and _cells(old[kind, name])[2] != _cells(new[kind, name])[2]:
                yield f"{folder.name}: the values of '{name}' have changed: where kernels use it, they get its number"
            continue
        if all(is_derived(_text(folder / file)) for file in ("op.cpp", "kernel.cpp", "reference.py")):
            continue
        yield f"{folder.name}: the {kind} '{name}' {how}: {_CHANGES[kind]}"
        if is_new:
            yield from (f"{place}: '{name}' is new" for place in _uses(folder, _TAKING.format(re.escape(folder.name))))
        else:
            yield from (f"{place}: it uses '{name}', which {how}" for place in _uses(folder, rf"\b{re.escape(name)}\b"))
    if _rules(before) != _rules(after):
        yield f"{folder.name}: the constraints have changed: output_shapes() in op.cpp requires them"


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.split("|")]


def _is_enum(row: str) -> bool:
    return _cells(row)[0] == "enum"


def _uses(folder: Path, pattern: str) -> Iterator[str]:
    """Where the author's files have what matches the pattern: file:line."""
    for file in ("op.cpp", "kernel.hpp", "kernel.cpp", "kernel.cl", "reference.py"):
        if is_derived(_text(folder / file)):
            continue
        for number, line in enumerate(_text(folder / file).splitlines(), start=1):
            if re.search(pattern, line):
                yield f"{folder / file}:{number}"


def _rows(readme: str) -> dict[tuple[str, str], str]:
    """The rows of the tables of a derived README, by the table's first heading and the row's first cell."""
    rows: dict[tuple[str, str], str] = {}
    kind = ""
    for line in readme.splitlines():
        row = _ROW.match(line)
        if line.startswith("|---"):
            continue
        if row is None:
            kind = ""
        elif not kind:
            kind = row["name"]
        else:
            rows[kind, row["name"]] = row["rest"]
    return rows


def _rules(readme: str) -> list[str]:
    return [line for line in readme.splitlines() if line.startswith("It holds that ")]


def _beside(op: OpDescription) -> Iterator[str]:
    """Where hand-written files contradict op.toml, as far as they can be read."""
    folder = op.folder
    header = _text(folder / "op.hpp")
    named = re.search(r'OPENVINO_OP\(\s*"([^"]*)"\s*,\s*"([^"]*)"', header)
    if named and (named[1], named[2]) != (op.type, op.opset):
        line = header[: named.start()].count("\n") + 1
        there, described = f"{named[1]} of {named[2]}", f"{op.type} of {op.opset}"
        yield f"{folder / 'op.hpp'}:{line}: the op is {there}, and in op.toml {described}"
    if (folder / "reference.py").is_file():
        yield from _reference(op)


def _wrong_defaults(op: OpDescription, arguments: ast.arguments) -> Iterator[str]:
    """The arguments' defaults that op.toml does not allow, as far as they are literals."""
    known = {one.name: one for one in op.attributes}
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    defaults = [*zip(with_default, arguments.defaults, strict=True)]
    defaults += [(one, value) for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value]
    for argument, default in defaults:
        try:
            value = ast.literal_eval(default)
        except (ValueError, TypeError, RecursionError, MemoryError):
            continue
        value = list(value) if isinstance(value, tuple) else value
        attribute = known.get(argument.arg)
        if attribute and value is not None and (why := attribute.refusal_of(value)):
            yield f"'{argument.arg}' is not one that op.toml allows: {why}"


def _reference(op: OpDescription) -> Iterator[str]:
    folder = op.folder
    file = folder / "reference.py"
    try:
        tree = ast.parse(_text(file))
    except SyntaxError as error:
        yield f"{file}:{error.lineno}: this is no Python: {error.msg}"
        return
    function = next((one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == folder.name), None)
    if function is None:
        yield f"{file}: it has no function {folder.name}()"
        return
    arguments = function.args
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    attributes = {one.name for one in op.attributes}
    where = f"{file}:{function.lineno}: {folder.name}()"
    if arguments.kwarg is None:
        for name in sorted(attributes - set(names)):
            yield f"{where} does not take the attribute '{name}'"
    yield from (f"{where}: the default of {problem}" for problem in _wrong_defaults(op, arguments))
    positional = [one.arg for one in (*arguments.posonlyargs, *arguments.args) if one.arg not in attributes]
    required = len(positional) - min(len(arguments.defaults), len(positional))
    if arguments.vararg is None and not required <= len(op.inputs) <= len(positional):
        yield f"{where} takes {len(positional)} inputs, and the op has {len(op.inputs)}"
