"""`ovext new`: a project with an op, or another op for a project."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import UsageError
from ovext.files import replace_text, writing_to
from ovext.project import load_project
from ovext.project.fields import keyword_language
from ovext.project.op import json_schema
from ovext.resources import version
from ovext.scaffold.derived import SCHEMA_FILE, folder_of
from ovext.scaffold.op_files import op_files
from ovext.scaffold.render import render
from ovext.scaffold.repository import Repository, repository_files
from ovext.targets.isa import isa_table
from ovext.targets.openvino_version import BROUGHT_BY_OPENVINO, DEFAULT_RELEASE
from ovext.toolchain.git import user_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ovext.project import OpDescription

_PROJECT_FILES = {
    "pyproject.toml": "pyproject.toml",
    "CMakeLists.txt": "CMakeLists.txt",
    ".gitignore": "gitignore",
    "README.md": "README.md",
}
# Name, description, build type and flags of each CMake preset for tests.
_TEST_PRESETS = (
    ("debug", "not optimised, with debug information", "Debug", ""),
    ("asan", "with AddressSanitizer", "RelWithDebInfo", "-fsanitize=address -fno-omit-frame-pointer"),
    ("ubsan", "with UndefinedBehaviorSanitizer", "RelWithDebInfo", "-fsanitize=undefined -fno-omit-frame-pointer"),
    ("tsan", "with ThreadSanitizer", "RelWithDebInfo", "-fsanitize=thread -fno-omit-frame-pointer"),
    ("coverage", "with counters for gcov", "Debug", "--coverage"),
)
_TAKEN = frozenset({"openvino", "ovext", "numpy", *sys.stdlib_module_names})  # packages that a wheel must not hide
_OPS = re.compile(
    r"(?P<head>ovext_add_extension\(\s*\w+\s+OPS)(?P<ops>(?:\s+[A-Za-z_]\w*)+?)(?P<tail>\s+LINK\s+\w+)?\s*\)"
)


@dataclass(frozen=True)
class NewFiles:
    """What `ovext new` will write."""

    root: Path
    files: dict[str, str]  # texts by their paths in the project
    adds_to_project: bool
    changed: dict[str, str] = field(default_factory=dict)  # new texts of existing files
    advice: str = ""

    def existing(self) -> list[str]:
        """The files that already exist with another text, except the schema, which is only ovext's."""
        return [name for name, text in self.files.items() if _is_other(self.root / name, text)]


def _is_other(file: Path, text: str) -> bool:
    return file.name != SCHEMA_FILE and file.is_file() and file.read_text(encoding="utf-8", errors="replace") != text


def project_name(root: Path) -> str:
    """The name of the project in the folder: the folder's name.

    Raises:
        UsageError: it cannot be the name of a CMake target, a C++ library and a Python package.
    """
    name = root.absolute().name
    if name in _TAKEN or keyword_language(name) == "Python":
        raise UsageError(
            f"'{name}' cannot be the name of a project: Python has another use for it",
            fix=f"Name it '{name}_ops', for instance.",
        )
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        instead = re.sub(r"\W+", "_", name, flags=re.ASCII).lstrip("_0123456789").rstrip("_") or "my_ops"
        raise UsageError(
            f"'{name}' cannot be the name of a project: it begins with a letter, and is made of letters, digits and _",
            fix=f"Name it '{instead}', for instance.",
        )
    return name


def is_project(root: Path) -> bool:
    """Whether the folder is an extension project.

    Raises:
        ProjectError: it is one, but cannot be read.
    """
    if not (root / "CMakeLists.txt").is_file() or not (root / "pyproject.toml").is_file():
        return False
    load_project(root)
    return True


def plan_new(
    root: Path, ops: Sequence[OpDescription], name: str | None = None, repository: Repository | None = None
) -> NewFiles:
    """The files of a new project in `root` with these ops, or of the ops alone if `root` is a project.

    Args:
        root: the project's folder.
        ops: the descriptions of the ops.
        name: the project's name; by default its folder's.
        repository: what a new project has beside its ops.

    Raises:
        UsageError: a project cannot have the folder's name, no kernel can be written, or a repository is described for
            a project that is there.
        ProjectError: there is a project that cannot be read.
    """
    root = root.absolute()
    folders = [folder_of(op) for op in ops]
    files = {
        f"ops/{folder}/{file}": text
        for op, folder in zip(ops, folders, strict=True)
        for file, text in op_files(op, folder).items()
    }
    files[f"ops/{SCHEMA_FILE}"] = json_schema()
    if is_project(root):
        if repository and not repository.is_default:
            raise UsageError(
                f"{root.name} is a project already",
                fix="Leave out --license, --ci and --conan: they are for a new one.",
            )
        changed, advice = _with_ops(root, folders)
        return NewFiles(root, files, adds_to_project=True, changed=changed, advice=advice)
    chosen = repository or Repository()
    project = _project_files(
        name or project_name(root), " ".join(folders), chosen, onnx=any(op.frameworks.onnx for op in ops)
    )
    return NewFiles(root, {**project, **files}, adds_to_project=False, advice=_advice(chosen, project))


def cmake_presets(ovext_dir: str) -> str:
    """The text of CMakePresets.json; `ovext_dir` is where CMake finds the package ovext."""
    isas = list(isa_table())
    names = ["multi", *isas, "native", *(name for name, *_ in _TEST_PRESETS)]
    return render(
        "project/CMakePresets.json", isas=isas, test_presets=_TEST_PRESETS, presets=names, ovext_dir=ovext_dir
    )


def _advice(chosen: Repository, files: Mapping[str, str]) -> str:
    is_missing = chosen.license and "LICENSE" not in files
    return f"Put the text of {chosen.license} into the file LICENSE." if is_missing else ""


def _project_files(name: str, ops: str, chosen: Repository, *, onnx: bool) -> dict[str, str]:
    context = {
        "name": name,
        "distribution": name.replace("_", "-").lower(),
        "description": f"{name}: ops for OpenVINO",
        "ops": ops,
        "openvino": DEFAULT_RELEASE,
        "brought": BROUGHT_BY_OPENVINO,
        "ovext": ".".join(version().split(".")[:2]),
        "package": True,
        "license": chosen.license,
        "author": user_name(),
        "onnx": onnx,
    }
    files = {file: render(f"project/{template}", **context) for file, template in _PROJECT_FILES.items()}
    files["CMakePresets.json"] = cmake_presets("$env{ovext_DIR}")
    files |= repository_files(chosen, context)
    return {**files, f"python/{name}/__init__.py": render("project/package.py", **context)}


def _with_ops(root: Path, ops: Sequence[str]) -> tuple[dict[str, str], str]:
    """The project's CMakeLists.txt with the ops added to its OPS; or what the author must do instead."""
    text = (root / "CMakeLists.txt").read_text(encoding="utf-8")
    calls = list(_OPS.finditer(text))
    there = {op for call in calls for op in call["ops"].split()}
    fresh = " ".join(op for op in ops if op not in there)
    if not fresh:
        return {}, ""
    if len(calls) != 1:
        return {}, f"Add '{fresh}' to the OPS of ovext_add_extension() in CMakeLists.txt."
    end = calls[0].end("ops")
    return {"CMakeLists.txt": f"{text[:end]} {fresh}{text[end:]}"}, ""


def write_new(new: NewFiles, *, force: bool = False) -> None:
    """Write all the files, or none of them after a failure.

    Raises:
        UsageError: files exist already, and `force` is not set.
        FilesError: the folder cannot be written.
    """
    if not force and (there := new.existing()):
        listed = "".join(f"\n  - {name}" for name in there)
        raise UsageError(f"these files already exist, with other content:{listed}", fix="Use --force to replace them.")
    with writing_to(new.root):
        if new.root.exists():
            _write_into(new)
        else:
            _write_project(new)


def _write_project(new: NewFiles) -> None:
    """Create the new folder in one step, with everything in it."""
    new.root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{new.root.name}.", dir=new.root.parent) as aside:
        made = Path(aside, "project")
        for name, text in new.files.items():
            file = made / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        made.rename(new.root)


def _write_into(new: NewFiles) -> None:
    """Replace each file whole; after a failure, restore the former ones."""
    before: dict[Path, bytes | None] = {}
    made: list[Path] = []
    try:
        for name, text in {**new.files, **new.changed}.items():
            file = new.root / name
            made += [folder for folder in (file.parent, *file.parent.parents) if not folder.exists()]
            file.parent.mkdir(parents=True, exist_ok=True)
            before[file] = file.read_bytes() if file.is_file() else None
            replace_text(file, text)
    except BaseException:
        for file, content in before.items():
            if content is None:
                file.unlink(missing_ok=True)
            else:
                file.write_bytes(content)
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def default_opset(root: Path) -> str:
    """The opset for ops of the project in `root`: the project's name."""
    if is_project(root):
        return load_project(root).name.replace("-", "_")
    return project_name(root)
