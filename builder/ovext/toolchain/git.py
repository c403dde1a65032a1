"""The git commit of a folder, and the name of git's user."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from ovext.errors import ToolError, UsageError
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
    """The commit of the checkout with `folder`, else the one that the environment names; None if there is neither.

    Files in `products`, which ovext itself writes, do not make it dirty.

    Raises:
        UsageError: the environment names none in a form that git has.
    """
    return _of_checkout(folder, products) or _told()


def _told() -> Revision | None:
    told = os.environ.get(COMMIT)
    if not told:
        return None
    if not re.fullmatch(rf"[0-9a-f]{{7,64}}({_DIRTY})?", told):
        raise UsageError(
            f"{COMMIT}='{told}' is no commit", fix=f"Give what `git rev-parse HEAD` prints; {_DIRTY} may follow."
        )
    return Revision(told.removesuffix(_DIRTY), dirty=told.endswith(_DIRTY))


def _of_checkout(folder: Path, products: Sequence[Path]) -> Revision | None:
    """None outside a checkout, before its first commit, or without git."""
    folder = folder.resolve()
    below = [product.resolve() for product in products if product.resolve().is_relative_to(folder)]
    excluded = [f":(exclude){os.path.relpath(product, folder)}" for product in below]
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
