"""Serve Conan packages on 127.0.0.1: conan_server.py FOLDER. Prints its address. `ci` may upload; password: `secret`.

The command `conan_server` would listen on every interface of the machine.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

CONFIG = """\
[server]
jwt_secret: 6a77745f7365637265745f666f725f74657374730a
jwt_expire_minutes: 120
ssl_enabled: False
host: 127.0.0.1
host_name: localhost
port: 0
public_port: 0
authorize_timeout: 1800
disk_storage_path: {folder}/data
disk_authorize_timeout: 1800
updown_secret: 757064f776e5f7365637265745f666f725f74657374
[write_permissions]
*/*@*/*: ci
[read_permissions]
*/*@*/*: *
[users]
ci: secret
"""


class Server(ThreadingMixIn, WSGIServer):
    """Answers several requests at once."""

    daemon_threads = True


def main() -> None:
    folder = Path(sys.argv[1])
    (folder / "server.conf").write_text(CONFIG.format(folder=folder), encoding="utf-8")
    os.environ["CONAN_SERVER_HOME"] = str(folder)
    application = importlib.import_module("conans.server.server_launcher").app
    server = make_server("127.0.0.1", 0, application, server_class=Server)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
