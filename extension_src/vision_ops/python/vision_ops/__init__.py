"""vision_ops: ops for OpenVINO. register(core) makes them known to an openvino.Core."""

from ._extension import gpu_config, path, register

__all__ = ["gpu_config", "path", "register"]
