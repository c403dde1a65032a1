"""Renaming and removing parts of a project: what has to change, in each of its files."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import UnknownNameError, UsageError
from ovext.files import replace_text, writing_to
from ovext.project import described
from ovext.project.sources import KEPT_BY_TOOLS, PRODUCTS
from ovext.scaffold.cpp import folder_name
from ovext.scaffold.derived import SCHEMA_FILE, SIZES_FILE, derived_files, is_derived
from ovext.scaffold.lists import CALL, COMMENT
from ovext.scaffold.names_in_code import renamed_in_cpp, renamed_in_python
from ovext.scaffold.names_in_toml import renamed_in_bench, renamed_in_op_toml, renamed_op_in_bench, renamed_op_in_toml
from ovext.scaffold.op_files import formula_files
from ovext.toml import line_of, parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ovext.project import OpDescription, Project

_CPP = {".c", ".cc", ".cl", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".inl", ".ipp"}
_TEXTS = {".py", ".md", ".toml", ".txt", ".cmake", ".yml", ".yaml", ".json", *_CPP}
REMOVED = "removed"


@dataclass
class Rewrite:
    """New texts of files, files that are removed or moved, and what the author has to do. Paths are in the project."""

    texts: dict[Path, str] = field(default_factory=dict)
    removed: list[Path] = field(default_factory=list)
    moved: dict[Path, Path] = field(default_factory=dict)
    advice: list[str] = field(default_factory=list)


def plan_rename(project: Project, old: str, new: str) -> Rewrite:
    """Rename an op, such as `Snake`, or an input, output or attribute of one, such as `Snake.alpha`.

    Raises:
        UnknownNameError: the project has no such op, or the op no such part.
        UsageError: something else has the new name already.
        ProjectError: the new name cannot be one.
    """
    name, dot, part = old.partition(".")
    op = _op_of(project, name)
    return _part_renamed(project, op, part, new) if dot else _op_renamed(project, op, new)


def plan_removal(project: Project, name: str) -> Rewrite:
    """Take an op out of a project. Its files, and its benchmark, are kept in the folder `removed`.

    Raises:
        UnknownNameError: the project has no such op.
        UsageError: it is the only one.
    """
    op = _op_of(project, name)
    if len(project.ops) == 1:
        raise UsageError(f"{name} is the only op of {project.name}", fix="Remove the project's folder.")
    folder = op.folder.relative_to(project.root)
    rewrite = Rewrite(moved={folder / one: REMOVED / folder / one for one in _names_in(op.folder)})
    for file in _benches_of(project, op):
        rewrite.moved[file] = REMOVED / file
    _relist(project, rewrite, op.folder.name, "")
    rewrite.advice += _mentions(project, {op.type, op.folder.name}, rewrite)
    return rewrite


def apply_rewrite(project: Project, rewrite: Rewrite) -> None:
    """Write the new files, then move or remove the old ones: nothing is lost in between.

    Raises:
        UsageError: a file is in the way of one that is moved.
        FilesError: a folder cannot be written.
    """
    root = project.root
    for target in rewrite.moved.values():
        if (root / target).exists():
            raise UsageError(f"{root / target} is in the way", fix="Move it elsewhere.")
    with writing_to(root):
        for file in (*rewrite.moved.values(), *rewrite.texts):
            (root / file).parent.mkdir(parents=True, exist_ok=True)
        with _moved(root, rewrite.moved):
            for file, text in rewrite.texts.items():
                replace_text(root / file, text)
        for file in rewrite.removed:
            (root / file).unlink(missing_ok=True)
        for folder in sorted({(root / one).parent for one in (*rewrite.moved, *rewrite.removed)}, reverse=True):
            shutil.rmtree(folder / "__pycache__", ignore_errors=True)
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


@contextmanager
def _moved(root: Path, moves: Mapping[Path, Path]) -> Iterator[None]:
    """Move these files; move them back if something fails."""
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in moves.items():
            (root / source).rename(root / target)
            done.append((root / source, root / target))
        yield
    except OSError:
        for source, target in reversed(done):
            target.rename(source)
        raise


def _op_of(project: Project, name: str) -> OpDescription:
    ops = {op.type: op for op in project.ops}
    if name not in ops:
        raise UnknownNameError("op", name, ops)
    return ops[name]


def _op_renamed(project: Project, op: OpDescription, new: str) -> Rewrite:
    if any(one.type == new for one in project.ops):
        raise UsageError(f"{project.name} has an op {new} already")
    old_folder, new_folder = op.folder.name, folder_name(new)
    target = Path("ops", new_folder)
    if new_folder != old_folder and (project.root / target).exists():
        raise UsageError(f"{project.root / target} exists already")
    rewrite = Rewrite()
    names = {op.type: new, old_folder: new_folder, f"{old_folder}_kernel": f"{new_folder}_kernel"}
    for name in _names_in(op.folder):
        source = Path("ops", old_folder, name)
        text = _text(op.folder / name)
        if text is None:
            rewrite.moved |= {source: target / name} if new_folder != old_folder else {}
            continue
        if name.name == "op.toml":
            text = renamed_op_in_toml(text, old_folder, new, new_folder)
        elif name.suffix == ".py":
            text = renamed_in_python(text, {old_folder: new_folder})
        elif name.suffix in _CPP:
            text = renamed_in_cpp(text, names, old_folder)
        if new_folder != old_folder:
            rewrite.removed.append(source)
        rewrite.texts[target / name] = text
    for file in _benches_of(project, op):
        rewrite.texts[file] = renamed_op_in_bench(_text(project.root / file) or "", new)
    _relist(project, rewrite, old_folder, new_folder)
    _derive(rewrite, target, has_sizes=(op.folder / SIZES_FILE).exists())
    rewrite.advice += _mentions(project, {op.type, old_folder}, rewrite)
    return rewrite


def _part_renamed(project: Project, op: OpDescription, old: str, new: str) -> Rewrite:
    kinds = {
        **{one.name: "inputs" for one in op.inputs},
        **{one.name: "outputs" for one in op.outputs},
        **{one.name: "attributes" for one in op.attributes},
    }
    if old not in kinds:
        raise UnknownNameError(f"input, output or attribute of {op.type}", old, kinds)
    if new in kinds:
        raise UsageError(f"{op.type} has '{new}' already")
    folder = op.folder.relative_to(project.root)
    rewrite = Rewrite()
    rewrite.texts[folder / "op.toml"] = renamed_in_op_toml(op, kinds[old], old, new)
    is_attribute = kinds[old] == "attributes"
    names = {old: new} if is_attribute else {old: new, f"{old}_size": f"{new}_size", f"{old}_memory": f"{new}_memory"}
    _rename_in_code(op, folder, names, rewrite)
    if is_attribute:
        _rename_attribute_elsewhere(project, op, old, new, rewrite)
    _derive(rewrite, folder, has_sizes=(op.folder / SIZES_FILE).exists())
    return rewrite


def _rename_in_code(op: OpDescription, folder: Path, names: Mapping[str, str], rewrite: Rewrite) -> None:
    """Rename an input, output or attribute, the first of the names, in the author's files."""
    old, new = next(iter(names.items()))
    for name in _names_in(op.folder):
        text = _text(op.folder / name) or ""
        is_cpp = name.suffix in _CPP
        if is_derived(text) or not (is_cpp or name.suffix == ".py"):
            continue
        if all(re.search(rf"\b{re.escape(word)}\b", text) for word in (old, new)):
            rewrite.advice.append(f"{op.folder / name}: it has the word '{new}' already: rename '{old}' there by hand")
            continue
        changed = renamed_in_cpp(text, names, op.folder.name) if is_cpp else renamed_in_python(text, {old: new})
        if changed != text:
            rewrite.texts[folder / name] = changed
        rewrite.advice += [] if is_cpp else _lines_with(op.folder / name, changed, old)


