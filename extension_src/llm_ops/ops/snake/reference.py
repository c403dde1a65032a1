# Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
"""Snake in numpy: the truth that every kernel is tested against."""

import numpy as np


def snake(data: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The activation data + sin(alpha * data)^2 / (alpha + 1e-9), with an alpha for each channel."""
    data = data.astype(np.float64)
    alpha = alpha.astype(np.float64).reshape(*alpha.shape, *[1] * (data.ndim - 2))
    return data + ((np.sin((alpha * data)) * np.sin((alpha * data))) / (alpha + 1e-09))
