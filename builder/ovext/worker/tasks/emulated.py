"""An op whose evaluate() runs on an emulated CPU, in the memory of this process."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import iced_x86
import openvino as ov

from ovext.worker.tasks.alone import CANNOT_COMPUTE
from ovext.worker.tasks.values import array_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.worker.tasks.values import Array, Buffer

_RETURNED, _FAULT, _ENDLESS, _STARTS_THREAD = range(4)  # End of emulator/cpu.hpp
_DIVISION, _UNKNOWN_INSTRUCTION, _PAGE_FAULT = 0, 6, 14  # the CPU's exceptions
_IS_WRITE = 2  # in the error code of a page fault
_LONGEST_INSTRUCTION = 15


class _Outcome(ctypes.Structure):
    """Outcome of emulator/cpu.hpp."""

    _fields_ = (
        ("result", ctypes.c_uint64),
        ("instructions", ctypes.c_uint64),
        ("address", ctypes.c_uint64),
        ("instruction", ctypes.c_uint64),
        ("vector", ctypes.c_uint32),
        ("error", ctypes.c_uint32),
        ("end", ctypes.c_uint8),
    )


_SIZES, _OUTCOME = ctypes.POINTER(ctypes.c_size_t), ctypes.POINTER(_Outcome)
# The functions of emulator/op.cpp: what they return, and their arguments.
_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "emulator_error": (ctypes.c_char_p, ()),
    "emulator_start": (ctypes.c_bool, (ctypes.c_char_p, ctypes.c_uint32, ctypes.c_uint32)),
    "emulator_load": (ctypes.c_bool, (ctypes.c_char_p, ctypes.c_uint64, _OUTCOME)),
    "emulator_add": (ctypes.c_bool, (ctypes.c_char_p,)),
    "emulator_read": (ctypes.c_bool, (ctypes.c_char_p, ctypes.c_char_p)),
    "emulator_begin": (None, ()),
    "emulator_tensor": (None, (ctypes.c_bool, ctypes.c_char_p, ctypes.c_size_t, _SIZES, ctypes.c_void_p)),
    "emulator_free_output": (None, (ctypes.c_char_p,)),
    "emulator_evaluate": (ctypes.c_int, (ctypes.c_uint64, _OUTCOME)),
    "emulator_output_rank": (ctypes.c_size_t, (ctypes.c_size_t,)),
    "emulator_output": (ctypes.c_void_p, (ctypes.c_size_t, _SIZES)),
}


class StoppedError(RuntimeError):
    """The emulation stopped amid a call, and this process is of no further use."""

    def __init__(self, text: str, ended: str) -> None:
        super().__init__(text)
        self.ended = ended


@dataclass(frozen=True)
class EmulatedOp:
    """The op that was read last, on the emulated CPU, which has one thread."""

    emulator: _Emulator
    threads: Sequence[int] = (1, 1)

    def call(self, outputs: Sequence[Buffer], inputs: Sequence[Buffer], threads: int) -> list[Array]:
        del threads
        functions = self.emulator.functions
        functions.emulator_begin()
        for is_output, buffers in ((False, inputs), (True, outputs)):
            for one in buffers:
                self._give(one, is_output=is_output)
        result = functions.emulator_evaluate(self.emulator.budget, self.emulator.outcome)
        self.emulator.check()
        if result != 1:
            raise RuntimeError(CANNOT_COMPUTE if result == 0 else self.emulator.error())
        return [self._output(number, one.element) for number, one in enumerate(outputs)]

    def _give(self, buffer: Buffer, *, is_output: bool) -> None:
        functions, element = self.emulator.functions, buffer.element.encode()
        if buffer.memory is None:
            functions.emulator_free_output(element)
        else:
            shape = (ctypes.c_size_t * len(buffer.shape))(*buffer.shape)
            functions.emulator_tensor(is_output, element, len(shape), shape, buffer.memory.ctypes.data)

    def _output(self, number: int, element: str) -> Array:
        functions = self.emulator.functions
        shape = (ctypes.c_size_t * functions.emulator_output_rank(number))()
        address = functions.emulator_output(number, shape)
        tensor = ov.Tensor(getattr(ov.Type, element), list(shape))
        if tensor.byte_size:
            ctypes.memmove(tensor.data.ctypes.data, address, tensor.byte_size)
        return array_of(tensor)


@dataclass(frozen=True, eq=False)
class _Emulator:
    """The emulated CPU of this process. `budget` is how many instructions a call may execute."""

    functions: ctypes.CDLL
    cpu: str
    budget: int
    outcome: _Outcome

    def error(self) -> str:
        return str(self.functions.emulator_error().decode(errors="replace"))

    def check(self) -> None:
        """End this process as the last call would have ended one on such a CPU; return if the call did."""
        if self.outcome.end == _ENDLESS:
            raise StoppedError(f"it does not end within {self.budget:,} instructions; --timeout sets how many", "hang")
        if self.outcome.end == _STARTS_THREAD:
            raise StoppedError("it starts a thread, which the emulated CPU cannot run", "unable")
        if self.outcome.end == _FAULT:
            _end_as_the_guest(self.outcome, self.cpu)


def load(request: dict[str, Any]) -> _Emulator:
    """The emulated CPU of this process, after it has loaded the request's library."""
    return _emulator(request["library"], tuple(request["emulator"].items()))


