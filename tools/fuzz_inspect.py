"""Fuzz `ovext inspect`: change the tables of libraries that the loader reads, and inspect them.

Only a report or an UnreadableFileError may come of it, within the limits of ovext.inspect.limits. A file for which that
is not so is written to fuzz-failure.so.
"""

from __future__ import annotations

import argparse
import json
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ovext.errors import UnreadableFileError
from ovext.inspect.elf import Elf
from ovext.inspect.library import InspectionRequest, inspect_library
from ovext.inspect.limits import Limits, within_limits
from ovext.inspect.system import system_of
from ovext.targets.base_os import base_oses

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

REQUEST = InspectionRequest([system_of(base) for base in base_oses()], lambda _: None)
FAILURE = Path("fuzz-failure.so")
EXAMPLES = 200  # between two looks at the clock
_ENTRY = '__attribute__((visibility("default"))) void create_extensions(void *v)'
_SEEDS = {
    "plain": (f"void f(void) {{}} {_ENTRY} {{ f(); }}", ["-Wl,--hash-style=both"]),
    "versions": (f'#include <stdio.h>\n{_ENTRY} {{ printf("%p", v); }}', []),
    "wide": (
        f"""
        __attribute__((target_clones("default", "avx2"))) int k(int *a) {{
            int s = 0; for (int i = 0; i < 64; ++i) s += a[i]; return s; }}
        {_ENTRY} {{ int a[64] = {{0}}; k(a); }}""",
        ["-O3", "-Wl,-z,pack-relative-relocs,-z,x86-64-v3"],
    ),
}


def seeds(folder: Path) -> list[bytes]:
    """Small libraries with every table that inspection reads."""
    found = []
    for name, (source, flags) in _SEEDS.items():
        command = ["/usr/bin/gcc", "-w", "-shared", "-fPIC", "-x", "c", "-", "-o", f"{name}.so", *flags]
        subprocess.run(command, cwd=folder, input=source, text=True, check=True)
        found.append((folder / f"{name}.so").read_bytes())
    return found


def table_places(data: bytes) -> list[int]:
    """Where the header, the program headers and the tables that they and the dynamic section name begin."""
    elf = Elf(Path("seed.so"), data)
    places = [0, 32, *(segment.offset for segment in elf.segments)]
    places += [struct.unpack_from("<Q", data, 32)[0] + 56 * index for index in range(len(elf.segments))]
    for segment in elf.segments_of("load"):
        for values in elf.dynamic.values():
            places += [value - segment.address + segment.offset for value in values]
    return sorted({place for place in places if 0 <= place < len(data) - 8})


def changed(libraries: list[bytes]) -> SearchStrategy[bytes]:
    """Damaged libraries: numbers in and behind tables are replaced, often by values at the edges."""
    numbers = st.one_of(
        st.sampled_from([0, 1, 2, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40, (1 << 64) - 1, 1 << 63]),
        st.integers(0, 1 << 17),
        st.integers(0, (1 << 64) - 1),
    )

    def of(data: bytes) -> SearchStrategy[bytes]:
        place = st.tuples(st.sampled_from(table_places(data)), st.integers(0, 512)).map(sum)
        change = st.tuples(place, st.sampled_from("BHIQ"), numbers)
        return st.lists(change, min_size=1, max_size=6).map(lambda changes: _applied(data, changes))

    return st.sampled_from(libraries).flatmap(of)


def _applied(data: bytes, changes: list[tuple[int, str, int]]) -> bytes:
    result = bytearray(data)
    for place, letter, number in changes:
        size = struct.calcsize(letter)
        if place + size <= len(result):
            struct.pack_into(f"<{letter}", result, place, number & (1 << 8 * size) - 1)
    return bytes(result)


def check(data: bytes) -> None:
    """Inspect a file within its limits; only its damage may be an error."""
    limits = Limits.of_size(len(data))
    try:
        within_limits(lambda: json.dumps(inspect_library(Elf(Path("damaged.so"), data), REQUEST).to_json()), limits)
    except UnreadableFileError as error:
        if not error.what.startswith("inspecting it"):
            return
        FAILURE.write_bytes(data)
        raise AssertionError(f"{error.what}; the file is {FAILURE}") from error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("files", nargs="*", type=Path, help="libraries to change beside those that it makes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        libraries = [*seeds(Path(folder)), *(file.read_bytes() for file in arguments.files)]
    count, end = 0, time.monotonic() + arguments.seconds

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(changed(libraries))
    def some(data: bytes) -> None:
        check(data)

    while time.monotonic() < end:
        some()
        count += EXAMPLES
    print(f"{count} files", file=sys.stderr)


if __name__ == "__main__":
    main()