def _rename_attribute_elsewhere(project: Project, op: OpDescription, old: str, new: str, rewrite: Rewrite) -> None:
    for file in _benches_of(project, op):
        rewrite.texts[file] = renamed_in_bench(_text(project.root / file) or "", old, new)
    for file in sorted((project.root / "bench").glob("*.py")):
        rewrite.advice += _lines_with(file, _text(file) or "", old)
    if op.test.same_as:
        rewrite.advice.append(f"{op.test.same_as} gets the attribute as '{new}' now, not '{old}'")
    rewrite.advice.append(f"IRs that were saved before have the attribute '{old}' of {op.type}: convert them again")


def _derive(rewrite: Rewrite, folder: Path, *, has_sizes: bool) -> None:
    """Add the files that follow from the new op.toml, which is checked."""
    text = rewrite.texts[folder / "op.toml"]
    op = described(parse_toml(text, folder / "op.toml"), lambda at: f"{folder / 'op.toml'}:{line_of(text, at)}")
    for name, derived in {**derived_files(op, folder.name), **formula_files(op, folder.name)}.items():
        if name != SIZES_FILE or has_sizes:
            rewrite.texts[folder / name] = derived


def _relist(project: Project, rewrite: Rewrite, old: str, new: str) -> None:
    """Change the folder's name after OPS in CMakeLists.txt."""
    lists = project.root / "CMakeLists.txt"
    text = _text(lists) or ""
    comments = [found.span() for found in COMMENT.finditer(text)]

    def replaced(call: re.Match[str]) -> str:
        is_comment = any(begin <= call.start() < end for begin, end in comments)
        return call[0] if is_comment else _with_name(call[0], old, new)

    changed = CALL.sub(replaced, text)
    if changed == text and old != new:
        rewrite.advice.append(f"{lists}: OPS of ovext_add_extension() does not name '{old}': change it by hand")
    else:
        rewrite.texts[Path("CMakeLists.txt")] = changed