def op(request: dict[str, Any]) -> EmulatedOp:
    """The op of the request's model."""
    emulator = load(request)
    _read(emulator, request["model"], request["type"])
    return EmulatedOp(emulator)


@lru_cache(maxsize=1)
def _read(emulator: _Emulator, model: str, type_: str) -> None:
    if not emulator.functions.emulator_read(model.encode(), type_.encode()):
        raise RuntimeError(emulator.error())


@cache
def _emulator(library: str, settings: tuple[tuple[str, Any], ...]) -> _Emulator:
    """The emulated CPU, after it has loaded the library, which has then chosen a variant for it."""
    given = dict(settings)
    # The helper has functions of newer C libraries that bochscpu needs, so that it must come first, for all.
    functions = ctypes.CDLL(given["helper"], mode=os.RTLD_GLOBAL | os.RTLD_NOW)
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(functions, name)
        function.restype, function.argtypes = result, arguments
    try:
        from bochscpu import _bochscpu  # noqa: PLC0415  an extra
    except ImportError as error:
        raise RuntimeError(f"the emulated CPU cannot be loaded: {error}") from None
    emulator = _Emulator(functions, given["cpu"], given["budget"], _Outcome())
    if not functions.emulator_start(_bochscpu.__file__.encode(), given["model"], given["xcr0"]):
        raise RuntimeError(f"the emulated CPU does not start: {emulator.error()}")
    is_loaded = functions.emulator_load(library.encode(), emulator.budget, emulator.outcome)
    emulator.check()
    if not is_loaded or not functions.emulator_add(library.encode()):
        raise RuntimeError(emulator.error())
    return emulator


def _end_as_the_guest(outcome: _Outcome, cpu: str) -> None:
    """End this process as the fault of the guest would have: by the same access, or by a signal."""
    number = {_DIVISION: signal.SIGFPE, _UNKNOWN_INSTRUCTION: signal.SIGILL}.get(outcome.vector, signal.SIGSEGV)
    if number == signal.SIGILL:
        sys.stderr.write(f"{cpu} cannot execute {_instruction(outcome.instruction)}\n")
        sys.stderr.flush()
    if outcome.vector == _PAGE_FAULT:
        touched = ctypes.c_char.from_address(outcome.address)
        before = touched.value
        if outcome.error & _IS_WRITE:
            touched.value = before
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _instruction(address: int) -> str:
    """The instruction there, and where it is in its file."""
    code = ctypes.string_at(address, _LONGEST_INSTRUCTION)
    text = f"'{iced_x86.Decoder(64, code, ip=address).decode()}'"
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        span, _, offset, _, _, *path = line.split(maxsplit=5)
        first, last = (int(one, 16) for one in span.split("-"))
        if first <= address < last and path:
            return f"{text} at {address - first + int(offset, 16):#x} of {Path(path[0]).name}"
    return text
