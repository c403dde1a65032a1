"""Every kind of finding that inspection can have: its code, its levels, and what it means."""

from __future__ import annotations

_ERROR, _WARNING, _NOTE = "error", "warning", "note"
# By code: the levels that it can have, and its meaning. docs/inspect.md shows this table.
CODES: dict[str, tuple[str, str]] = {
    "no-entry-point": (_ERROR, "OpenVINO looks for `create_extensions`, which the library does not export"),
    "old-entry-point": (_ERROR, "the entry point is `CreateExtension`, of OpenVINO before 2022.1"),
    "entry-is-data": (_ERROR, "`create_extensions` is a variable, not a function"),
    "entry-point-throws": (
        _ERROR,
        "the entry point, or what runs at the load, ends the process or never returns",
    ),
    "other-release": (_ERROR, "the library is linked to the libopenvino of another release"),
    "other-abi": (_ERROR, "the library was built with the other `_GLIBCXX_USE_CXX11_ABI`"),
    "missing-library": (_ERROR, "nothing brings a library that it needs"),
    "missing-symbol": (_ERROR, "OpenVINO does not have a function that the library requires"),
    "undefined-symbol": (_ERROR, "no library that it needs defines a symbol that it requires"),
    "too-new": (_ERROR, "it requires a version of a symbol that the libraries there do not have"),
    "not-loadable": (_ERROR, "the loader of glibc refuses the file"),
    "nodlopen": (_ERROR, "linked with `-z nodlopen`: nothing can load it at run time"),
    "program": (_ERROR, "a program, which glibc does not load as a library"),
    "isa-marker": (_ERROR, "marked for CPUs with AVX2 or more: the loader refuses it on others"),
    "leak": (
        f"{_ERROR}, {_WARNING}",
        "an instruction beyond x86-64 outside the variants; a warning if every CPU that was asked about has it",
    ),
    "beyond-variant": (
        f"{_ERROR}, {_WARNING}",
        "an instruction that the variant's row of the table does not allow; a warning if every CPU has it",
    ),
    "wide-initialiser": (_ERROR, "an instruction beyond the CPU runs when the library loads"),
    "wide-entry": (_ERROR, "the entry point runs an instruction beyond the CPU before any check"),
    "wide-code": (
        f"{_ERROR}, {_NOTE}",
        (
            "for a library without variants of ovext: it needs more than the CPU has, and nothing in it checks the CPU "
            "(an error); or it checks, and what stands behind a check is not known (a note)"
        ),
    ),
    "fused": (
        _ERROR,
        (
            "in a build: a variant fuses a multiplication with an addition, "
            "[which the project does not want](isa.md#same-numbers)"
        ),
    ),
    "instrumented": (
        f"{_ERROR}, {_WARNING}",
        "built with a sanitizer (an error) or for coverage (a warning): for tests, not to be shipped",
    ),
    "not-linked": (
        _WARNING,
        "not linked to libopenvino: it loads in a server that links OpenVINO, but not from Python",
    ),
    "not-loaded": (
        _WARNING,
        "it needs a library of OpenVINO that is not loaded with libopenvino: it loads in a server, but not from Python",
    ),
    "static-tls": (
        f"{_ERROR}, {_WARNING}",
        (
            "more thread-local data in the program's own block than a library gets that loads later (an error), "
            "or than it is sure to get (a warning)"
        ),
    ),
    "exports": (_WARNING, "symbols that may collide with those of other libraries"),
    "unique-symbols": (_WARNING, "symbols that all libraries of the process share"),
    "absolute-run-path": (_WARNING, "the library looks for libraries in folders of the machine it was built on"),
    "executable-stack": (_WARNING, "hardened systems refuse it"),
    "text-relocations": (_WARNING, "hardened systems refuse it"),
    "no-relro": (_WARNING, "its relocated data stays writable, which makes it easier to attack"),
    "damaged-sections": (_WARNING, "its section headers cannot be read; the loader needs none"),
    "guarded": (_NOTE, "wide code that runs only after a check of the CPU that can be seen"),
    "tzcnt": (_NOTE, "TZCNT runs on every CPU, but as BSF on one without BMI1, whose result for 0 differs"),
    "not-compared": (_NOTE, "OpenVINO, or another library that it needs, is not on this machine"),
    "debug-info": (_NOTE, "how much of the library is debug information"),
}


def markdown_table() -> str:
    """The table as docs/inspect.md shows it."""
    rows = (f"| `{code}` | {levels} | {meaning} |\n" for code, (levels, meaning) in CODES.items())
    return "| finding | level | what it means |\n|---|---|---|\n" + "".join(rows)
