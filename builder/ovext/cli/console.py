"""Rich's console, with ovext's exit code for a reader that has gone away."""

from __future__ import annotations

import rich.console


class Console(rich.console.Console):
    """As that of rich, which would exit with 1 itself."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError
