"""C++ symbol names as people write them."""

from __future__ import annotations

import ctypes
import re
from functools import cache

from ovext.inspect.strings import printable

_REPETITION = re.compile(r"[ST][0-9A-Z]*_")
# Each repeats an earlier part of the name. A short name with more of them can stand for gigabytes.
_MOST_REPETITIONS = 24
_LONGEST = 4096


@cache
def demangle(name: str) -> str:
    """The C++ name of a mangled symbol; the symbol itself if it is not a C++ name or there is no demangler.

    The result is printable, and not longer than a few hundred letters.
    """
    is_safe = len(name) <= _LONGEST and len(_REPETITION.findall(name)) <= _MOST_REPETITIONS
    return printable(_demangled(name) if name.startswith("_Z") and is_safe else name, longest=400)


def _demangled(name: str) -> str:
    library = _runtime_library()
    if library is None:
        return name
    demangler = library["__cxa_demangle"]
    demangler.restype = ctypes.c_void_p
    address = demangler(name.encode(), None, None, ctypes.byref(ctypes.c_int()))
    if not address:
        return name
    text = ctypes.string_at(address).decode("utf-8", "replace")
    library.free(ctypes.c_void_p(address))
    return text


@cache
def _runtime_library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL("libstdc++.so.6")
    except OSError:
        return None
