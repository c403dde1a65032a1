#!/bin/sh
# The Python environment of a builder image: what ovext needs, CMake, Ninja and OpenVINO among it, from the package index.
# or from the folder of wheels where pip asks no index. PYTHON is the interpreter. The secrets pip.conf and ca.pem, if given, say how the index is reached; no layer keeps them.
set -eu

for setting in PIP_CONFIG_FILE=/run/secrets/pip.conf PIP_CERT=/run/secrets/ca.pem; do
    if [ -f "${setting#*=}" ]; then
        export "${setting?}"
    fi
done
"$PYTHON" -m venv "$HOME/venv"
"$HOME/venv/bin/python" -m pip install --disable-pip-version-check --no-cache-dir --no-compile \
    --find-links /run/wheels --requirement requirements.txt
