"""RmsNorm in numpy: the truth that every kernel is tested against."""

import numpy as np


def rms_norm(x: np.ndarray, weight: np.ndarray, *, epsilon: float = 1e-05) -> np.ndarray:
    """The rows of x, each divided by the root of the mean of its squares, times the weight."""
    wide = x.astype(np.float64)
    mean = np.mean(wide**2, axis=-1, keepdims=True)
    return np.asarray(wide / np.sqrt(mean + np.float32(epsilon)) * weight)
