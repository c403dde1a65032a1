"""Rich's console, with ovext's exit code for the case that the output's reader is gone."""

from __future__ import annotations

from typing import Any

import rich.console


class Console(rich.console.Console):
    """Rich's console, except that it does not exit with 1 on a broken pipe, and shows names as they are."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"emoji": False, **options})

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError
