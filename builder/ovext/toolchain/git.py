"""The git commit of a folder, and the name of git's user."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ovext.errors import ToolError
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Revision(NamedTuple):
    """A commit's full name, and whether files below the folder differ from it."""

    commit: str
    dirty: bool

    def __str__(self) -> str:
        return self.commit + (_DIRTY if self.dirty else "")


COMMIT = "OVEXT_COMMIT"  # names it where git does not know it, as in an unpacked sdist
_DIRTY = "-dirty"


def user_name() -> str:
    """The name that git writes into commits; empty without one, or without git."""
    try:
        finished = run(["git", "config", "user.name"])
    except ToolError:
        return ""
    return finished.output.strip() if finished.ok else ""


def revision_of(folder: Path, products: Sequence[Path]) -> Revision | None:
    """The commit that the environment names, else that of the checkout with `folder`; None if there is none, or no git.

    Files in `products`, which ovext itself writes, do not make it dirty.
    """
    if told := os.environ.get(COMMIT):
        return Revision(told.removesuffix(_DIRTY), dirty=told.endswith(_DIRTY))
    excluded = [
        f":(exclude){os.path.relpath(product, folder)}" for product in products if product.is_relative_to(folder)
    ]
    command = ["git", "-C", str(folder), "status", "--porcelain=v2", "--branch", "--", ".", *excluded]
    try:
        finished = run(command)
    except ToolError:
        return None
    lines = finished.output.splitlines()
    oid = next((line.split()[-1] for line in lines if line.startswith("# branch.oid")), "(initial)")
    if not finished.ok or oid == "(initial)":
        return None
    return Revision(oid, dirty=any(not line.startswith("#") for line in lines))
