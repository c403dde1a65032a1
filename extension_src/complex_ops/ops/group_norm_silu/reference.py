"""GroupNormSiLU in numpy: the truth that every kernel is tested against."""

import numpy as np


def group_norm_silu(
    data: np.ndarray, scale: np.ndarray, bias: np.ndarray, *, groups: int = 32, epsilon: float = 1e-05
) -> np.ndarray:
    """Return x * sigmoid(x) of the normalised, scaled and shifted data, computed in f64."""
    grouped = data.astype(np.float64).reshape(data.shape[0], groups, -1)
    mean = grouped.mean(axis=-1, keepdims=True)
    variance = grouped.var(axis=-1, keepdims=True)
    normal = ((grouped - mean) / np.sqrt(variance + epsilon)).reshape(data.shape)
    per_channel = (1, -1, *[1] * (data.ndim - 2))
    x = normal * scale.reshape(per_channel) + bias.reshape(per_channel)
    return x / (1.0 + np.exp(-x))
