"""The gate of `ovext build`: what would not load or would crash is not published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers import Ovext
from ovext.errors import ExitCode
from ovext.files import sha256_of

LIBRARY = Path("lib") / "ubi8" / "libcustom_relu_cpu_extension.so"
REPORT = LIBRARY.with_name(LIBRARY.name + ".rejected.json")
BUILD = ("build", "--base-os", "ubi8", "--isa", "avx2")

WEAK = """\
namespace custom_relu {
inline float leak(float x) {
    return x * 3.0f;
}
float (*keep)(float) = leak;
}
"""


def put_before(file: Path, text: str) -> None:
    file.write_text(text + file.read_text())


def test_library_that_is_too_new_for_the_base_os_is_rejected(custom_relu: Path, ovext: Ovext) -> None:
    assert ovext(*BUILD, cwd=custom_relu).returncode == 0
    before = sha256_of(custom_relu / LIBRARY)
    put_before(custom_relu / "CMakeLists.txt", "set(OVEXT_PORTABLE OFF)\n")
    done = ovext(*BUILD, cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert "the library is not fit for ubi8" in done.stderr
    assert "needs GLIBC_2.32: __libc_single_threaded (in " in done.stderr
    assert "op.cpp" in done.stderr
    assert sha256_of(custom_relu / LIBRARY) == before
    assert json.loads((custom_relu / REPORT).read_text())["is_fine"] is False

    put_before(custom_relu / "CMakeLists.txt", 'set(OVEXT_PORTABLE ON CACHE BOOL "" FORCE)\n')
    text = (custom_relu / "CMakeLists.txt").read_text().replace("set(OVEXT_PORTABLE OFF)\n", "")
    (custom_relu / "CMakeLists.txt").write_text(text)
    assert ovext(*BUILD, cwd=custom_relu).returncode == 0
    assert not (custom_relu / REPORT).exists()


def test_weak_code_in_a_variant_is_rejected(custom_relu: Path, ovext: Ovext) -> None:
    kernel = custom_relu / "ops" / "custom_relu" / "kernel.cpp"
    put_before(kernel, WEAK)
    done = ovext(*BUILD, cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert "a variant defines code that the linker may use elsewhere: custom_relu::leak(float)" in done.stderr
    assert "code outside the variants needs AVX: custom_relu::leak(float) at 0x" in done.stderr
    assert not (custom_relu / LIBRARY).exists()
    report = json.loads((custom_relu / REPORT).read_text())
    assert [finding["code"] for finding in report["object_findings"]] == ["weak-in-variant"]


def test_static_initialiser_in_a_variant_is_rejected(custom_relu: Path, ovext: Ovext) -> None:
    kernel = custom_relu / "ops" / "custom_relu" / "kernel.cpp"
    put_before(
        kernel, "static float start() {\n    return __builtin_cosf((float)(long)&start);\n}\nfloat table = start();\n"
    )
    done = ovext(*BUILD, cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert "a variant has a static initialiser" in done.stderr


@pytest.mark.parametrize("build_type", ["Debug", "MinSizeRel"])
def test_code_that_is_not_inlined_belongs_to_its_variant(custom_relu: Path, ovext: Ovext, build_type: str) -> None:
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
