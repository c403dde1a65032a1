"""Memory for tensors that ends, or starts, where no memory may be touched."""

from __future__ import annotations

import ctypes
import mmap
from typing import TYPE_CHECKING

import numpy as np

from ovext.worker.faults import GUARD
from ovext.worker.tasks.sanitizer import NEEDS_FRESH_MEMORY

if TYPE_CHECKING:
    from ovext.worker.tasks.values import Array

_PROT_NONE = 0


class GuardedMemory:
    """Memory between two areas that no code may touch, used for one tensor after another."""

    def __init__(self) -> None:
        self._size = 0

    def take(self, size: int, *, at_end: bool) -> tuple[Array, int]:
        """`size` bytes that end or start at such an area, and their address."""
        pages = max(1, -(-size // mmap.PAGESIZE))
        if pages * mmap.PAGESIZE != self._size or NEEDS_FRESH_MEMORY:
            self._allocate(pages * mmap.PAGESIZE)
        offset = GUARD + (self._size - size if at_end else 0)
        return np.frombuffer(self._map, np.uint8, size, offset), self._start + offset

    def _allocate(self, size: int) -> None:
        self._size = size
        self._map = mmap.mmap(-1, size + 2 * GUARD)
        self._start = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for area in (self._start, self._start + GUARD + size):
            if protect(area, GUARD, _PROT_NONE):
                raise OSError(ctypes.get_errno(), "memory cannot be protected")
