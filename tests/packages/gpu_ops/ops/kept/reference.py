"""Kept in numpy."""

from typing import Any

import numpy as np


def kept(data: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(data)
