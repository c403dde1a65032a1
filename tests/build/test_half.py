"""Half-precision conversions of values that no op's input has: NaNs whose payload is in bits that the result lacks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from helpers import RUNNABLE
from ovext.resources import cmake_dir
from ovext.targets.isa import isa_table

# Prints what is wrong. 40 elements make a few vectors of each instruction set, and a remainder.
PROGRAM = """\
#include <ovext/half.hpp>
#include <cstdio>
#include <initializer_list>

using ovext::from_bits;

template <typename Narrow, typename Wide>
void check(const char* type, std::uint32_t bits, Narrow narrow, Wide wide) {
    float values[40], back[40];
    std::uint16_t halves[40];
    for (auto& value : values) {
        value = from_bits(bits);
    }
    narrow(values, halves, 40);
    wide(halves, back, 40);
    for (int i = 0; i < 40; ++i) {
        if (back[i] == back[i]) {
            std::printf("%s: the NaN %08x becomes %04x at %d\\n", type, bits, halves[i], i);
        }
    }
}

int main() {
    using Narrow = void (*)(const float*, std::uint16_t*, std::size_t);
    using Wide = void (*)(const std::uint16_t*, float*, std::size_t);
    for (const std::uint32_t bits : {0x7f800001u, 0x7f801fffu, 0x7fbfffffu, 0x7fc00000u, 0xff800001u, 0xffffffffu}) {
        check<Narrow, Wide>("f16", bits, ovext::f32_to_f16, ovext::f16_to_f32);
        check<Narrow, Wide>("bf16", bits, ovext::f32_to_bf16, ovext::bf16_to_f32);
    }
}
"""


@pytest.mark.parametrize("isa", RUNNABLE)
def test_a_nan_stays_one(isa: str, tmp_path: Path) -> None:
    (tmp_path / "a.cpp").write_text(PROGRAM)
    warnings = ["-Wall", "-Wextra", "-Werror"]
    options = ["-std=c++17", "-O2", *warnings, f"-I{cmake_dir() / 'runtime'}", *isa_table()[isa].flags]
    subprocess.run(["/usr/bin/g++", *options, "a.cpp", "-o", "a"], cwd=tmp_path, check=True)
    assert subprocess.run([str(tmp_path / "a")], capture_output=True, text=True, check=True).stdout == ""
