"""`ovext inspect` on our own and other libraries, wheels and folders."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import struct
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from hypothesis import given, settings
from hypothesis import strategies as st
from sarif_pydantic import Sarif

from helpers import LIBOPENVINO, ROOT, Built, Ovext
from ovext.errors import ExitCode, UnreadableFileError
from ovext.inspect.elf import Elf
from ovext.inspect.library import InspectionRequest, inspect_library
from ovext.inspect.limits import Limits, within_limits
from ovext.inspect.needed import Surroundings
from ovext.inspect.system import system_of
from ovext.inspect.versions import Need, highest, manylinux_tag, needs_of
from ovext.targets.base_os import base_oses
from ovext.targets.isa import isa_table

if TYPE_CHECKING:
    from collections.abc import Callable

NOTHING = InspectionRequest([system_of(base) for base in base_oses()], lambda _: None)


def test_our_library_is_fine_everywhere(ovext: Ovext, built_relu: Built) -> None:
    done = ovext("inspect", built_relu.library)
    assert done.returncode == ExitCode.OK, done.stdout
    assert done.stdout.count("✓") == len(base_oses()) + 1
    assert f"variants   {', '.join(isa_table())}" in done.stdout


def test_json_follows_its_schema(ovext: Ovext, built_relu: Built) -> None:
    answer = json.loads(ovext("inspect", built_relu.library, "--json", "--base-os", "redhat").stdout)
    jsonschema.validate(answer, json.loads((ROOT / "docs" / "inspect.schema.json").read_text()))
    (file,) = answer["files"]
    assert [verdict["target"] for verdict in file["verdicts"]] == ["ubi9", "OpenVINO 2026.4.1"]
    assert file["is_fine"] is True
    assert file["instruction_sets"]["baseline"] > file["instruction_sets"]["AVX2"]
    for code in file["variants"].values():
        assert code["functions"] >= 4
        assert code["size"] > 1000
    assert any("memcpy" in symbols for symbols in file["versions"].values())


def test_folder_and_wheel_give_a_report_for_each_library(ovext: Ovext, built_two_ops: Built, tmp_path: Path) -> None:
    wheel = tmp_path / "two-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for library in built_two_ops.output_dir.glob("*.so"):
            archive.write(library, f"two/{library.name}")
        archive.writestr("two/__init__.py", "")
        archive.writestr("two/notes.so.txt", "no library")
    for target in (built_two_ops.output_dir, wheel):
        files = json.loads(ovext("inspect", target, "--json").stdout)["files"]
        names = {Path(file["file"]).name for file in files}
        assert names == {"libfor_server_cpu_extension.so", "libtwo_ops_cpu_extension.so"}


def test_library_for_servers_is_fine_but_said_not_to_load_from_python(ovext: Ovext, built_two_ops: Built) -> None:
    done = ovext("inspect", built_two_ops.library.with_name("libfor_server_cpu_extension.so"))
    assert done.returncode == ExitCode.OK
    assert "it loads in a server that links OpenVINO itself, but not from Python" in done.stdout


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.so", b"no library", "x.so: this is no ELF file"),
        ("x.so", b"", "x.so: this is no ELF file"),
        ("x.whl", b"PK no wheel", "x.whl: the wheel cannot be read"),
        ("none.so", None, "none.so: the file cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_inspected_gives_a_sentence(
    ovext: Ovext, tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = ovext("inspect", tmp_path / name)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/stdin", "fifo.so", "fifo.whl"])
def test_what_is_no_regular_file_is_not_opened(ovext: Ovext, tmp_path: Path, path: str) -> None:
    if path.startswith("fifo"):
        os.mkfifo(tmp_path / path)
    done = ovext("inspect", tmp_path / path)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert "not a regular file" in done.stderr


def wheel_of(folder: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(folder / "some-1-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return folder / "some-1-py3-none-any.whl"


def test_each_file_of_a_wheel_has_its_own_line(ovext: Ovext, tmp_path: Path, built_relu: Built) -> None:
    wheel = wheel_of(
        tmp_path,
        {
            "a/good.so": built_relu.content,
            "a/cut.so": built_relu.content[:3000],
            "a/windows.dll": b"MZ" + bytes(100),
            "a/mac.dylib": b"\xcf\xfa\xed\xfe" + bytes(100),
            "../../outside.so": built_relu.content,
            "a/\x1b[2Jloads on.so": built_relu.content[:100],
        },
    )
    done = ovext("inspect", wheel, "--base-os", "ubi8", "--json")
    assert done.returncode == ExitCode.FAILED
    files = {Path(file["file"]).name: file for file in json.loads(done.stdout)["files"]}
    assert files["good.so"]["is_fine"]
    problems = {name: file["problem"] for name, file in files.items() if name != "good.so"}
    assert "damaged" in problems.pop("cut.so")
    assert "Windows" in problems.pop("windows.dll")
    assert "macOS" in problems.pop("mac.dylib")
    assert list(problems) == ["\\x1b[2Jloads on.so"]
    assert not (tmp_path.parent / "outside.so").exists()


def test_damaged_member_of_a_wheel_is_told(ovext: Ovext, tmp_path: Path, built_relu: Built) -> None:
    wheel = wheel_of(tmp_path, {"a/bad.so": built_relu.content, "a/good.so": built_relu.content})
    data = bytearray(wheel.read_bytes())
    data[2000:2100] = bytes(100)
    wheel.write_bytes(data)
    bad, good = json.loads(ovext("inspect", wheel, "--json").stdout)["files"]
    assert bad["problem"].startswith("it cannot be unpacked: ")
    assert good["is_fine"]


def test_wheel_that_unpacks_to_gigabytes_is_refused(ovext: Ovext, tmp_path: Path) -> None:
    wheel = wheel_of(tmp_path, {"a/bomb.so": b"\x7fELF" + bytes(400 << 20)})
    done = ovext("inspect", wheel)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert re.search(r"the wheel unpacks to more than 3\d\d,\d{3},\d{3} bytes, the limit for its size", done.stderr)


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (lambda: bytearray(64 << 20), "inspecting it takes more than 32 MB, the limit for its size"),
        (lambda: next(filter(None, itertools.repeat(0))), "inspecting it takes more than 1 s of processor time"),
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), r"inspecting it ended the process \(exit code -11\)"),
    ],
    ids=["memory", "time", "crash"],
)
def test_a_limit_ends_in_a_sentence(work: Callable[[], object], told: str) -> None:
    with pytest.raises(UnreadableFileError, match=told):
        within_limits(work, Limits(memory=32 << 20, seconds=1, unpacked=0))


def test_helper_of_a_package_needs_no_entry_point(ovext: Ovext, tmp_path: Path) -> None:
    """It brings its symbols to the extension, if a run path leads to it."""
    helper, extension = tmp_path / "lib" / "libhelper.so", tmp_path / "libextension.so"
    helper.parent.mkdir()
    gcc = ["/usr/bin/gcc", "-shared", "-fPIC", "-x", "c", "-", "-o"]
    subprocess.run([*gcc, str(helper)], input="void help(void) {}", text=True, check=True)
    source = "void help(void); void create_extensions(void *v) { help(); }"
    needed = ["-L", str(helper.parent), "-lhelper"]
    subprocess.run([*gcc, str(extension), *needed, "-Wl,-rpath,$ORIGIN/lib"], input=source, text=True, check=True)
    done = ovext("inspect", tmp_path, "--json")
    assert done.returncode == ExitCode.OK
    first, second = json.loads(done.stdout)["files"]
    assert (first["kind"], second["kind"]) == ("library", "extension")
    assert set(second["needed"][0]["brought_by"].values()) == {"libhelper.so beside it"}
    elf = Elf(extension)
    assert isinstance(Surroundings([], None).find_beside(elf, "libhelper.so"), Elf)
    outer = tmp_path / "libouter.so"
    subprocess.run([*gcc, str(outer)], input="", text=True, check=True)
    assert Surroundings([], None, in_memory=(elf, Elf(outer))).find_beside(elf, "libhelper.so") is None
    loads_it = ["-Wl,--no-as-needed", *needed, "-Wl,-rpath,$ORIGIN/lib"]
    subprocess.run([*gcc, str(outer), *loads_it], input="", text=True, check=True)
    assert isinstance(Surroundings([], None, in_memory=(elf, Elf(outer))).find_beside(elf, "libhelper.so"), Elf)
    assert "[no-entry-point]" in ovext("inspect", helper).stdout
    assert ovext("inspect", helper, "--kind", "library").returncode == ExitCode.OK
    outer.unlink()
    subprocess.run([*gcc, str(extension), *needed], input=source, text=True, check=True)
    assert "libextension.so needs libhelper.so, which nothing brings" in ovext("inspect", tmp_path).stdout
    assert ovext("inspect", tmp_path, "--provides", "libhelper.so").returncode == ExitCode.OK


def test_library_for_another_release_than_the_one_here(ovext: Ovext, tmp_path: Path, built_relu: Built) -> None:
    other = tmp_path / "libother.so"
    other.write_bytes(built_relu.content.replace(b"libopenvino.so.2641\0", b"libopenvino.so.2621\0"))
    done = ovext("inspect", other)
    assert done.returncode == ExitCode.FAILED
    assert "it is made for OpenVINO 2026.2.1; here is 2026.4.1 [other-release]" in done.stdout
    assert re.search(r"OpenVINO 2026\.4\.1 +✗ +other-release", done.stdout)
    assert re.search(r"ubuntu24 +✓", done.stdout)


def wide_library(folder: Path) -> Path:
    source = 'void create_extensions(void *v) { __asm__ volatile("vpaddd %ymm0, %ymm0, %ymm0"); }'
    command = ["/usr/bin/gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(folder / "libwide.so")]
    subprocess.run(command, input=source, text=True, check=True)
    return folder / "libwide.so"


def test_the_least_cpu_decides(ovext: Ovext, tmp_path: Path) -> None:
    library = wide_library(tmp_path)
    done = ovext("inspect", library)
    assert done.returncode == ExitCode.FAILED
    assert "use `ovext inspect --cpu haswell` if every CPU that will run it is at least that" in done.stdout
    assert ovext("inspect", library, "--cpu", "haswell").returncode == ExitCode.OK
    assert "unknown CPU 'hasvell' (did you mean 'haswell'?)" in ovext("inspect", library, "--cpu", "hasvell").stderr


def test_accepted_finding_is_shown_as_such(ovext: Ovext, tmp_path: Path) -> None:
    done = ovext("inspect", wide_library(tmp_path), "--accept", "wide-entry", "--accept", "leak")
    assert done.returncode == ExitCode.OK, done.stdout
    assert re.search(r"accepted +create_extensions runs AVX2", done.stdout)
    assert "--accept leak: there is no such finding" in done.stderr
    assert "unknown finding 'leek'" in ovext("inspect", tmp_path, "--accept", "leek").stderr


def test_formats_of_code_hosts(ovext: Ovext, tmp_path: Path) -> None:
    library = wide_library(tmp_path)
    (line,) = ovext("inspect", library, "--format", "github", "--accept", "exports").stdout.splitlines()
    assert line.startswith(f"::error file={library},title=ovext wide-entry::create_extensions runs AVX2")
    log = json.loads(ovext("inspect", library, "--format", "sarif", "--accept", "wide-entry").stdout)
    Sarif.model_validate(log)
    (result,) = log["runs"][0]["results"]
    assert (result["level"], result["suppressions"][0]["justification"]) == ("error", "--accept")
    assert log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "wide-entry"


@pytest.mark.parametrize("name", ["openvino-genai", "openvino-tokenizers"])
def test_wheels_that_nobody_here_made(ovext: Ovext, tmp_path: Path, name: str) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(tmp_path)]
    subprocess.run([*pip, "--only-binary=:all:", f"{name}==2026.4.1.*"], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    done = ovext("inspect", wheel, "--json")
    files = json.loads(done.stdout)["files"]
    assert done.returncode == ExitCode.OK, [file["findings"] for file in files]
    assert {file["kind"] for file in files} == {"library" if "genai" in name else "extension"}


def test_explain_tells_who_needs_which_version(ovext: Ovext, built_relu: Built) -> None:
    done = ovext("inspect", built_relu.library, "--explain", "--base-os", "ubi8")
    assert "GLIBC_2.14 for memcpy" in done.stdout
    assert "ubi8 has GLIBC 2.28, GLIBCXX 3.4.25, CXXABI 1.3.11" in done.stdout
    assert re.search(r"variant +avx2: \d+ functions, [\d,]+ bytes", done.stdout)


def test_segment_that_claims_to_be_larger_than_the_file(built_relu: Built) -> None:
    data = bytearray(built_relu.content)
    (headers,) = struct.unpack_from("<Q", data, 32)
    struct.pack_into("<Q", data, headers + 32, 1 << 60)
    with pytest.raises(UnreadableFileError, match="truncated"):
        inspect_library(Elf(Path("huge.so"), bytes(data)), NOTHING)


def test_folder_without_a_library_and_unknown_base_os(ovext: Ovext, tmp_path: Path, built_relu: Built) -> None:
    assert "there is no library in it" in ovext("inspect", tmp_path).stderr
    done = ovext("inspect", built_relu.library, "--base-os", "beos")
    assert (done.returncode, "unknown base OS 'beos'" in done.stderr) == (ExitCode.USAGE, True)


def test_plugin_of_openvino_that_nobody_here_made(ovext: Ovext) -> None:
    plugin = LIBOPENVINO.with_name("libopenvino_intel_cpu_plugin.so")
    (file,) = json.loads(ovext("inspect", plugin, "--json").stdout)["files"]
    assert file["instruction_sets"]["AVX512F"] > 100
    assert file["highest_versions"]["GLIBC"] == "2.27"
    assert "wide-code" in {finding["code"] for finding in file["findings"]}


def test_versions_are_those_that_pyelftools_reads(built_relu: Built) -> None:
    for library in (built_relu.library, LIBOPENVINO):
        with library.open("rb") as file:
            section = ELFFile(file).get_section_by_name(".gnu.version_r")
            assert isinstance(section, GNUVerNeedSection)
            names = {version.name for _, versions in section.iter_versions() for version in versions}
        assert set(Elf(library).needed_versions) == names


def test_manylinux_tags_are_those_of_auditwheel() -> None:
    needs = needs_of(Elf(LIBOPENVINO))
    assert highest(needs)["GLIBC"] == "2.27"
    assert manylinux_tag(needs) == "manylinux_2_27_x86_64"
    assert manylinux_tag([Need("GLIBC", (2, 17), ())]) == "manylinux_2_17_x86_64"
    assert manylinux_tag([Need("GLIBC", (2, 17), ()), Need("GLIBCXX", (3, 4, 28), ())]) == "manylinux_2_31_x86_64"
    assert manylinux_tag([Need("GLIBC", (2, 99), ())]) is None


def look_at(data: bytes) -> None:
    """Inspect damaged bytes: only a report or one kind of error may come of it."""
    with suppress(UnreadableFileError):
        report = inspect_library(Elf(Path("damaged.so"), data), NOTHING)
        json.dumps(report.to_json())


parts = st.floats(0, 1, exclude_max=True)
# Anywhere, in the header, and near the end, where the section tables are.
places = st.one_of(
    st.tuples(st.just(0.0), st.just(1.0), parts),
    st.sampled_from([(0.0, 0.0005), (0.9, 1.0)]).flatmap(
        lambda ends: st.tuples(st.just(ends[0]), st.just(ends[1]), parts)
    ),
)


@settings(max_examples=250, deadline=None)
@given(changes=st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=8))
def test_flipped_bytes_give_an_answer(built_relu: Built, changes: list[tuple[tuple[float, float, float], int]]) -> None:
    changed = bytearray(built_relu.content)
    for (begin, end, part), value in changes:
        changed[int((len(changed) - 1) * (begin + (end - begin) * part))] = value
    look_at(bytes(changed))


@settings(max_examples=100, deadline=None)
@given(ends=st.tuples(parts, parts))
def test_cut_files_give_an_answer(built_relu: Built, ends: tuple[float, float]) -> None:
    library = built_relu.content
    start, stop = (int(len(library) * part) for part in sorted(ends))
    look_at(library[:start] + library[stop:])
