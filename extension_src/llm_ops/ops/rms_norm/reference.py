"""RMSNorm in numpy: the truth that every kernel is tested against."""

import numpy as np


def rms_norm(data: np.ndarray, weight: np.ndarray, *, epsilon: float = 1e-05, axis: int = -1) -> np.ndarray:
    """Root mean square norm: data / sqrt(mean(data * data) + epsilon) * weight, over the last dimension."""
    wide = data.astype(np.float64)
    mean = (wide * wide).mean(-1, keepdims=True) if data.size else np.ones(1)
    return wide / np.sqrt(mean + epsilon) * weight
