"""Which variants CMake compiles for which settings: the new settings and those of OpenVINO's old extension library."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ovext.targets.isa import host_cpuinfo_flags, isa_table

if TYPE_CHECKING:
    from helpers import CMake

PACKAGE = Path(__file__).resolve().parents[1] / "packages" / "isa_choice"


def host_isas() -> list[str]:
    flags = host_cpuinfo_flags()
    return [row.id for row in isa_table().values() if row.is_supported(flags)]


def host_best(*, among: tuple[str, ...] = ("sse42", "avx2", "avx512f")) -> str:
    return [isa for isa in host_isas() if isa in among][-1]


@pytest.fixture(scope="module")
def build_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One tree for all rows, to avoid repeating the compiler checks; every row starts with a clear cache entry."""
    return tmp_path_factory.mktemp("isa_choice")


def run(configure: CMake, tree: Path, settings: str) -> str:
    forget = ["-UOVEXT_ISA", "-UENABLE_*"]
    done = configure(PACKAGE, tree, *forget, *(f"-D{setting}" for setting in settings.split()))
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("settings", "chosen"),
    [
        ("", host_best()),
        ("OVEXT_ISA=native", host_best()),
        ("OVEXT_ISA=multi", "sse42;avx2;avx512f"),
        ("OVEXT_ISA=avx2", "avx2"),
        ("OVEXT_ISA=avx512f;sse42", "sse42;avx512f"),
        ("ENABLE_SSE42=ON", "sse42"),
        ("ENABLE_AVX2=ON", "avx2"),
        ("ENABLE_AVX512F=ON", "avx512f"),
        ("ENABLE_SSE42=ON ENABLE_AVX2=ON", "avx2"),
        ("ENABLE_SSE42=ON ENABLE_AVX2=ON ENABLE_AVX512F=ON", "avx512f"),
        ("ENABLE_AVX512F=ON ENABLE_AVX2=OFF", "avx512f"),
        ("ENABLE_AVX2=ON ENABLE_AVX512F=OFF", "avx2"),
        ("ENABLE_AVX512F=OFF", host_best(among=("sse42", "avx2"))),
        ("ENABLE_AVX512F=OFF ENABLE_AVX2=OFF", "sse42"),
    ],
)
def test_settings_choose_variants(configure: CMake, build_tree: Path, settings: str, chosen: str) -> None:
    assert f"-- chosen: {chosen}\n" in run(configure, build_tree, settings)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("OVEXT_ISA=avx", "unknown instruction set 'avx'. Allowed: sse42, avx2, avx512f, or alone: multi, native"),
        ("OVEXT_ISA=sse42;multi", "unknown instruction set 'multi'"),
        ("OVEXT_ISA=avx2 ENABLE_AVX2=ON", "given together with one of ENABLE_SSE42, ENABLE_AVX2, ENABLE_AVX512F"),
        ("ENABLE_SSE42=OFF ENABLE_AVX2=OFF ENABLE_AVX512F=OFF", "No instruction set variant is left"),
    ],
)
def test_settings_that_contradict_themselves_stop_cmake(
    configure: CMake, build_tree: Path, settings: str, told: str
) -> None:
    output = re.sub(r"\s+", " ", run(configure, build_tree, settings))
    assert told in output
    assert "CMake Error" in output


def test_detection_agrees_with_the_kernel(configure: CMake, tmp_path: Path) -> None:
    """The runtime reads CPUID and XCR0, the tool reads /proc/cpuinfo: both see the same instruction sets."""
    assert f"-- chosen: {host_best()}\n" in run(configure, tmp_path / "build", "")
    cache = (tmp_path / "build" / "CMakeCache.txt").read_text()
    found = re.search(r"^OVEXT_HOST_ISAS_\w+:INTERNAL=(.*)$", cache, re.MULTILINE)
    assert found is not None
    assert found[1].split(";") == host_isas()
