"""Rich's console, with ovext's exit code for the case that the output's reader is gone."""

from __future__ import annotations

import rich.console


class Console(rich.console.Console):
    """Rich's console, except that it does not exit with 1 on a broken pipe."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError
