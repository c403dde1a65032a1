"""Sealed variants: kernels and whole extensions in any C++, and the messages for what cannot be sealed."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import openvino as ov
import pytest

from helpers import (
    CUSTOM_RELU,
    PACKAGES,
    RUNNABLE,
    Built,
    CMake,
    copy_any_cpp,
    copy_project,
    need,
    register_bytes,
    run_ovext,
)
from ovext.toolchain.cmake import find_build_tools

if TYPE_CHECKING:
    from helpers import LoadForced, Ovext

CLANG = next(filter(shutil.which, ("clang++", "clang++-14", "clang++-15", "clang++-18")), "clang++")
DATA = np.array([3, -1, 2, 5, 4] * 7, np.float32)


@pytest.fixture(scope="module")
def any_cpp(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The package any_cpp, built once by the tool."""
    folder = tmp_path_factory.mktemp("any_cpp")
    project = copy_any_cpp(folder)
    done = run_ovext("build", project, "--base-os", "ubuntu", cwd=folder)
    assert done.returncode == 0, done.stderr
    output = folder / "lib" / "ubuntu"
    return Built(project, output, output / "libany_cpp_cpu_extension.so")


def test_kernel_of_the_standard_library(any_cpp: Built, isa: str, load_forced: LoadForced) -> None:
    """Templates, lambdas, virtual functions, static tables, thread_local, exceptions, a static library."""
    loaded = load_forced(any_cpp.library, isa)
    assert loaded.infer("Standard", "any_cpp", DATA).tolist() == (np.sort(DATA) * 2 + 3).tolist()
    with pytest.raises(RuntimeError, match="caught 101: more than 100 elements"):
        loaded.infer("Standard", "any_cpp", np.zeros(101, np.float32))


@pytest.mark.parametrize(
    ("op", "header"),
    [("WithXsimd", "xsimd/xsimd.hpp"), ("WithHighway", "hwy/highway.h"), ("WithEigen", "eigen3/Eigen/Core")],
)
def test_kernel_of_a_header_only_library(
    any_cpp: Built, isa: str, op: str, header: str, load_forced: LoadForced
) -> None:
    need(Path("/usr/include", header).is_file(), header)
    assert load_forced(any_cpp.library, isa).infer(op, "any_cpp", DATA).tolist() == (DATA * 2 + 1).tolist()


