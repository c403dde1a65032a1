"""An op whose evaluate() runs on an emulated CPU, in the memory of this process."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import iced_x86
import numpy as np
import openvino as ov

from ovext.inspect.elf import Elf
from ovext.inspect.instructions import BITS, SAME_AS_BSF, features_of_code, features_of_variant
from ovext.inspect.variants import variant_of
from ovext.worker.emulation import EmulationError
from ovext.worker.tasks.alone import CANNOT_COMPUTE
from ovext.worker.tasks.arena import thread_counts
from ovext.worker.tasks.values import array_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.worker.tasks.values import Array, Buffer

_RETURNED, _FAULT, _ENDLESS, _STARTS_THREAD = range(4)  # End of emulator/cpu.hpp
_UNKNOWN_INSTRUCTION, _PAGE_FAULT = 6, 14  # the CPU's exceptions
_SIGNALS = {0: signal.SIGFPE, 3: signal.SIGTRAP, 6: signal.SIGILL, 16: signal.SIGFPE, 19: signal.SIGFPE}
_IS_WRITE = 2  # in the error code of a page fault
_LONGEST_INSTRUCTION = 15


class _Outcome(ctypes.Structure):
    """Outcome of emulator/cpu.hpp."""

    _fields_ = (
        ("instructions", ctypes.c_uint64),
        ("address", ctypes.c_uint64),
        ("instruction", ctypes.c_uint64),
        ("vector", ctypes.c_uint32),
        ("error", ctypes.c_uint32),
        ("end", ctypes.c_uint8),
        ("overflow", ctypes.c_bool),
    )


_SIZES, _OUTCOME = ctypes.POINTER(ctypes.c_size_t), ctypes.POINTER(_Outcome)
# The functions of emulator/op.cpp: what they return, and their arguments.
_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "emulator_error": (ctypes.c_char_p, ()),
    "emulator_start": (ctypes.c_bool, (ctypes.c_char_p, ctypes.c_uint32, ctypes.c_uint32)),
    "emulator_load": (ctypes.c_bool, (ctypes.c_char_p, ctypes.c_uint64, _OUTCOME)),
    "emulator_add": (ctypes.c_bool, (ctypes.c_char_p,)),
    "emulator_watch": (None, (ctypes.c_uint64, ctypes.c_uint64, ctypes.c_void_p)),
    "emulator_read": (ctypes.c_bool, (ctypes.c_char_p, ctypes.c_char_p)),
    "emulator_begin": (None, ()),
    "emulator_tensor": (None, (ctypes.c_bool, ctypes.c_char_p, ctypes.c_size_t, _SIZES, ctypes.c_void_p)),
    "emulator_free_output": (None, (ctypes.c_char_p,)),
    "emulator_evaluate": (ctypes.c_int, (ctypes.c_int, ctypes.c_uint64, _OUTCOME)),
    "emulator_output_rank": (ctypes.c_size_t, (ctypes.c_size_t,)),
    "emulator_output": (ctypes.c_void_p, (ctypes.c_size_t, _SIZES)),
}


@dataclass(frozen=True)
class EmulatedOp:
    """The op that was read last, on the emulated CPU. What OpenVINO divides among threads is done by one."""

    emulator: Emulator

    @property
    def threads(self) -> Sequence[int]:
        return thread_counts(self.emulator.cpus)

    def call(self, outputs: Sequence[Buffer], inputs: Sequence[Buffer], threads: int) -> list[Array]:
        functions = self.emulator.functions
        functions.emulator_begin()
        for is_output, buffers in ((False, inputs), (True, outputs)):
            for one in buffers:
                self._give(one, is_output=is_output)
        result = functions.emulator_evaluate(threads, self.emulator.budget, self.emulator.outcome)
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
class Emulator:
    """The emulated CPU of this process, and the library that it has loaded.

    `cpus` is how many CPUs the machine has, `budget` how many instructions a call may execute. `executed` has a byte
    for each address of the library from `base` on, which is set once the instruction there was executed.
    """

    functions: ctypes.CDLL
    cpu: str
    cpus: int
    budget: int
    outcome: _Outcome
    base: int = 0
    executed: Array = field(default_factory=lambda: np.zeros(0, np.uint8))

    @property
    def instructions(self) -> int:
        """How many instructions of the library the last call executed."""
        return int(self.outcome.instructions)

    def error(self) -> str:
        return str(self.functions.emulator_error().decode(errors="replace"))

    def check(self) -> None:
        """End this process as the last call would have ended one on such a CPU; return if the call did."""
        if self.outcome.end == _ENDLESS:
            raise EmulationError(
                f"it takes more than {self.budget:,} instructions of the emulated CPU; --timeout sets how many", "hang"
            )
        if self.outcome.end == _STARTS_THREAD:
            raise EmulationError("it starts a thread or a process, which the emulated CPU cannot run", "unable")
        if self.outcome.end == _FAULT:
            _end_as_the_guest(self.outcome, self.cpu)


def load(request: dict[str, Any]) -> Emulator:
    """The emulated CPU of this process, after it has loaded the request's library."""
    return _emulator(request["library"], tuple(request["emulator"].items()))


