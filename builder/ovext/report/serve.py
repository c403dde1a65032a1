"""Show the page on this machine alone while a matrix or a proof runs."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from ovext.errors import OvextError, UsageError
from ovext.report.keep import is_running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ADDRESS = "127.0.0.1"
_POLL_SECONDS = 0.5
_PLACES = ("build/reports", "dist/matrix/reports", "reports", ".")  # where what runs tells what it knows
_GRACE_SECONDS = 3.0  # in which a page that follows the run sees its end


def serve(folder: Path, port: int, render: Callable[[bool], str], told: Callable[[str], None]) -> None:
    """Serve the page until no run holds a lock in the folder any more.

    Args:
        folder: of a project, or the output folder of a matrix.
        port: 0 for any that is free.
        render: returns the page, which follows the run if the argument says so.
        told: receives the address, once it answers.

    Raises:
        UsageError: nothing runs there, or the port is taken.
    """
    if not _runs(folder):
        raise UsageError(f"no matrix and no proof runs in {folder}", fix="Start one first, or leave out --serve.")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/" or not _is_local(self.headers.get("Host", "")):
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            try:
                body = render(_runs(folder)).encode()
            except (OvextError, OSError) as error:
                self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, explain=str(error))
                return
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing of each request."""

    try:
        server = ThreadingHTTPServer((_ADDRESS, port), Handler)
    except OSError as error:
        raise UsageError(f"port {port} cannot be used: {error.strerror}", fix="Give another --port.") from None
    with server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        told(f"http://{_ADDRESS}:{server.server_port}/")
        try:
            while _runs(folder):
                time.sleep(_POLL_SECONDS)
            time.sleep(_GRACE_SECONDS)
        finally:
            server.shutdown()


def _is_local(host: str) -> bool:
    """Whether the request was made to this machine by its own name: pages of others may not read the report."""
    return host.partition(":")[0].lower() in {_ADDRESS, "localhost"}


def _runs(folder: Path) -> bool:
    return any(is_running(folder / place) for place in _PLACES)
