"""Where a process touched memory that it must not touch: its signal handler writes that to a file before it dies.

The handler is machine code, because Python cannot run while another thread is in the library.
"""

from __future__ import annotations

import ctypes
import mmap
import signal
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FAULT_FILE = "fault"  # in the worker's folder
GUARD = 1 << 20  # bytes before and after guarded memory that no code may touch: addresses only, they need no memory
_SA_SIGINFO, _SA_RESETHAND = 0x4, 0x80000000
_IS_WRITE = 0x2  # in the CPU's error code of a page fault
_RECORD = struct.Struct("<QQQ")  # whether there was a fault, its address, the CPU's error code
_REGION = struct.Struct("<QQ80s")  # the first and the last address, and the name

# void handler(int, siginfo_t* rsi, ucontext_t* rdx), which writes _RECORD. With SA_RESETHAND the instruction then
# faults again and ends the process. si_addr is at 0x10 of siginfo_t, the error code at 0xc0 of x86-64's ucontext_t.
_CODE = (
    "48b9{record}"  # mov rcx, record
    "488b4610 48894108"  # mov rax, [rsi + 0x10]; mov [rcx + 8], rax
    "488b82c0000000 48894110"  # mov rax, [rdx + 0xc0]; mov [rcx + 16], rax
    "48c70101000000 c3"  # mov qword [rcx], 1; ret
)


class _Action(ctypes.Structure):
    """glibc's struct sigaction."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_char * 128),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


@dataclass(frozen=True)
class Region:
    """A tensor's memory in a process."""

    name: str
    start: int
    end: int


class FaultRecorder:
    """Makes this process write its segmentation fault to a file, with the memory of the tensors at that time."""

    def __init__(self, file: Path) -> None:
        with file.open("w+b") as opened:
            opened.truncate(mmap.PAGESIZE)
            self._record = mmap.mmap(opened.fileno(), mmap.PAGESIZE)
        code = bytes.fromhex(_CODE.format(record=_address(self._record).to_bytes(8, "little").hex()))
        protection = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        self._code = mmap.mmap(-1, mmap.PAGESIZE, prot=protection)
        self._code.write(code)
        flags = ctypes.c_int32(_SA_SIGINFO | _SA_RESETHAND).value
        action = _Action(handler=_address(self._code), flags=flags)
        if hasattr(ctypes.CDLL(None), "__asan_init"):
            return  # AddressSanitizer's own report has more
        for number in (signal.SIGSEGV, signal.SIGBUS):
            ctypes.CDLL(None).sigaction(int(number), ctypes.byref(action), None)

    def know(self, regions: Sequence[Region]) -> None:
        """Remember where the tensors are from now on."""
        room = mmap.PAGESIZE - _RECORD.size
        packed = [_REGION.pack(one.start, one.end, one.name.encode()[:80]) for one in regions]
        self._record[_RECORD.size :] = b"".join(packed[: room // _REGION.size]).ljust(room, b"\0")


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def read_fault(file: Path) -> str:
    """What a dead process did beyond the ends of a tensor, from its recorder's file; empty if nothing is known."""
    try:
        record = file.read_bytes()
    except OSError:
        return ""
    if len(record) < mmap.PAGESIZE:
        return ""
    happened, address, code = _RECORD.unpack_from(record)
    whole = (mmap.PAGESIZE - _RECORD.size) // _REGION.size * _REGION.size
    regions = [
        Region(name.rstrip(b"\0").decode(errors="replace"), start, end)
        for start, end, name in _REGION.iter_unpack(record[_RECORD.size :][:whole])
        if name.rstrip(b"\0")
    ]
    if not happened or not regions:
        return ""
    nearest = min(regions, key=lambda one: max(one.start - address, address - one.end + 1))
    before, beyond = nearest.start - address, address - nearest.end + 1
    if not 0 < max(before, beyond) <= GUARD:
        return ""
    does = "writes" if code & _IS_WRITE else "reads"
    where, distance = ("before the start", before) if before > 0 else ("past the end", beyond)
    bytes_ = "1 byte" if distance == 1 else f"{distance:,} bytes"
    return (
        f"it {does} {where} of {nearest.name} ({nearest.end - nearest.start:,} bytes): {bytes_} {where.split()[0]} it"
    )
