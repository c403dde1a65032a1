"""Calls with a chosen number of threads: oneTBB's task arena, which OpenVINO's threads come from.

An arena may have more threads than the machine has CPUs, which the CPU plugin's settings do not allow.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SPACE = "_ZN3tbb6detail2r1"
_INITIALIZE = f"{_SPACE}10initializeERNS0_2d115task_arena_baseE"
_TERMINATE = f"{_SPACE}9terminateERNS0_2d115task_arena_baseE"
_EXECUTE = f"{_SPACE}7executeERNS0_2d115task_arena_baseERNS2_13delegate_baseE"
_NORMAL_PRIORITY = 2 * (0x7FFFFFFF // 4)
_AUTOMATIC = -1
_CALL = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p)


class _Arena(ctypes.Structure):
    """tbb::detail::d1::task_arena_base, with room for members that later releases add."""

    _fields_ = (
        ("version_and_traits", ctypes.c_ssize_t),
        ("state", ctypes.c_int),
        ("arena", ctypes.c_void_p),
        ("max_concurrency", ctypes.c_int),
        ("reserved_slots", ctypes.c_uint),
        ("priority", ctypes.c_int),
        ("numa_id", ctypes.c_int),
        ("core_type", ctypes.c_int),
        ("max_threads_per_core", ctypes.c_int),
        ("later", ctypes.c_char * 64),
    )


def thread_counts(cpus: int) -> list[int]:
    """The numbers of threads that an op is called with: one, two, all CPUs, and more than all."""
    return [1, *sorted({2, cpus, 2 * cpus + 1} - {1})]


def call_with_threads(count: int, function: Callable[[], None]) -> None:
    """Call the function where OpenVINO divides work among `count` threads; without oneTBB the number stays as it is."""
    tbb = _tbb()
    if tbb is None:
        function()
        return
    raised: list[BaseException] = []

    def run(_: int) -> bool:
        try:
            function()
        except BaseException as error:  # noqa: BLE001  it must not go through C++, and is raised again below
            raised.append(error)
        return True

    arena = _Arena(
        max_concurrency=count,
        reserved_slots=1,
        priority=_NORMAL_PRIORITY,
        numa_id=_AUTOMATIC,
        core_type=_AUTOMATIC,
        max_threads_per_core=_AUTOMATIC,
    )
    call = _CALL(run)
    methods = (ctypes.c_void_p * 3)(ctypes.cast(call, ctypes.c_void_p).value)
    delegate = (ctypes.c_void_p * 1)(ctypes.addressof(methods))
    tbb[_INITIALIZE](ctypes.byref(arena))
    tbb[_EXECUTE](ctypes.byref(arena), delegate)
    tbb[_TERMINATE](ctypes.byref(arena))
    if raised:
        raise raised[0]


@cache
def _tbb() -> ctypes.PyDLL | None:
    """The oneTBB of this process; None where OpenVINO was built with something else."""
    try:
        tbb = ctypes.PyDLL("libtbb.so.12", mode=os.RTLD_NOLOAD | os.RTLD_NOW)
    except OSError:
        return None
    names = (_INITIALIZE, _TERMINATE, _EXECUTE)
    return tbb if all(hasattr(tbb, name) for name in names) else None
