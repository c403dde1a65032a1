"""Build OpenVINO extensions that are known to load where they are sent and to compute the right numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ovext.loading import load, register_all

if TYPE_CHECKING:
    from ovext.gpu.config import gpu_config

__all__ = ["__version__", "gpu_config", "load", "register_all"]


def __getattr__(name: str) -> Any:
    """What costs more to import than a program that only loads a library should pay."""
    if name == "__version__":
        from ovext.resources import version  # noqa: PLC0415

        return version()
    if name == "gpu_config":
        from ovext.gpu.config import gpu_config  # noqa: PLC0415

        return gpu_config
    raise AttributeError(name)