def _with_name(call: str, old: str, new: str) -> str:
    head, keyword, ops = call.partition("OPS")
    pattern = rf"(?<![\w/.-]){re.escape(old)}(?![\w/.-])" if new else rf"\s+{re.escape(old)}(?![\w/.-])"
    return head + keyword + re.sub(pattern, new, ops, count=1)


def _names_in(folder: Path) -> list[Path]:
    """The files of an op, relative to its folder."""
    found = (one for one in sorted(folder.rglob("*")) if one.is_file() and "__pycache__" not in one.parts)
    return [one.relative_to(folder) for one in found]


def _benches_of(project: Project, op: OpDescription) -> list[Path]:
    files = sorted((project.root / "bench").glob("*.toml"))
    texts = {one: _text(one) or "" for one in files}
    return [one.relative_to(project.root) for one, text in texts.items() if parse_toml(text, one).get("op") == op.type]


def _mentions(project: Project, names: set[str], rewrite: Rewrite) -> Iterator[str]:
    """Other places of the project that have one of the words: file:line."""
    word = re.compile(rf"\b({'|'.join(map(re.escape, sorted(names)))})\b")
    skipped = {*PRODUCTS, *KEPT_BY_TOOLS, REMOVED}
    for file in sorted(project.root.rglob("*")):
        inside = file.relative_to(project.root)
        known = inside in {*rewrite.texts, *rewrite.moved, *rewrite.removed}
        if known or skipped & {*inside.parts} or file.name == SCHEMA_FILE:
            continue
        for number, line in enumerate((_text(file) or "").split("\n"), start=1):
            if found := word.search(line):
                yield f"{file}:{number}: it names {found[1]}"


def _lines_with(file: Path, text: str, word: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n"), start=1):
        if re.search(rf"\b{re.escape(word)}\b", line):
            yield f"{file}:{number}: it has the word '{word}'"


def _text(file: Path) -> str | None:
    """The text of a file, with its ends of lines; None if it is no text in UTF-8, or not of a kind that is changed."""
    if file.suffix not in _TEXTS or not file.is_file():
        return None
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return None
