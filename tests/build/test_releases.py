"""One library for several releases of OpenVINO: `ovext build --openvino A,B`."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from compiler_cache import CCACHE
from helpers import CUSTOM_RELU, OPENVINO, PACKAGES, Built, Ovext, compile_all, copy_project, need, run_ovext
from ovext.errors import ExitCode, UnreadableFileError
from ovext.inspect.elf import Elf
from ovext.inspect.payloads import library_of, payloads_of
from ovext.models.ir import TensorType, one_op_model
from ovext.toolchain.fetch import fetched_openvino
from ovext.toolchain.openvino import read_openvino

if TYPE_CHECKING:
    from ovext.toolchain.openvino import OpenVINO

HERE = "2026.4.1"
OLD_ABI = "2025.4.1"
MISSING = "2026.2.1"
SAME_ABI = "2026.2.1"
# Adds the library to a core of the OpenVINO on PYTHONPATH, and prints what it computes and which build did it.
PROGRAM = """\
import ctypes, sys
import numpy as np
import openvino as ov
library, model = sys.argv[1], open(sys.argv[2]).read()
core = ov.Core()
core.add_extension(library)
print(core.compile_model(core.read_model(model.encode(), b""), "CPU")(np.array([-1, 2], np.float32))[0].tolist())
for name in ("ovext_active_isa", "ovext_active_openvino"):
    function = getattr(ctypes.CDLL(library), name)
    function.restype = ctypes.c_char_p
    print(function().decode())
"""
REFUSE = """\
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
long syscall(long number, ...) {
    if (number == SYS_memfd_create) { errno = EPERM; return -1; }
    va_list list;
    va_start(list, number);
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long), d = va_arg(list, long);
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = va_arg(list, long), r9 __asm__("r9") = va_arg(list, long);
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    if (result < 0 && result > -4096) { errno = -result; return -1; }
    return result;
}
"""


# Prints by which path a build in memory can be opened from elsewhere, as debuggers do.
PATH_OF_BUILD = """\
import ctypes, os, sys
import openvino as ov
ov.Core().add_extension(sys.argv[1])
def opened(number):
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except FileNotFoundError:  # another thread may close one
        return ""
loaded = {number: name for number in range(3, 100) if (name := opened(number)).startswith("/memfd:")}
for number in loaded:  # opening a pipe would wait
    ctypes.CDLL(f"/proc/{os.getpid()}/fd/{number}", mode=os.RTLD_NOLOAD)
