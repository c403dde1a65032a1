"""An extension of OpenVINO. register(core) makes its ops known to an openvino.Core."""

from ._extension import gpu_config, path, register

__all__ = ["gpu_config", "path", "register"]
