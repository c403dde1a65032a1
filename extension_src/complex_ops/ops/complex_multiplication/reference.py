"""ComplexMultiplication in numpy: the truth that every kernel is tested against."""

import numpy as np


def complex_multiplication(data: np.ndarray, other: np.ndarray, *, is_conj: bool = False) -> np.ndarray:
    """Return the products of complex numbers, whose parts are in the last dimension, computed in f64."""
    first = data[..., 0].astype(np.complex128) + 1j * data[..., 1]
    second = other[..., 0].astype(np.complex128) + 1j * other[..., 1]
    product = first * (second.conj() if is_conj else second)
    return np.stack([product.real, product.imag], axis=-1)