def test_only_the_chosen_variant_is_initialised_once_and_ends(any_cpp: Built, isa: str) -> None:
    program = "import sys, openvino; openvino.Core().add_extension(sys.argv[1]); print('loaded', flush=True)"
    done = subprocess.run(
        [sys.executable, "-c", program, str(any_cpp.library)],
        env={"OVEXT_ISA": isa, "TELL": "1", "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [f"{isa} made", "loaded", f"{isa} gone", f"{isa} destructor"]


@pytest.mark.parametrize("preset", ["Debug", "RelWithDebInfo"])
def test_other_build_types(tmp_path: Path, preset: str, load_forced: LoadForced) -> None:
    project = copy_any_cpp(tmp_path)
    if preset != "Debug":  # which leaves most to be sealed: there the header-only libraries are tried
        text = (project / "CMakeLists.txt").read_text()
        (project / "CMakeLists.txt").write_text(text.replace("IN ITEMS xsimd highway eigen", ""))
    done = run_ovext("build", project, "--base-os", "ubuntu", "--build-type", preset, "--isa", "avx2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    loaded = load_forced(tmp_path / "lib/ubuntu/libany_cpp_cpu_extension.so", "avx2")
    assert loaded.infer("Standard", "any_cpp", DATA).tolist() == (np.sort(DATA) * 2 + 3).tolist()


@pytest.mark.parametrize("linker", ["bfd", "gold", "lld"])
@pytest.mark.parametrize("compiler", ["g++", CLANG])
def test_other_compilers_and_linkers(
    compile_all: CMake, tmp_path: Path, compiler: str, linker: str, load_forced: LoadForced
) -> None:
    need(shutil.which(compiler) is not None, compiler)
    need(shutil.which(f"ld.{linker}") is not None, f"ld.{linker}")
    project = copy_any_cpp(tmp_path)
    build = project / "build" / "plain"
    linking = f"-DCMAKE_MODULE_LINKER_FLAGS=-fuse-ld={linker}"
    settings = ["-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_CXX_COMPILER={compiler}", linking]
    compile_all(project, build, *settings, "-DOVEXT_ISA=sse42;avx2")
    loaded = load_forced(build / "libany_cpp_cpu_extension.so", "avx2")
    assert loaded.infer("Standard", "any_cpp", DATA).tolist() == (np.sort(DATA) * 2 + 3).tolist()


EVERY_SECOND = """
struct Pair {
    void* first;
    void* second;
    unsigned long number;
};
void move(Pair* to, Pair* from, long count) {
    for (long i = 0; i < count; ++i) {
        to[i] = from[i];
        from[i].first = nullptr;
        from[i].second = nullptr;
    }
}
"""


def test_gcc_uses_no_instruction_that_its_flags_do_not_name(ovext: Ovext, tmp_path: Path) -> None:
    """GCC 12 and 14 compile this loop to AVX-512DQ under -mavx512f."""
    project = copy_project(PACKAGES / "two_ops", tmp_path / "two_ops")
    with (project / "ops" / "doubled" / "kernel.cpp").open("a") as file:
        file.write(EVERY_SECOND)
    done = ovext("build", project, "--isa", "avx512f", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_changed_kernel_is_compiled_for_each_variant_and_linked(compile_all: CMake, tmp_path: Path) -> None:
    project = copy_project(PACKAGES / "two_ops", tmp_path / "two_ops")
    compile_all(project, tmp_path / "build", "-DOVEXT_ISA=multi")
    kernel = project / "ops" / "doubled" / "kernel.cpp"
    kernel.write_text(kernel.read_text() + "\n")
    done = compile_all(project, tmp_path / "build", "-DOVEXT_ISA=multi")
    steps = [line.partition("] ")[2] for line in done.stdout.splitlines() if line.startswith("[")]
    compiled = [line for line in steps if line.startswith("Building")]
    assert len(compiled) == 6  # three variants for each of the two libraries that have the op
    assert all(line.endswith("ops/doubled/kernel.cpp.o") for line in compiled)
    assert len(steps) - len(compiled) == 2


# What each of the following tests adds to a project, and what the build then says.
WRONG = {
    "a variable": (
        {
            "kernel.cpp": "namespace doubled {\nfloat table[2] = {1, 2};\n}\n",
            "op.cpp": "namespace doubled {\nextern float table[2];\nfloat* first = table;\n}\n",
        },
        "code outside the variants uses the variable doubled::table",
    ),
    "not for each": (
        {
            "kernel.cpp": "namespace doubled {\n#ifdef __AVX2__\nint wide() {\n    return 1;\n}\n#endif\n}\n",
            "op.cpp": "namespace doubled {\nint wide();\nint answer = wide();\n}\n",
        },
        "doubled::wide() is not defined for sse42: define it for every instruction set.",
    ),
    "an ifunc": (
        {
            "kernel.cpp": '[[gnu::target_clones("default", "avx2")]] int cloned(int x) {\n    return x + 1;\n}\n',
            "op.cpp": "int cloned(int x);\nint two = cloned(1);\n",
        },
        "cloned(int) is chosen by an ifunc",
    ),
    "an entry point": (
        {"op.cpp": "#include <openvino/core/extension.hpp>\nOPENVINO_CREATE_EXTENSIONS({});\n"},
        "op.cpp.o has an entry point, create_extensions (OPENVINO_CREATE_EXTENSIONS), and the library has one already.",
    ),
}


def build_output(project: Path, build: Path) -> str:
    command = [str(find_build_tools().cmake), "--build", str(build)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=project)
    assert done.returncode != 0
    return re.sub(r"\s+", " ", done.stdout + done.stderr)


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_sealed_is_told(configure: CMake, tmp_path: Path, name: str) -> None:
    texts, told = WRONG[name]
    project = copy_project(PACKAGES / "two_ops", tmp_path / "two_ops")
    for file, text in texts.items():
        path = project / "ops" / "doubled" / file
        path.write_text(path.read_text() + text)
    assert configure(project, tmp_path / "build", "-DOVEXT_ISA=sse42;avx2").returncode == 0
    assert told in build_output(project, tmp_path / "build")


def test_kernels_may_be_called_before_main(compile_all: CMake, tmp_path: Path) -> None:
    """When a static object of op.cpp calls a kernel, the variant is already chosen and initialised."""
    project = copy_project(PACKAGES / "two_ops", tmp_path / "two_ops")
    folder = project / "ops" / "doubled"
    with (folder / "kernel.cpp").open("a") as file:
        file.write(
            "#include <vector>\nstatic std::vector<int> made(3, 14);\nint third() {\n    return made.at(2);\n}\n"
        )
    with (folder / "op.cpp").open("a") as file:
        file.write("int third();\nextern const int early;\nconst int early = third();\n")
        file.write('extern "C" __attribute__((visibility("default"))) const void* early_value() { return &early; }\n')
    compile_all(project, tmp_path / "build", "-DOVEXT_ISA=sse42")
    library = str(tmp_path / "build" / "libtwo_ops_cpu_extension.so")
    ov.Core().add_extension(library)

    program = "import sys, openvino; openvino.Core().add_extension(sys.argv[1])"
    environment = {"OVEXT_ISA": "sse43", "PATH": "/usr/bin"}
    command = [sys.executable, "-c", program, library]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGABRT
    assert "OVEXT_ISA=sse43 is not an instruction set" in done.stderr


# A whole existing extension.


@pytest.fixture(scope="module")
def existing(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The package existing, built once by the tool."""
    folder = tmp_path_factory.mktemp("existing")
    project = copy_project(PACKAGES / "existing", folder / "existing")
    done = run_ovext("build", project, "--base-os", "ubuntu22", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "ops       Ordered (existing), Width (existing)" in done.stdout
    output = folder / "lib" / "ubuntu22"
    return Built(project, output, output / "libexisting_cpu_extension.so")


def test_existing_extension_has_every_variant(existing: Built, isa: str, load_forced: LoadForced) -> None:
    loaded = load_forced(existing.library, isa)
    assert loaded.active_isa == isa
    width = register_bytes(isa)
    assert loaded.infer("Width", "existing", DATA).tolist() == [width] * DATA.size
    assert loaded.infer("Ordered", "existing", DATA).tolist() == np.sort(DATA).tolist()
    with pytest.raises(RuntimeError, match="Ordered: element 1 is not a number"):
        loaded.infer("Ordered", "existing", np.array([1, np.nan], np.float32))


def test_existing_extension_reads_onnx(existing: Built, load_forced: LoadForced) -> None:
    """It reads ONNX with its own ConversionExtension, which a static registry creates."""
    onnx = pytest.importorskip("onnx")
    tensor = onnx.helper.make_tensor_value_info
    shape, kind = [5], onnx.TensorProto.FLOAT
    node = onnx.helper.make_node("Ascending", ["x"], ["y"], domain="my.domain")
    graph = onnx.helper.make_graph([node], "g", [tensor("x", kind, shape)], [tensor("y", kind, shape)])
    opsets = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("my.domain", 1)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    core = load_forced(existing.library, RUNNABLE[0]).core
    compiled = core.compile_model(core.read_model(model.SerializeToString()), "CPU")
    assert compiled(DATA[:5])[0].tolist() == sorted(DATA[:5].tolist())


def test_existing_extension_is_sealed(existing: Built) -> None:
    sealed = next((existing.project / "build").glob("host-*")) / "ovext" / "existing" / "sealed" / "avx2.o"
    shown = subprocess.run(["/usr/bin/nm", str(sealed)], capture_output=True, text=True, check=True).stdout
    offered = [line.split()[-1] for line in shown.splitlines() if re.search(r" [A-TV-Zuv] ", line)]
    functions = [name for name in offered if not name.startswith(("ovext_init_avx2_", "ovext_fini_avx2_"))]
    assert functions == ["ovext_create_extensions.avx2"]


def test_existing_extension_with_a_description_is_proved(existing: Built, ovext: Ovext, tmp_path: Path) -> None:
    project = copy_project(existing.project, tmp_path / "existing")
    folder = project / "ops" / "ordered"
    folder.mkdir(parents=True)
    (folder / "op.toml").write_text(
        'schema = 1\ntype = "Ordered"\nopset = "existing"\n\n[[inputs]]\nname = "data"\ntypes = ["f32"]\n'
    )
    (folder / "reference.py").write_text(
        "import numpy as np\n\n\ndef ordered(data):\n    return np.sort(data, axis=None).reshape(data.shape)\n"
    )
    done = ovext("test", project, "--library", existing.library, "--examples", "10", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "✓ numbers" in done.stdout


WRONG_SOURCES = {
    "no entry point": ("OPENVINO_CREATE_EXTENSIONS(all())", "", "none of its SOURCES has an entry point"),
    "no such file": ("src/extension.cpp", "src/extention.cpp", "src/extention.cpp does not exist"),
}


@pytest.mark.parametrize("name", WRONG_SOURCES)
def test_wrong_sources_are_told(ovext: Ovext, tmp_path: Path, name: str) -> None:
    old, new, told = WRONG_SOURCES[name]
    project = copy_project(PACKAGES / "existing", tmp_path / "existing")
    for file in (project / "CMakeLists.txt", project / "src" / "extension.cpp"):
        file.write_text(file.read_text().replace(old, new))
    done = ovext("build", project, "--isa", "sse42", cwd=tmp_path)
    assert done.returncode == 1
    assert told in re.sub(r"\s+", " ", done.stderr)


def test_ops_and_sources_in_one_library(ovext: Ovext, tmp_path: Path) -> None:
    project = copy_project(PACKAGES / "existing", tmp_path / "existing")
    shutil.copytree(CUSTOM_RELU / "ops" / "custom_relu", project / "ops" / "custom_relu")
    lists = project / "CMakeLists.txt"
    lists.write_text(lists.read_text().replace("existing SOURCES", "existing OPS custom_relu SOURCES"))
    done = ovext("build", project, "--isa", "sse42,avx2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ops       CustomReLU (opset1), Ordered (existing), Width (existing)" in done.stdout