def op(request: dict[str, Any]) -> EmulatedOp:
    """The op of the request's model."""
    emulator = load(request)
    _read(emulator, request["model"], request["type"])
    return EmulatedOp(emulator)


@lru_cache(maxsize=1)
def _read(emulator: Emulator, model: str, type_: str) -> None:
    if not emulator.functions.emulator_read(model.encode(), type_.encode()):
        raise RuntimeError(emulator.error())


@cache
def _emulator(library: str, settings: tuple[tuple[str, Any], ...]) -> Emulator:
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
        raise EmulationError(f"the emulated CPU cannot be loaded: {error}", "unable") from None
    emulator = Emulator(functions, given["cpu"], given["cpus"], given["budget"], _Outcome())
    if not functions.emulator_start(_bochscpu.__file__.encode(), given["model"], given["xcr0"]):
        raise EmulationError(f"the emulated CPU does not start: {emulator.error()}", "unable")
    is_loaded = functions.emulator_load(library.encode(), emulator.budget, emulator.outcome)
    emulator.check()
    if not is_loaded or not functions.emulator_add(library.encode()):
        raise RuntimeError(emulator.error())
    spans = [(first, last) for first, last, _, path in _mapped_files() if path == os.path.realpath(library)]
    base, end = min(spans)[0], max(spans)[1]
    executed = np.zeros(end - base, np.uint8)
    functions.emulator_watch(base, end, executed.ctypes.data)
    return replace(emulator, base=base, executed=executed)


def foreign(request: dict[str, Any]) -> dict[str, Any]:
    """The instructions of the variants that were executed so far and need what their rows of the table do not have."""
    emulator = load(request)
    found = []
    for section in Elf(Path(request["library"])).sections:
        variant = variant_of(section)
        part = slice(section.address, section.address + section.size)
        for offset in np.flatnonzero(emulator.executed[part]) if variant else ():
            address = emulator.base + section.address + int(offset)
            code = ctypes.string_at(address, _LONGEST_INSTRUCTION)
            needs = features_of_code(iced_x86.Decoder(BITS, code, ip=address).decode().code)
            if others := sorted(needs - features_of_variant(variant) - {SAME_AS_BSF}):
                found.append(f"{variant} has executed {_instruction(address)}, which needs {', '.join(others)}")
    return {"found": found}


def _end_as_the_guest(outcome: _Outcome, cpu: str) -> None:
    """End this process as the fault of the guest would have: by the same access, or by a signal."""
    sys.stderr.write(f"{_fault_text(outcome, cpu)}\n")
    sys.stderr.flush()
    if outcome.vector == _PAGE_FAULT:
        if outcome.error & _IS_WRITE:
            ctypes.memset(outcome.address, 0, 1)
        else:
            ctypes.string_at(outcome.address, 1)
    number = _SIGNALS.get(outcome.vector, signal.SIGSEGV)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _fault_text(outcome: _Outcome, cpu: str) -> str:
    where = _instruction(outcome.instruction)
    if outcome.overflow:
        return f"the stack of 8 MB overflows in {where}"
    if outcome.vector == _PAGE_FAULT:
        does = "writes to" if outcome.error & _IS_WRITE else "reads"
        return f"{where} {does} the address {outcome.address:#x}"
    if outcome.vector == _UNKNOWN_INSTRUCTION and "'ud2'" in where:
        return f"{where} ends the process, as __builtin_trap() does"
    return f"{cpu} cannot execute {where}" if outcome.vector == _UNKNOWN_INSTRUCTION else f"{where} fails"


def _instruction(address: int) -> str:
    """The instruction there, and where it is in its file."""
    code = ctypes.string_at(address, _LONGEST_INSTRUCTION)
    text = f"'{iced_x86.Decoder(BITS, code, ip=address).decode()}'"
    for first, last, offset, path in _mapped_files():
        if first <= address < last:
            return f"{text} at {address - first + offset:#x} of {Path(path).name}"
    return text


def _mapped_files() -> Iterator[tuple[int, int, int, str]]:
    """The first and the last address of each mapped part of a file, its offset in the file, and the file."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        span, _, offset, _, _, *path = line.split(maxsplit=5)
        if path:
            first, last = (int(one, 16) for one in span.split("-"))
            yield first, last, int(offset, 16), path[0]
