"""One library for each illness: inspection names it, and predicts correctly whether the library loads."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers import RUNNABLE
from ovext.errors import UnreadableFileError
from ovext.findings import Level
from ovext.inspect.counterpart import counterpart_chooser
from ovext.inspect.elf import Elf
from ovext.inspect.library import InspectionRequest, inspect_library
from ovext.inspect.report import FileReport
from ovext.inspect.system import system_of, this_machine
from ovext.targets.base_os import base_oses

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers import Clinic

LOAD = "import sys, openvino; openvino.Core().add_extension(sys.argv[1])"


def inspect(library: Path, openvino: str | None = None) -> FileReport:
    systems = [*(system_of(base) for base in base_oses()), this_machine()]
    return inspect_library(Elf(library), InspectionRequest(systems, counterpart_chooser(openvino, print)))


def codes(report: FileReport) -> set[str]:
    return {finding.code for finding in report.findings}


def foretold(report: FileReport) -> bool:
    """Whether inspection says that Python loads the library on this machine."""
    here = next(verdict for verdict in report.verdicts if verdict.target == "here")
    return bool(here.loads) and "not-linked" not in codes(report)


def loads_in_python(library: Path) -> bool:
    done = subprocess.run([sys.executable, "-c", LOAD, str(library)], capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1, -signal.SIGBUS}, done.stderr  # SIGBUS: the file ends before a segment does
    return done.returncode == 0


@dataclass(frozen=True)
class Illness:
    code: str
    flags: list[str] = field(default_factory=list)
    link: bool = True
    told: str = ""
    loads: bool = True


ILLNESSES = {
    "old C++ ABI": Illness(
        "other-abi", ["-U_GLIBCXX_USE_CXX11_ABI", "-D_GLIBCXX_USE_CXX11_ABI=0"], told="CXX11_ABI=0", loads=False
    ),
    "not linked": Illness("not-linked", link=False, told="not from Python", loads=False),
    "no entry point": Illness("no-entry-point", ["-DWITHOUT_ENTRY_POINT"], told="create_extensions", loads=False),
    "old entry point": Illness("old-entry-point", ["-DWITH_OLD_ENTRY_POINT"], told="before 2022.1", loads=False),
    "throwing entry point": Illness("entry-point-throws", ["-DWITH_THROWING_ENTRY_POINT"], loads=False),
    "all exported": Illness("exports", ["-fvisibility=default"], told="symbols beyond its entry point"),
    "unique symbol": Illness("unique-symbols", ["-DWITH_UNIQUE_SYMBOL", "-fgnu-unique"], told="Shared<int>::counter"),
    "absolute run path": Illness("absolute-run-path", ["-Wl,-rpath,/home/me/build"], told="/home/me/build"),
    "executable stack": Illness("executable-stack", ["-Wl,-z,execstack"]),
    "no RELRO": Illness("no-relro", ["-Wl,-z,norelro"]),
    "debug information": Illness("debug-info", ["-g"], told="bytes of it are debug information"),
    "AVX2 as a whole": Illness("wide-code", ["-mavx2", "-O3"], told="AVX", loads="avx2" in RUNNABLE),
    "library of few systems": Illness("missing-library", ["-Wl,--no-as-needed", "-lgomp"], told="libgomp.so.1"),
}


@pytest.mark.parametrize("name", ILLNESSES)
def test_illness_is_named_and_loading_is_foretold(clinic: Clinic, name: str) -> None:
    illness = ILLNESSES[name]
    library = clinic.build(name.replace(" ", "_").replace("+", "x"), *illness.flags, link=illness.link)
    report = inspect(library)
    (finding,) = [finding for finding in report.findings if finding.code == illness.code]
    assert illness.told in finding.text
    assert finding.fix or finding.level is Level.NOTE
    assert foretold(report) == illness.loads
    assert loads_in_python(library) == illness.loads


def test_healthy_library_has_no_errors_and_loads(healthy: Path) -> None:
    report = inspect(healthy)
    assert [finding.targets for finding in report.errors] == [("ubi8",)] * len(report.errors)  # it is too new there
    assert report.openvino == "2026.4.1"
    assert foretold(report)
    assert loads_in_python(healthy)


def test_files_that_were_not_named_are_not_looked_at(healthy: Path, tmp_path: Path) -> None:
    objects = tmp_path / "CMakeFiles" / "x.dir"
    objects.mkdir(parents=True)
    (objects / "a.cpp.o").write_text("no object file")
    report = inspect(Path(shutil.copy(healthy, tmp_path)))
    (too_new,) = (verdict for verdict in report.verdicts if verdict.target == "ubi8")
    assert (too_new.loads, too_new.errors) == (False, ("too-new",))


def test_library_for_another_patch_release(healthy: Path, tmp_path: Path) -> None:
    """The soname in the file's string table is changed to a release that is not installed."""
    other = tmp_path / "libother.so"
    other.write_bytes(healthy.read_bytes().replace(b"libopenvino.so.2641\0", b"libopenvino.so.2640\0"))
    assert codes(inspect(other)) >= {"not-compared"}
    (finding,) = [f for f in inspect(other, "2026.4.1").findings if f.code == "other-release"]
    assert "built for libopenvino.so.2640, and OpenVINO 2026.4.1 has libopenvino.so.2641" in finding.text
    assert not foretold(inspect(other, "2026.4.1"))
    assert not loads_in_python(other)


