"""One container for one build: made, given the project, and removed."""

from __future__ import annotations

import hashlib
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ovext.errors import EngineError
from ovext.project.sources import source_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ovext.toolchain.engine import Engine

HOME = "/home/builder"
# The last file of the archive: where it is missing, the archive broke off.
SENTINEL = ".ovext-complete"
# Shell: takes the project from stdin, which works with every engine, near or far, whatever its users are.
UNPACK = f"mkdir project && tar -x --no-same-owner -C project -f - && test -f project/{SENTINEL}"


@contextmanager
def container(engine: Engine, image: str, script: str, *, label: str) -> Iterator[str]:
    """A container that is not started yet and will run the shell script; gives its name.

    Afterwards it is gone, and before it those with the same label are, which a killed ovext left. The caller sees to it
    that none of them is in use.
    """
    label = f"ovext.tree={hashlib.sha256(label.encode()).hexdigest()[:16]}"
    _remove(engine, *engine.ask("ps", "--all", "--quiet", "--filter", f"label={label}").output.split())
    # A build needs no network: all that it takes is in the image.
    options = ["--interactive", "--network", "none", "--label", label, "--workdir", HOME, "--entrypoint", "sh"]
    created = engine.ask("create", *options, image, "-c", script)
    if not created.ok:
        raise EngineError(f"{engine.name} could not make a container: {created.complaint()}")
    name = created.output.strip().splitlines()[-1]
    try:
        yield name
    finally:
        _remove(engine, name)


def _remove(engine: Engine, *names: str) -> None:
    for name in names:
        engine.ask("kill", name)  # `rm --force` alone would first wait for it to end by itself
        engine.ask("rm", "--force", name)


def pack(root: Path, archive: Path) -> None:
    """The project without what was built in it, as an archive whose last member is the sentinel."""
    with tarfile.open(archive, "w", dereference=True) as tar:
        for file in source_files(root):
            tar.add(file, file.relative_to(root))
        tar.addfile(tarfile.TarInfo(SENTINEL))
