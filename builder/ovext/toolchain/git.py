"""The git commit of a folder."""

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


def revision_of(folder: Path, products: Sequence[Path]) -> Revision | None:
    """The commit of the checkout with `folder`; None outside a checkout, before its first commit, or without git.

    Files in `products`, which ovext itself writes, do not make it dirty.
    """
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
