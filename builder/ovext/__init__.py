"""Build OpenVINO extensions that are known to load where they are sent and to compute the right numbers."""

from ovext.loading import gpu_config, load, register_all

__all__ = ["__version__", "gpu_config", "load", "register_all"]


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415  reading metadata costs more than importing ovext

        return version("ovext")
    raise AttributeError(name)
