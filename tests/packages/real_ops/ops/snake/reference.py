"""Snake in numpy: the truth that every kernel is tested against."""

import numpy as np


def snake(x: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """x + sin(alpha * x)^2 / alpha, with an alpha for each channel."""
    alpha = alpha.astype(np.float64).reshape(1, -1, *[1] * (x.ndim - 2))
    return np.asarray(x + np.sin(alpha * x) ** 2 / alpha)