def test_symbol_that_openvino_does_not_have(healthy: Path, tmp_path: Path) -> None:
    name = next(s.name for s in Elf(healthy).dynamic_symbols if not s.is_defined and "2ov4Node" in s.name)
    other = tmp_path / "libother.so"
    other.write_bytes(healthy.read_bytes().replace(name.encode(), name.replace("4Node", "4Nide").encode()))
    (finding,) = [finding for finding in inspect(other).findings if finding.code == "missing-symbol"]
    assert "ov::Nide::" in finding.text
    assert not foretold(inspect(other))
    assert not loads_in_python(other)


def test_symbol_of_a_glibc_that_is_newer_than_this_machines(healthy: Path, tmp_path: Path) -> None:
    newer = tmp_path / "libnewer.so"
    newer.write_bytes(healthy.read_bytes().replace(b"GLIBC_2.32\0", b"GLIBC_2.99\0"))
    report = inspect(newer)
    assert report.highest_versions["GLIBC"] == "2.99"
    assert report.manylinux is None
    assert not any(verdict.loads for verdict in report.verdicts)
    assert not loads_in_python(newer)


def test_versions_that_a_base_os_lacks_are_named_with_their_symbols(healthy: Path) -> None:
    report = inspect(healthy)
    verdicts = {verdict.target: verdict for verdict in report.verdicts}
    assert verdicts["ubuntu24"].loads
    assert not verdicts["ubi8"].loads
    found = [finding for finding in report.findings if finding.targets == ("ubi8",)]
    assert any("std::__throw_bad_array_new_length()" in finding.text for finding in found)
    assert all("ubi8 has" in finding.text or "more versions that ubi8" in finding.text for finding in found)
    assert all(finding.fix for finding in found)


WIDE_ROUTINE = """\
[[gnu::target("avx2"), gnu::noinline]] void wide(int* values) {
    for (int i = 0; i < 64; ++i) {
        values[i] *= 3;
    }
}
"""
WIDE_CODE = {
    "leak": WIDE_ROUTINE + "void (*keep)(int*) = wide;\n",
    "wide-initialiser": "int numbers[64];\n"
    + WIDE_ROUTINE.replace("gnu::noinline", "gnu::constructor").replace("int* values", "").replace("values", "numbers"),
    # Code outside the variants, whatever its name.
    "leak by name": "namespace avx2 {\nstruct Tag {};\n}\ntemplate <typename T>\n"
    + WIDE_ROUTINE.replace("int* values", "int* values, T")
    + "void (*keep)(int*, avx2::Tag) = wide<avx2::Tag>;\n",
}


@pytest.mark.parametrize("packed", [False, True], ids=["", "packed relocations"])
@pytest.mark.parametrize("name", WIDE_CODE)
def test_wide_code_outside_the_variants_is_named(clinic: Clinic, name: str, packed: bool) -> None:
    cmake = "target_link_options(custom_relu PRIVATE LINKER:-z,pack-relative-relocs)\n" if packed else ""
    library = clinic.variant_library(f"{name}{packed}".replace(" ", "_"), before_op=WIDE_CODE[name], cmake=cmake)
    assert bool(Elf(library).section(".relr.dyn")) == packed
    report = inspect(library)
    code = name.partition(" ")[0]
    found = [finding.text for finding in report.findings if finding.code == code]
    assert found
    assert all("wide" in text for text in found)
    assert all(" at 0x" in text for text in found if code == "leak")
    assert not report.is_fine


def test_stripped_library_is_judged_as_before(clinic: Clinic, tmp_path: Path) -> None:
    for name in (None, "leak", "wide-initialiser"):
        stripped = tmp_path / "libstripped.so"
        library = clinic.variant_library(f"stripped_{name}".replace("-", "_"), before_op=WIDE_CODE.get(name or "", ""))
        shutil.copy(library, stripped)
        subprocess.run(["/usr/bin/strip", str(stripped)], check=True)
        before, after = inspect(library), inspect(stripped)
        assert list(after.variants) == list(before.variants) == ["avx2"]
        assert after.variants["avx2"].size == before.variants["avx2"].size
        assert after.is_fine == before.is_fine == (name is None)
        assert codes(after) == codes(before)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: data[:0],
    "text": lambda data: b"a library\n" + data,
    "32 bits": lambda data: data[:4] + b"\x01" + data[5:],
    "big endian": lambda data: data[:5] + b"\x02" + data[6:],
    "for ARM": lambda data: data[:18] + b"\xb7\x00" + data[20:],
    "a program": lambda data: data[:16] + b"\x02\x00" + data[18:],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_no_library_for_x86_64_is_refused(healthy: Path, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "libdamaged.so"
    file.write_bytes(DAMAGE[damage](healthy.read_bytes()))
    with pytest.raises(UnreadableFileError):
        inspect(file)
    assert not loads_in_python(file)


@pytest.mark.parametrize("part", [0.0005, 0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_truncated_library_is_refused_where_the_loader_refuses_it(healthy: Path, tmp_path: Path, part: float) -> None:
    data = healthy.read_bytes()
    file = tmp_path / "libtruncated.so"
    file.write_bytes(data[: int(len(data) * part)])
    if loads_in_python(file):  # all that is loaded is there
        assert "damaged-sections" in codes(inspect(file))
        return
    with pytest.raises(UnreadableFileError, match=r"damaged|no ELF file|truncated"):
        inspect(file)