print([*loaded.values()])
"""


@pytest.fixture(scope="module")
def fetched() -> dict[str, OpenVINO]:
    """The releases, by their versions; the installed one is not fetched."""
    return {
        HERE: read_openvino(OPENVINO / "cmake"),
        **{one: fetched_openvino(one, print) for one in (OLD_ABI, MISSING)},
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """CustomReLU for two releases, of which one has the old C++ ABI."""
    folder = tmp_path_factory.mktemp("releases")
    project = copy_project(CUSTOM_RELU, folder / "custom_relu")
    command = ["build", str(project), "--openvino", f"{OLD_ABI},{HERE}", "--isa", "sse42,avx2", "--base-os", "ubi8"]
    done = run_ovext(*command, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"for       OpenVINO {HERE}, {OLD_ABI} on ubi8" in done.stdout
    output_dir = folder / "lib" / "ubi8"
    return Built(project, output_dir, output_dir / "libcustom_relu_cpu_extension.so")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("model") / "model.xml"
    file.write_text(one_op_model("CustomReLU", "opset1", [TensorType("f32", (2,))], {"negative_slope": "0.5"}))
    return file


def run_in(openvino: OpenVINO, library: Path, model: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """PROGRAM with that OpenVINO."""
    environment = {**os.environ, "PYTHONPATH": str(openvino.python_path), "OVEXT_ISA": "sse42", **env}
    command = [sys.executable, "-c", PROGRAM, str(library), str(model)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("release", [HERE, OLD_ABI])
def test_one_file_computes_in_each_release(
    built: Built, fetched: dict[str, OpenVINO], model: Path, release: str
) -> None:
    done = run_in(fetched[release], built.library, model)
    assert done.stdout.splitlines()[-3:] == ["[-0.5, 2.0]", "sse42", release], done.stderr


def test_a_debugger_can_open_the_build_in_memory(built: Built, fetched: dict[str, OpenVINO]) -> None:
    """It opens what the loader calls the library, which would be one of its own files in /proc/self."""
    environment = {**os.environ, "PYTHONPATH": str(fetched[HERE].python_path)}
    command = [sys.executable, "-c", PATH_OF_BUILD, str(built.library)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == f"['/memfd:libcustom_relu_cpu_extension-openvino-{HERE} (deleted)']\n", done.stderr


def test_another_release_is_refused_in_one_sentence(built: Built, fetched: dict[str, OpenVINO], model: Path) -> None:
    done = run_in(fetched[MISSING], built.library, model)
    assert done.returncode == 1
    assert (
        f"custom-relu 0.1.0 is built for OpenVINO {HERE} and {OLD_ABI} (old C++ ABI); this process has {MISSING} "
        f"(libopenvino.so.2621). Build it with `ovext build --openvino {MISSING}`, or install one of these releases"
    ) in done.stderr


def test_without_an_openvino_nothing_is_chosen(built: Built) -> None:
    text = f"import ctypes; f = ctypes.CDLL({str(built.library)!r}).ovext_active_openvino; f.restype = ctypes.c_char_p"
    done = subprocess.run(
        [sys.executable, "-c", f"{text}; print(f())"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "None\n", done.stderr


def test_a_server_that_links_openvino_takes_it(built: Built, tmp_path: Path) -> None:
    compile_all(PACKAGES / "host", tmp_path, f"-DOpenVINO_DIR={OPENVINO / 'cmake'}")
    env = {**os.environ, "LD_LIBRARY_PATH": str(OPENVINO / "libs"), "OVEXT_ISA": "avx2"}
    done = subprocess.run(
        [str(tmp_path / "host"), str(built.library)], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "avx2 right", done.stderr


def test_where_memory_may_not_be_executed_a_file_is(
    built: Built, fetched: dict[str, OpenVINO], model: Path, tmp_path: Path
) -> None:
    """A library that comes first refuses memfd_create(), as a sandbox does."""
    (tmp_path / "refuse.c").write_text(REFUSE, encoding="utf-8")
    command = ["/usr/bin/gcc", "-shared", "-fPIC", "refuse.c", "-o", "refuse.so"]
    subprocess.run(command, cwd=tmp_path, check=True)
    private = tmp_path / "private"
    private.mkdir()
    env = {"LD_PRELOAD": str(tmp_path / "refuse.so"), "TMPDIR": str(private)}
    done = run_in(fetched[HERE], built.library, model, **env)
    assert done.stdout.splitlines()[-3:] == ["[-0.5, 2.0]", "sse42", HERE], done.stderr
    assert not list(private.iterdir()), "the file is removed"
    private.rmdir()
    done = run_in(fetched[HERE], built.library, model, **env)
    assert done.stdout.splitlines()[-1] == HERE, "there is /tmp"


def test_tools_see_the_builds_inside(ovext: Ovext, built: Built) -> None:
    elf = Elf(built.library)
    payloads = payloads_of(elf)
    assert [(one.release, one.soname, one.cxx11_abi) for one in payloads] == [
        (HERE, "libopenvino.so.2641", True),
        (OLD_ABI, "libopenvino.so.2541", False),
    ]
    assert all(hashlib.sha256(library_of(elf, one).whole()).hexdigest() == one.sha256 for one in payloads)
    assert not [one for one in elf.strings_of("NEEDED") if "openvino" in one]
    (record,) = json.loads((built.output_dir / "manifest.json").read_text())["libraries"]
    assert [one["version"] for one in record["releases"]] == [HERE, OLD_ABI]
    assert [one["sha256"] for one in record["releases"]] == [one.sha256 for one in payloads]
    done = ovext("inspect", built.library, "--base-os", "ubi8")
    assert done.returncode == 0
    shown = done.stdout
    assert "CXXABI 1.3.11; manylinux_2_27" in shown, "of the builds, not of the part that chooses"
    assert f"release    {HERE}: libopenvino.so.2641, new C++ ABI" in shown
    assert f"release    {OLD_ABI}: libopenvino.so.2541, old C++ ABI" in shown
    assert "variants   sse42, avx2" in shown
    assert "chosen    avx2" in ovext("isa", "--library", built.library, OVEXT_ISA="avx2").stdout


@pytest.mark.parametrize("release", [HERE, OLD_ABI])
def test_the_proof_runs_in_each_release(ovext: Ovext, built: Built, release: str) -> None:
    options = ["--openvino", release, "--isa", "sse42", "--device", "CPU"]
    done = ovext("test", built.project, "--library", built.library, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"in OpenVINO {release}" in done.stderr


def test_each_build_is_judged_for_itself(ovext: Ovext, built: Built, tmp_path: Path) -> None:
    """The build for the older release needs a library that nothing brings; it lies last in the file."""
    library = tmp_path / "libbroken.so"
    before, name, after = built.content.rpartition(b"libgcc_s.so.1\0")
    library.write_bytes(before + name.replace(b"gcc", b"gxx") + after)
    done = ovext("inspect", library, "--base-os", "ubi8", "--json")
    (report,) = json.loads(done.stdout)["files"]
    inside = report["verdicts_by_release"]
    assert {name: [one["loads"] for one in found] for name, found in inside.items()} == {
        HERE: [True, True],
        OLD_ABI: [False],
    }
    assert [one["target"] for one in inside[HERE]] == ["ubi8", f"OpenVINO {HERE}"]
    assert (done.returncode, report["verdicts"][0]["errors"]) == (ExitCode.FAILED, ["missing-library"])
    (finding,) = report["findings"]
    assert (finding["release"], "--layout folder" in finding["fix"]) == (OLD_ABI, True)
    table = ovext("inspect", library, "--base-os", "ubi8").stdout.splitlines()
    assert next(line.split() for line in table if "loads on" in line) == ["loads", "on", HERE, OLD_ABI, "why", "not"]
    assert next(line.split() for line in table if "ubi8 " in line and "✓" in line) == [
        "ubi8",
        "✓",
        "✗",
        "missing-library",
    ]


def test_builds_may_lie_beside_the_library(
    ovext: Ovext, fetched: dict[str, OpenVINO], model: Path, custom_relu: Path
) -> None:
    """They are found wherever the folder is, judged with the library, and gone when it no longer has them."""
    listed = ["--openvino", f"{OLD_ABI},{HERE}", "--isa", "sse42"]
    done = ovext("build", custom_relu, *listed, "--layout", "folder", cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    folder = custom_relu / "lib" / "ubuntu"
    (record,) = json.loads((folder / "manifest.json").read_text())["libraries"]
    names = [f"libcustom_relu_cpu_extension-openvino-{one}.so" for one in (HERE, OLD_ABI)]
    assert [one["file"] for one in record["releases"]] == names
    assert sorted(file.name for file in folder.glob("*.so")) == sorted([*names, record["file"]])
    assert ovext("inspect", folder).returncode == 0  # no file must load in an OpenVINO that it is not for
    moved = custom_relu / "moved to here"
    folder.rename(moved)
    for release in (HERE, OLD_ABI):
        done = run_in(fetched[release], moved / record["file"], model)
        assert done.stdout.splitlines()[-3:] == ["[-0.5, 2.0]", "sse42", release], done.stderr
    shown = ovext("inspect", moved / record["file"]).stdout
    assert f"new C++ ABI, {record['releases'][0]['size']:,} bytes, in {names[0]}" in " ".join(shown.split())
    (moved / names[0]).write_bytes((moved / names[1]).read_bytes())
    done = ovext("inspect", moved / record["file"])
    assert done.returncode == UnreadableFileError.exit_code
    assert f"{names[0]} beside it, is not the one that it was made with" in done.stderr
    (moved / names[0]).unlink()
    told = ovext("inspect", moved / record["file"]).stderr
    assert f"its build for OpenVINO {HERE}, {names[0]} beside it, is missing or damaged" in told
    done = run_in(fetched[HERE], moved / record["file"], model)
    assert f"cannot load its build for OpenVINO {HERE}: {moved / names[0]}: cannot open" in done.stderr
    for layout, found in (("folder", names), ("file", [])):
        assert ovext("build", custom_relu, *listed, "--layout", layout, cwd=custom_relu).returncode == 0
        assert sorted(file.name for file in folder.glob("*.so")) == sorted([*found, record["file"]])


def test_a_variable_that_names_an_openvino_is_stronger_than_the_list(ovext: Ovext, custom_relu: Path) -> None:
    pyproject = custom_relu / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace(f'["{HERE}"]', f'["{OLD_ABI}", "{HERE}"]'))
    done = ovext("build", custom_relu, "--isa", "sse42", cwd=custom_relu, OpenVINO_DIR=str(OPENVINO))
    assert f"for       OpenVINO {HERE} on ubuntu24" in done.stdout
    assert "Building for the one OpenVINO that OpenVINO_DIR names" in done.stderr
    explained = ovext("build", custom_relu, "--isa", "sse42", "--explain", "--dry-run", cwd=custom_relu)
    assert f"{HERE}, {OLD_ABI} (the releases that the project lists)" in " ".join(explained.stderr.split())


def test_a_layout_is_for_several_releases(ovext: Ovext, custom_relu: Path) -> None:
    done = ovext("build", custom_relu, "--layout", "folder")
    assert (done.returncode, "--layout is for a library for several releases" in done.stderr) == (ExitCode.USAGE, True)


def test_a_second_build_has_nothing_to_do(ovext: Ovext, built: Built) -> None:
    before = built.library.read_bytes()
    options = ["--openvino", f"{HERE},{OLD_ABI}", "--isa", "sse42,avx2", "--base-os", "ubi8"]
    done = ovext("build", built.project, *options, cwd=built.output_dir.parents[1])
    assert "up to date, checked in" in done.stdout
    assert built.library.read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'[{"release"', b'[["release"'),
        (b'"2026.4.1"', b'"\x1b[31m.12"'),
        (b'"offset": 0', b'"offset":-1'),
        (b'"size": ', b'"size":9'),
        (b'"libopenvino.so.2541"', b'"libopenvino.so./../"'),
        (b'"variants": ["sse42"', b'"variants": ["sse/2"'),
        (b'[{"release": "2026.4', b"[" * 20),
        (b"ovext_releases", b"ovext_relea\0\0\0"),
    ],
)
def test_a_damaged_table_is_told(ovext: Ovext, built: Built, tmp_path: Path, old: bytes, new: bytes) -> None:
    content = built.library.read_bytes()
    assert old in content
    assert len(old) == len(new)
    damaged = tmp_path / built.library.name
    damaged.write_bytes(content.replace(old, new))
    with pytest.raises(UnreadableFileError, match="its table of releases is damaged"):
        payloads_of(Elf(damaged))
    done = ovext("inspect", damaged, "--base-os", "ubi8")
    assert done.returncode == ExitCode.USAGE
    assert "its table of releases is damaged" in done.stdout + done.stderr
    assert "\x1b[31m" not in done.stdout


def test_what_is_compared_with_one_release_is_its_build(ovext: Ovext, built: Built) -> None:
    for release in (HERE, OLD_ABI):
        done = ovext("inspect", built.library, "--base-os", "ubi8", "--openvino", release)
        assert done.returncode == 0, done.stdout
    done = ovext("inspect", built.library, "--base-os", "ubi8", "--openvino", MISSING)
    assert done.returncode == ExitCode.FAILED
    assert f"it is made for OpenVINO {HERE}, {OLD_ABI}; it is compared with {MISSING} [other-release]" in done.stdout


def test_a_library_is_recognised_by_its_soname(
    built: Built, fetched: dict[str, OpenVINO], model: Path, tmp_path: Path
) -> None:
    """An unpacked archive has links to a file of another name, by which a program may open it."""
    for file in fetched[HERE].library.parent.iterdir():  # OpenVINO looks for its plugins beside itself
        (tmp_path / file.name).symlink_to(file)
    opened = tmp_path / "libopenvino.so.2026.4.1"
    opened.symlink_to(fetched[HERE].library)
    program = f"import ctypes; ctypes.CDLL({str(opened)!r}, mode=ctypes.RTLD_GLOBAL)\n{PROGRAM}"
    env = {**os.environ, "OVEXT_ISA": "sse42", "LD_LIBRARY_PATH": str(fetched[HERE].library.parent)}
    command = [sys.executable, "-c", program, str(built.library), str(model)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.splitlines()[-1:] == [HERE], done.stderr


def test_a_number_of_a_file_that_another_library_had_is_not_taken_again(
    built: Built, fetched: dict[str, OpenVINO], model: Path
) -> None:
    """The loader takes /proc/PID/fd/N for what it loaded by that name before, though N was closed."""
    intruder = f"""\
