"""The gate of `ovext build`: what would not load or would crash is not published."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from helpers import LEAK, Ovext
from ovext.errors import ExitCode
from ovext.files import sha256_of

LIBRARY = Path("lib") / "ubi8" / "libcustom_relu_cpu_extension.so"
REPORT = LIBRARY.with_name(LIBRARY.name + ".rejected.json")
BUILD = ("build", "--base-os", "ubi8", "--isa", "avx2")

# A product and a sum, which the compiler can fuse into one instruction.
FUSED = """\
#include <cmath>
[[gnu::noinline]] float fused(float a, float b, float c) {
    return std::fma(a, b, c);
}
float (*keep)(float, float, float) = fused;
"""


def put_before(file: Path, text: str) -> None:
    file.write_text(text + file.read_text())


def test_library_that_is_too_new_for_the_base_os_is_rejected(custom_relu: Path, ovext: Ovext) -> None:
    assert ovext(*BUILD, cwd=custom_relu).returncode == 0
    before = sha256_of(custom_relu / LIBRARY)
    put_before(custom_relu / "CMakeLists.txt", "set(OVEXT_PORTABLE OFF)\n")
    done = ovext(*BUILD, cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert "the library cannot be published for ubi8" in done.stderr
    assert "needs GLIBC_2.32: __libc_single_threaded (in " in done.stderr
    assert "op.cpp" in done.stderr
    assert sha256_of(custom_relu / LIBRARY) == before
    assert json.loads((custom_relu / REPORT).read_text())["files"][0]["is_fine"] is False

    put_before(custom_relu / "CMakeLists.txt", 'set(OVEXT_PORTABLE ON CACHE BOOL "" FORCE)\n')
    text = (custom_relu / "CMakeLists.txt").read_text().replace("set(OVEXT_PORTABLE OFF)\n", "")
    (custom_relu / "CMakeLists.txt").write_text(text)
    assert ovext(*BUILD, cwd=custom_relu).returncode == 0
    assert not (custom_relu / REPORT).exists()


def test_wide_code_outside_the_variants_is_rejected(custom_relu: Path, ovext: Ovext) -> None:
    put_before(custom_relu / "ops" / "custom_relu" / "op.cpp", LEAK)
    done = ovext(*BUILD, cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert "code outside the variants needs AVX" in done.stderr
    assert ": leak(int*) at 0x" in done.stderr
    assert not (custom_relu / LIBRARY).exists()
    report = json.loads((custom_relu / REPORT).read_text())
    assert {finding["code"] for finding in report["files"][0]["findings"]} == {"leak"}


def test_options_of_the_project_widen_no_variant(custom_relu: Path, ovext: Ovext) -> None:
    """Such an option applies to op.cpp, where it is a leak; for kernels, the options of their row come after it."""
    with (custom_relu / "CMakeLists.txt").open("a") as file:
        file.write("target_compile_options(custom_relu PRIVATE -march=skylake-avx512)\n")
    done = ovext(*BUILD, cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert "code outside the variants needs" in done.stderr
    assert "the variant avx2 needs" not in done.stderr


def test_fused_multiplication_is_rejected_unless_the_project_wants_it(custom_relu: Path, ovext: Ovext) -> None:
    put_before(custom_relu / "ops" / "custom_relu" / "kernel.cpp", FUSED)
    done = ovext(*BUILD, cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert re.search(
        r"the variant avx2 fuses a multiplication with an addition: fused\(.*\) at 0x\w+: vfm", done.stderr
    )
    assert 'fp-contract = "fast"' in done.stderr

    settings = custom_relu / "pyproject.toml"
    settings.write_text(settings.read_text().replace("[tool.ovext]\n", '[tool.ovext]\nfp-contract = "fast"\n'))
    assert ovext(*BUILD, cwd=custom_relu).returncode == 0
    (record,) = json.loads((custom_relu / LIBRARY.with_name("manifest.json")).read_text())["libraries"]
    assert record["fp_contract"] == "fast"
    assert "-ffp-contract=fast" in record["variants"][0]["flags"]


def test_library_in_an_inner_folder_passes_the_same_gate(custom_relu: Path, ovext: Ovext) -> None:
    shutil.copytree(custom_relu / "ops", custom_relu / "inner" / "ops")
    text = (custom_relu / "CMakeLists.txt").read_text()
    (custom_relu / "inner" / "CMakeLists.txt").write_text(text[text.index("ovext_add_extension") :])
    (custom_relu / "CMakeLists.txt").write_text(text[: text.index("ovext_add_extension")] + "add_subdirectory(inner)\n")
    put_before(custom_relu / "inner" / "ops" / "custom_relu" / "op.cpp", LEAK)
    done = ovext(*BUILD, cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert "code outside the variants needs AVX" in done.stderr


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("-fsanitize=address", "it is instrumented with AddressSanitizer: a test build"),
        ("-fsanitize=undefined", "it is instrumented with UndefinedBehaviorSanitizer: a test build"),
    ],
)
def test_sanitized_build_is_said_to_be_one(custom_relu: Path, ovext: Ovext, flags: str, told: str) -> None:
    done = ovext(*BUILD, cwd=custom_relu, CXXFLAGS=flags)
    assert done.returncode == ExitCode.FAILED
    assert told in done.stderr
    assert "Build it without -fsanitize to ship it" in done.stderr


@pytest.mark.parametrize("command", [BUILD, ("wheel",)])
def test_a_variable_that_widens_all_code_is_blamed(custom_relu: Path, ovext: Ovext, command: tuple[str, ...]) -> None:
    done = ovext(*command, cwd=custom_relu, CXXFLAGS="-O2 -mavx2")
    assert done.returncode == ExitCode.FAILED
    assert "CXXFLAGS is '-O2 -mavx2', and its options go into all code: unset it." in done.stderr
    assert re.search(r"and \d+ more of the kind leak", done.stderr)


def test_a_library_that_older_loaders_refuse_is_rejected(custom_relu: Path, ovext: Ovext) -> None:
    done = ovext(*BUILD, cwd=custom_relu, LDFLAGS="-Wl,-z,x86-64-v3")
    assert done.returncode == ExitCode.FAILED
    assert "it is marked as needing an x86-64-v3 CPU: the loader refuses it on others" in done.stderr


def test_a_library_that_the_image_lacks_is_rejected_unless_the_project_says_that_it_is_there(
    custom_relu: Path, ovext: Ovext
) -> None:
    put_before(
        custom_relu / "ops/custom_relu/op.cpp", "#include <omp.h>\nint threads() { return omp_get_max_threads(); }\n"
    )
    with (custom_relu / "CMakeLists.txt").open("a") as file:
        file.write("target_link_options(custom_relu PRIVATE -fopenmp)\n")
    done = ovext(*BUILD, cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert "libcustom_relu_cpu_extension.so needs libgomp.so.1, which nothing brings on ubi8" in done.stderr
    settings = (custom_relu / "pyproject.toml").read_text()
    provided = settings.replace("[tool.ovext]\n", '[tool.ovext]\nprovides = ["libgomp.so.1"]\n')
    (custom_relu / "pyproject.toml").write_text(provided)
    done = ovext(*BUILD, cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    (record,) = json.loads((custom_relu / LIBRARY.with_name("manifest.json")).read_text())["libraries"]
    assert record["provides"] == ["libgomp.so.1"]
    (custom_relu / "pyproject.toml").write_text(settings)
    assert ovext(*BUILD, cwd=custom_relu).returncode == ExitCode.FAILED


def test_a_finding_that_the_project_accepts_is_recorded_with_the_reason(custom_relu: Path, ovext: Ovext) -> None:
    accept = '\n[[tool.ovext.accept]]\nfinding = "leak"\nin = "*threads*"\nreason = "only called on our servers"\n'
    gone = accept.replace("leak", "exports")
    with (custom_relu / "pyproject.toml").open("a") as file:
        file.write(accept + gone)
    wide = '__attribute__((target("avx2"), used)) void threads(int* a) { for (int i = 0; i < 64; ++i) a[i] *= 3; }\n'
    put_before(custom_relu / "ops/custom_relu/op.cpp", wide)
    done = ovext(*BUILD, cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    assert "the finding exports in *threads*, which pyproject.toml accepts, does not occur" in done.stderr
    (record,) = json.loads((custom_relu / LIBRARY.with_name("manifest.json")).read_text())["libraries"]
    (accepted,) = record["inspection"]["accepted"]
    assert accepted.startswith("leak: code outside the variants needs AVX")
    assert accepted.endswith("(accepted: only called on our servers)")


def test_build_for_coverage_is_said_to_be_one(custom_relu: Path, ovext: Ovext) -> None:
    done = ovext(*BUILD, cwd=custom_relu, CXXFLAGS="--coverage")
    assert done.returncode == 0, done.stderr
    (record,) = json.loads((custom_relu / LIBRARY.with_name("manifest.json")).read_text())["libraries"]
    assert "instrumented: it is instrumented for coverage" in record["inspection"]["findings"][0]


@pytest.mark.parametrize("build_type", ["Debug", "MinSizeRel"])
def test_other_build_types_pass(custom_relu: Path, ovext: Ovext, build_type: str) -> None:
    done = ovext(*BUILD, "--build-type", build_type, cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    (record,) = json.loads((custom_relu / LIBRARY.with_name("manifest.json")).read_text())["libraries"]
    assert record["build_type"] == build_type


def test_manifest_holds_the_inspection_in_short(custom_relu: Path, ovext: Ovext) -> None:
    assert ovext(*BUILD, cwd=custom_relu).returncode == 0
    (record,) = json.loads((custom_relu / LIBRARY.with_name("manifest.json")).read_text())["libraries"]
    assert record["inspection"]["highest_versions"]["GLIBC"] == "2.14"
    assert record["inspection"]["manylinux"].startswith("manylinux_2_")
    assert record["inspection"]["findings"] == []
