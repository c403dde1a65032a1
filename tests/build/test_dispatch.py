"""The choice of a variant, as a function of CPUID and XCR0."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ovext.targets.isa import Isa, isa_table

if TYPE_CHECKING:
    from helpers import CMake

PACKAGE = Path(__file__).resolve().parents[1] / "packages" / "runtime_checks"
SSE42 = isa_table()["sse42"].features
AVX2 = isa_table()["avx2"].features
AVX512F = isa_table()["avx512f"].features
NO_OSXSAVE = "-"


@pytest.fixture(scope="module")
def select_variant(compile_all: CMake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    build = tmp_path_factory.mktemp("runtime_checks")
    compile_all(PACKAGE, build)
    return build / "select_variant"


def choice(
    program: Path, xcr0: str, features: tuple[str, ...], forced: str | None = None, compiled: str = "sse42,avx2"
) -> str:
    force = [f"OVEXT_ISA={forced}"] if forced is not None else []
    done = subprocess.run([program, xcr0, compiled, *force, *features], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def without(features: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(feature for feature in features if feature != name)


@pytest.mark.parametrize(
    ("xcr0", "features", "chosen"),
    [
        pytest.param(NO_OSXSAVE, SSE42, "sse42", id="Nehalem"),
        pytest.param("7", AVX2, "avx2", id="Haswell"),
        pytest.param("e7", AVX512F, "avx2", id="Skylake server: the widest variant that is compiled"),
        pytest.param(NO_OSXSAVE, AVX2, "sse42", id="AVX2 without OSXSAVE"),
        pytest.param("3", AVX2, "sse42", id="AVX2, ymm not saved"),
        pytest.param("5", AVX2, "sse42", id="AVX2, xmm not saved"),
        pytest.param("7", without(AVX2, "fma"), "sse42", id="AVX2 without FMA"),
        pytest.param("7", without(AVX2, "f16c"), "sse42", id="AVX2 without F16C"),
        pytest.param("7", without(AVX2, "popcnt"), "error", id="no POPCNT"),
        pytest.param(NO_OSXSAVE, without(SSE42, "sse4.2"), "error", id="Penryn"),
        pytest.param("7", (*without(AVX2, "avx2"), "LEAVES=2"), "sse42", id="a leaf beyond the highest says all"),
    ],
)
def test_choice(select_variant: Path, xcr0: str, features: tuple[str, ...], chosen: str) -> None:
    assert choice(select_variant, xcr0, features).partition(":")[0] == chosen


ALL = "sse42,avx2,avx512f"


@pytest.mark.parametrize(
    ("xcr0", "features", "chosen"),
    [
        pytest.param("e7", AVX512F, "avx512f", id="Skylake server"),
        pytest.param("7", AVX2, "avx2", id="Skylake client, without AVX-512"),
        pytest.param("7", AVX512F, "avx2", id="AVX-512, zmm not saved"),
        pytest.param("67", AVX512F, "avx2", id="AVX-512, upper zmm not saved"),
        pytest.param("e7", without(AVX512F, "fma"), "sse42", id="AVX-512 without FMA"),
        pytest.param("e7", AVX512F, "avx512f", id="Knights Landing: F without DQ, which the flags do not use"),
        pytest.param("e1", AVX512F, "sse42", id="AVX-512 saved, ymm not"),
    ],
)
def test_choice_among_all_variants(select_variant: Path, xcr0: str, features: tuple[str, ...], chosen: str) -> None:
    assert choice(select_variant, xcr0, features, compiled=ALL) == chosen


@pytest.mark.parametrize("row", isa_table().values(), ids=isa_table())
def test_flags_of_a_row_use_no_feature_that_it_does_not_ask_for(row: Isa) -> None:
    used = {flag.removeprefix("-m") for flag in row.flags if not flag.startswith("-mprefer")}
    assert used <= set(row.features)


def test_forced_variant_is_taken(select_variant: Path) -> None:
    assert choice(select_variant, "7", AVX2, forced="sse42") == "sse42"
    assert choice(select_variant, "7", AVX2, forced="") == "avx2"


@pytest.mark.parametrize(
    ("forced", "told"),
    [
        ("avx2", "OVEXT_ISA=avx2 names an instruction set that this CPU does not support."),
        ("avx512f", "OVEXT_ISA=avx512f names an instruction set that is not compiled into this library."),
        ("AVX2", f"OVEXT_ISA=AVX2 is not an instruction set; the known ones are {', '.join(isa_table())}."),
    ],
)
def test_forced_variant_that_is_not_possible_is_refused(select_variant: Path, forced: str, told: str) -> None:
    message = choice(select_variant, NO_OSXSAVE, SSE42, forced)
    assert message.startswith(f"error: {told}")
    assert message.endswith("Compiled into this library: sse42, avx2; of these, this CPU can run: sse42.")


def test_cpu_without_any_variant_is_told(select_variant: Path) -> None:
    message = choice(select_variant, NO_OSXSAVE, ())
    assert message.startswith("error: No instruction set variant of this library can run on this CPU.")
    assert message.endswith("this CPU can run: none.")


def test_calls_through_the_dispatch_reach_the_kernel(select_variant: Path) -> None:
    """The program that measures the cost of the calls counts them; docs/performance.md says how long they take."""
    done = subprocess.run([select_variant.with_name("dispatch_cost")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "dispatch" in done.stdout
