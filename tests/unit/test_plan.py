"""The plan is pure, so it is tested here for machines that do not exist."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from ovext.build.plan import BUILD_TYPES, BuildPlan, BuildRequest, Machine, plan_build
from ovext.errors import ProjectError, UnknownNameError, UsageError
from ovext.project.metadata import Metadata
from ovext.project.read import Project
from ovext.project.settings import Settings
from ovext.targets.isa import isa_table
from ovext.toolchain.cmake import BuildTools, settings_of_this_machine
from ovext.toolchain.compiler import Compiler

MACHINE = Machine(
    compiler=Compiler(Path("/usr/bin/g++"), "GNU", "13.2.0", reason="a test"),
    tools=BuildTools(cmake=Path("/opt/cmake"), ninja=Path("/opt/ninja")),
    cpus=8,
    openvino_version="2026.4.1",
    openvino_cmake_dir=Path("/opt/openvino/cmake"),
    openvino_reason="a test",
    openvino_is_installed=True,
)
REQUEST = BuildRequest(Path("/project"), Path("/out"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    presets = [{"name": name} for name in ("multi", "avx2", "native")] + [{"name": "sse42", "hidden": True}]
    (tmp_path / "CMakePresets.json").write_text(json.dumps({"version": 6, "configurePresets": presets}))
    return Project(tmp_path, Metadata(name="sample", version="1.0"), Settings(openvino=["2026.4.1"]))


def preset_of(plan: BuildPlan) -> str | None:
    return plan.configure[2] if plan.configure[1] == "--preset" else None


@pytest.mark.parametrize(
    ("isa", "preset", "variants"),
    [
        (None, "multi", "multi"),
        ("avx2", "avx2", "avx2"),
        ("native", "native", "native"),
        ("avx2,sse42", "multi", "sse42;avx2"),
        (",".join(isa_table()), "multi", "multi"),
        ("sse42", "multi", "sse42"),  # its own preset is hidden
    ],
)
def test_variants_choose_the_preset(project: Project, isa: str | None, preset: str, variants: str) -> None:
    plan = plan_build(replace(REQUEST, isa=isa), project, MACHINE)
    assert preset_of(plan) == preset
    assert f"-DOVEXT_ISA={variants}" in plan.configure


def test_project_without_presets_gets_the_build_type_directly(project: Project) -> None:
    (project.root / "CMakePresets.json").unlink()
    plan = plan_build(REQUEST, project, MACHINE)
    assert preset_of(plan) is None
    assert "-DCMAKE_BUILD_TYPE=Release" in plan.configure


def test_launcher_of_the_compiler_is_passed_on(project: Project) -> None:
    compiler = replace(MACHINE.compiler, launcher=Path("/usr/bin/ccache"))
    plan = plan_build(REQUEST, project, replace(MACHINE, compiler=compiler))
    assert "-DCMAKE_CXX_COMPILER_LAUNCHER=/usr/bin/ccache" in plan.configure


def test_reasons_tell_what_was_asked_and_what_was_not(project: Project) -> None:
    free = {decision.subject: decision.reason for decision in plan_build(REQUEST, project, MACHINE).decisions}
    assert free["base OS"] == free["engine"] == "the default"
    assert free["instruction sets"] == "the default: all"
    asked = replace(REQUEST, base_os="ubi9", isa="avx2", jobs=2)
    told = {decision.subject: decision.reason for decision in plan_build(asked, project, MACHINE).decisions}
    assert (told["base OS"], told["instruction sets"], told["jobs"]) == ("--base-os ubi9", "--isa avx2", "--jobs 2")


def test_broken_presets_are_told(project: Project) -> None:
    (project.root / "CMakePresets.json").write_text("{")
    with pytest.raises(ProjectError, match=r"CMakePresets\.json: this is not a file of CMake presets"):
        plan_build(REQUEST, project, MACHINE)


def test_output_folder_is_spelled_as_the_user_spelled_it(project: Project) -> None:
    plan = plan_build(REQUEST, project, MACHINE)
    assert plan.output_dir == Path("/out/ubuntu")
    assert plan.base_os.id == "ubuntu24"


def test_different_targets_have_different_build_trees(project: Project) -> None:
    requests = [REQUEST, replace(REQUEST, base_os="ubi9"), replace(REQUEST, isa="avx2")]
    trees = {plan_build(request, project, MACHINE).build_dir for request in requests}
    other = replace(MACHINE, openvino_version="2026.2.1")
    trees.add(plan_build(REQUEST, project, other).build_dir)
    assert len(trees) == 4


def test_two_spellings_of_a_base_os_share_the_build_tree(project: Project) -> None:
    spelled = [plan_build(replace(REQUEST, base_os=name), project, MACHINE) for name in ("redhat", "ubi9")]
    assert spelled[0].build_dir == spelled[1].build_dir


def test_jobs_default_to_the_cpus(project: Project) -> None:
    assert plan_build(REQUEST, project, MACHINE).compile[-1] == "8"
    assert plan_build(replace(REQUEST, jobs=3), project, MACHINE).compile[-1] == "3"


def test_steps_begin_with_the_fetch_that_is_needed(project: Project) -> None:
    missing = replace(MACHINE, openvino_is_installed=False)
    assert plan_build(REQUEST, project, missing).steps()[0] == "fetch OpenVINO 2026.4.1"
    assert not plan_build(REQUEST, project, MACHINE).steps()[0].startswith("fetch")


def test_every_automatic_choice_has_a_reason(project: Project) -> None:
    decisions = plan_build(REQUEST, project, MACHINE).decisions
    expected = {
        "base OS",
        "engine",
        "OpenVINO",
        "instruction sets",
        "CMake preset",
        "build type",
        "compiler",
        "CMake and Ninja",
        "jobs",
    }
    assert expected == {decision.subject for decision in decisions}
    assert all(decision.choice and decision.reason for decision in decisions)


def test_each_build_type_has_a_tree_of_its_own(project: Project) -> None:
    trees = [plan_build(replace(REQUEST, build_type=one), project, MACHINE).build_dir for one in (None, *BUILD_TYPES)]
    assert len({*trees}) == len(trees)


@pytest.mark.parametrize(("release", "is_fine"), [("2025.2.0", False), ("2025.3.0", True)])
def test_an_openvino_that_is_too_old_for_mappings_is_refused(project: Project, release: str, is_fine: bool) -> None:
    folder = project.root / "ops" / "pool"
    folder.mkdir(parents=True)
    machine = replace(MACHINE, openvino_version=release)
    described = 'schema = 1\ntype = "Pool"\nopset = "sample"\n[[inputs]]\nname = "x"\ntypes = ["f32"]\n'
    (folder / "op.toml").write_text(described)
    plan_build(REQUEST, replace(project), machine)  # without mappings, any release will do
    (folder / "op.toml").write_text(f'{described}[frameworks.onnx]\ntype = "Pool"\n')
    told = "Pool is mapped to onnx, for which OpenVINO 2025.2.0 is too old"
    with nullcontext() if is_fine else pytest.raises(ProjectError, match=told):
        plan_build(REQUEST, replace(project), machine)


@pytest.mark.parametrize("name", ["CXX", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "CMAKE_TOOLCHAIN_FILE", "OpenVINO_DIR"])
def test_settings_of_this_machine_are_those_that_no_container_sees(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = settings_of_this_machine()
    monkeypatch.setenv(name, "something")
    monkeypatch.setenv("LANG", "C")
    assert settings_of_this_machine() == {**before, name: "something"}


def test_unknown_engine_and_no_jobs_are_refused(project: Project) -> None:
    with pytest.raises(UnknownNameError, match="unknown engine 'dokcer'"):
        plan_build(replace(REQUEST, engine="dokcer"), project, MACHINE)
    with pytest.raises(UsageError, match="--jobs 0"):
        plan_build(replace(REQUEST, jobs=0), project, MACHINE)
