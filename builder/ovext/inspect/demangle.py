"""C++ symbol names as people write them."""

from __future__ import annotations

import ctypes
from functools import cache


@cache
def demangle(name: str) -> str:
    """The C++ name of a mangled symbol; the symbol itself if it is not a C++ name or there is no demangler."""
    library = _runtime_library()
    if library is None or not name.startswith("_Z"):
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
