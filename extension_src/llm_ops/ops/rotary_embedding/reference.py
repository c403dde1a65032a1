"""RotaryEmbedding in numpy: the truth that every kernel is tested against."""

import numpy as np


def rotary_embedding(data: np.ndarray, cosines: np.ndarray, sines: np.ndarray, *, interleaved: int = 0) -> np.ndarray:
    """Rotates pairs of the first 2 * R values of each row by the angles whose cosines and sines are given."""
    pairs = cosines.shape[-1]
    turned, rest = data[..., : 2 * pairs], data[..., 2 * pairs :]
    first, second = (turned[..., ::2], turned[..., 1::2]) if interleaved else (turned[..., :pairs], turned[..., pairs:])
    cosine, sine = cosines[:, None], sines[:, None]
    turned = [first * cosine - second * sine, first * sine + second * cosine]
    together = np.stack(turned, -1).reshape(*first.shape[:-1], 2 * pairs) if interleaved else np.concatenate(turned, -1)
    return np.concatenate([together, rest], -1)
