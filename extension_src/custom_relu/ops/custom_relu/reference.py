"""CustomReLU in numpy: the truth that every kernel is tested against."""

import numpy as np


def custom_relu(data: np.ndarray, negative_slope: float = 0.0) -> np.ndarray:
    """Return x where x > 0, else negative_slope * x, computed in f32 and rounded to the type of `data`.

    A slope of 0 turns NaN and -inf into 0, as OpenVINO's own ReLU does on CPU.
    """
    if negative_slope == 0.0:
        return np.where(data > 0, data, np.zeros_like(data))
    wide = data.astype(np.float32)
    return np.where(wide > 0, wide, wide * np.float32(negative_slope)).astype(data.dtype)