import ctypes, os
file = os.memfd_create("intruder")
os.write(file, open({str(built.library)!r}, "rb").read())
ctypes.CDLL(f"/proc/{{os.getpid()}}/fd/{{file}}")
os.close(file)
"""
    env = {**os.environ, "PYTHONPATH": str(fetched[HERE].python_path), "OVEXT_ISA": "sse42"}
    command = [sys.executable, "-c", f"{intruder}\n{PROGRAM}", str(built.library), str(model)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.splitlines()[-3:] == ["[-0.5, 2.0]", "sse42", HERE], done.stderr


def test_a_library_for_servers_is_taken_as_it_is(ovext: Ovext, tmp_path: Path) -> None:
    """It is tied to no release, while the other library of the project gets a build for each."""
    project = copy_project(PACKAGES / "two_ops", tmp_path / "two_ops")
    done = ovext("build", project, "--openvino", f"{HERE},{OLD_ABI}", "--isa", "sse42", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    libraries = json.loads((tmp_path / "lib" / "ubuntu" / "manifest.json").read_text())["libraries"]
    assert {one["link"]: len(one["releases"]) for one in libraries} == {"host": 0, "needed": 2}
    again = ovext("build", project, "--openvino", f"{HERE},{OLD_ABI}", "--isa", "sse42", cwd=tmp_path)
    assert "up to date, checked in" in again.stdout


def test_a_release_that_does_not_exist_is_told_before_compiling(ovext: Ovext, custom_relu: Path) -> None:
    done = ovext("build", custom_relu, "--openvino", f"{HERE},2026.9.9", cwd=custom_relu)
    assert done.returncode == ExitCode.OPENVINO
    assert "OpenVINO 2026.9.9 does not exist in the package index" in done.stderr
    assert "Building CXX object" not in done.stderr


def test_a_release_that_the_op_does_not_compile_for_is_named(ovext: Ovext, custom_relu: Path) -> None:
    source = next(custom_relu.glob("ops/*/op.cpp"))
    only_new = "#include <openvino/core/version.hpp>\n#if OPENVINO_VERSION_MAJOR < 2026\n#error too old\n#endif\n"
    source.write_text(only_new + source.read_text(encoding="utf-8"), encoding="utf-8")
    done = ovext("build", custom_relu, "--openvino", f"{HERE},{OLD_ABI}", "--isa", "sse42", cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert "#error too old" in done.stderr
    assert f"openvino{OLD_ABI}-sse42/ovext-build.log" in done.stderr
    assert not list((custom_relu / "lib").rglob("*.so"))


@pytest.mark.usefixtures("without_compiler_cache")
def test_ctrl_c_does_not_wait_for_a_lock_in_a_thread(ovext: Ovext, custom_relu: Path) -> None:
    """One release's build tree is taken by another ovext; the other release does not compile."""
    source = next(custom_relu.glob("ops/*/op.cpp"))
    tree = custom_relu / "build" / f"host-ubuntu24-openvino{OLD_ABI}-sse42"
    tree.mkdir(parents=True)
    source.write_text("#error never\n", encoding="utf-8")
    with (tree / ".ovext.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = ovext("build", custom_relu, "--openvino", f"{HERE},{OLD_ABI}", "--isa", "sse42", cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert "#error never" in done.stderr


@pytest.mark.usefixtures("without_compiler_cache")
@pytest.mark.parametrize(("given", "jobs"), [([], None), (["--jobs", "1"], "1"), (["--jobs", "5"], "2")])
def test_builds_at_once_share_the_jobs(ovext: Ovext, custom_relu: Path, given: list[str], jobs: str | None) -> None:
    listed = ["--openvino", f"{HERE},{OLD_ABI}"]
    done = ovext("build", custom_relu, *listed, *given, "--dry-run", "--explain")
    found = re.findall(r"ninja -C \S+ -j (\d+)", done.stdout)
    assert len(found) == 2
    assert jobs is None or found == [jobs, jobs]


@pytest.mark.usefixtures("without_compiler_cache")
def test_a_compiler_cache_has_what_does_not_depend_on_the_release(
    ovext: Ovext, custom_relu: Path, tmp_path: Path
) -> None:
    need(CCACHE is not None, "ccache")
    cache: dict[str, Any] = {"CMAKE_CXX_COMPILER_LAUNCHER": str(CCACHE), "CCACHE_DIR": str(tmp_path / "ccache")}
    listed = ["--openvino", f"{HERE},{SAME_ABI}", "--isa", "sse42"]
    planned = ovext("build", custom_relu, *listed, "--jobs", "5", "--dry-run", "--explain", **cache)
    assert re.findall(r"ninja -C \S+ -j (\d+)", planned.stdout) == ["5", "5"]
    assert "the first build alone, to fill the compiler cache, then 1 at a time" in " ".join(planned.stderr.split())
    done = ovext("build", custom_relu, *listed, cwd=custom_relu, **cache)
    assert done.returncode == 0, done.stderr
    stats = subprocess.check_output([str(CCACHE), "--print-stats"], env={**os.environ, **cache}, text=True)
    counts = dict(line.split("\t") for line in stats.splitlines())
    hits = int(counts["direct_cache_hit"]) + int(counts["preprocessed_cache_hit"])
    assert hits >= len(["kernel", "entry", "variant_table", "cpu", "variant", "dispatch", "floor"]), stats


def test_nothing_else_is_built_after_the_first_has_failed(ovext: Ovext, custom_relu: Path) -> None:
    need(CCACHE is not None, "ccache")
    next(custom_relu.glob("ops/*/op.cpp")).write_text("#error never\n", encoding="utf-8")
    done = ovext("build", custom_relu, "--openvino", f"{HERE},{SAME_ABI}", "--isa", "sse42", cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert "#error never" in done.stderr
    assert [path.name for path in custom_relu.glob("build/host-*")] == [f"host-ubuntu24-openvino{HERE}-sse42"]


def test_the_way_out_of_an_engine_that_is_missing_is_for_all_releases(ovext: Ovext, custom_relu: Path) -> None:
    listed = ["--openvino", f"{HERE},{OLD_ABI}", "--layout", "folder"]
    nobody = "unix:///nowhere/podman.sock"
    done = ovext("build", custom_relu, *listed, "--engine", "podman", "--dry-run", CONTAINER_HOST=nobody)
    assert done.returncode == ExitCode.ENGINE
    assert f"--openvino {HERE},{OLD_ABI} --layout folder" in done.stderr


@pytest.mark.parametrize(
    ("releases", "told"),
    [(f"{HERE},{HERE}", "names a release twice"), (f"{HERE}, new", "'new' is not an OpenVINO version")],
)
def test_a_wrong_list_is_refused(ovext: Ovext, custom_relu: Path, releases: str, told: str) -> None:
    done = ovext("build", custom_relu, "--openvino", releases)
    assert done.returncode == ExitCode.USAGE
    assert told in done.stderr


TWO = """\
import ctypes, os, sys
import numpy as np
first, second, model = sys.argv[1], sys.argv[2], open(sys.argv[3]).read()
early = ctypes.CDLL(first).ovext_active_openvino
early.restype = ctypes.c_char_p
assert early() is None, "there is no OpenVINO yet"
sys.modules["openvino_telemetry"] = None  # which opens and closes files meanwhile
import openvino as ov
before = len(os.listdir("/proc/self/fd"))
for library in (first, second, first, second, first):
    core = ov.Core()
    core.add_extension(library)
    compiled = core.compile_model(core.read_model(model.encode(), b""), "CPU")
    del core
    print(compiled(np.array([-1, 2], np.float32))[0].tolist())
assert early() == b"2026.4.1"
assert len(os.listdir("/proc/self/fd")) <= before + 2, "one file for each library"
files = {line.split()[4]: line.split("/memfd:")[1].split()[0] for line in open("/proc/self/maps") if "/memfd:" in line}
print(sorted(files.values()))
"""


def test_two_libraries_share_a_process_in_which_openvino_comes_late(
    built: Built, fetched: dict[str, OpenVINO], model: Path, tmp_path: Path
) -> None:
    """The second is a copy of the first, as another version of it would be; models outlive their core."""
    other = tmp_path / "libother_cpu_extension.so"
    shutil.copy(built.library, other)
    env = {**os.environ, "PYTHONPATH": str(fetched[HERE].python_path), "OVEXT_ISA": "sse42"}
    command = [sys.executable, "-c", TWO, str(built.library), str(other), str(model)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    *numbers, names = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert numbers == ["[-0.5, 2.0]"] * 5
    assert names == str([f"libcustom_relu_cpu_extension-openvino-{HERE}"] * 2), "one file in memory for each"
