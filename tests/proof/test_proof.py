"""`ovext test`: healthy ops pass, and each mistake is found by the check for it."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree as ET

import numpy as np
import openvino as ov
import pytest

from helpers import PACKAGES, ROOT, RUNNABLE, Built, Ovext, copy_project
from ovext.errors import ExitCode
from ovext.models.ir import TensorType, one_op_model, side_by_side
from ovext.project.attributes import WITHOUT_NUMBERS, ElementType
from ovext.targets.isa import isa_table
from ovext.targets.plugin_types import in_cpu_plugin
from ovext.toolchain.emulators import has_emulator
from proven import HEALTHY, ILLNESSES, Illness, build, rows_of

FEW = ("--examples", "15")
# As `ovext new` writes the kernel, its results are 0.
PICK = """\
def pick(data, index):
    assert ((0 <= index) & (index < len(data))).all(), "out of range"
    assert len(set(index.tolist())) == index.size, "an index occurs twice"
    return 0 * data[index]
"""


def test_what_new_writes_passes_as_generated(ovext: Ovext, healthy: Built) -> None:
    """They cover every shape rule, attribute type, element type and variant."""
    told, code = rows_of(ovext, healthy, *FEW)
    assert {row["variant"] for row in told} == set(isa_table())
    elsewhere = set() if has_emulator() else set(isa_table()) - set(RUNNABLE)
    assert {row["variant"] for row in told if row["skipped"]} == elsewhere
    rows = [row for row in told if not row["skipped"]]
    assert [row for row in rows if not row["is_fine"]] == []
    assert code == 0
    assert {row["op"] for row in rows} == set(HEALTHY)
    types = {row["types"] for row in rows if row["op"] == "EveryType" and row["check"] == "numbers"}
    assert len(types) == 13
    assert {row["types"] for row in rows if row["op"] == "Mixed" and row["check"] == "numbers"} == {
        "f32,i32",
        "f32,i64",
        "f16,i32",
        "f16,i64",
    }
    assert all(row["cases"] > 0 for row in rows)


def test_the_cpu_plugin_makes_of_element_types_what_the_table_says(healthy: Built) -> None:
    core = ov.Core()
    core.add_extension(healthy.library)
    has = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    kept = {element for element, name in (("bf16", "BF16"), ("f16", "FP16")) if name in has}
    for element in sorted({*get_args(ElementType)} - WITHOUT_NUMBERS):
        model = one_op_model("EveryType", "healthy", [TensorType(element, (3,))], {})
        compiled = core.compile_model(core.read_model(model.encode(), b""), "CPU")
        nodes = [one.get_rt_info() for one in compiled.get_runtime_model().get_ops()]
        made = [one["outputPrecisions"].astype(str) for one in nodes if one["layerType"].astype(str) == "Reference"]
        assert made == [element if element in kept else in_cpu_plugin(element)]


@pytest.mark.parametrize("illness", ILLNESSES, ids=lambda illness: illness.op)
def test_a_mistake_is_found_by_its_check(ovext: Ovext, ill: Built, illness: Illness) -> None:
    timeout = ("--timeout", "2") if illness.op == "Hang" else ()
    rows, code = rows_of(ovext, ill, "--op", illness.op, *FEW, *timeout)
    assert code == ExitCode.FAILED
    failed = {f"{row['check']} {row['variant']}": row["failures"] for row in rows if not row["is_fine"]}
    found = [one for name, failures in failed.items() if name.startswith(illness.check) for one in failures]
    assert any(illness.told in one["what"] + shlex.join(one["options"]) for one in found), failed
    if illness.op == "WrongVariant":
        assert [name for name in failed if name.startswith("numbers")] == ["numbers sse42"]


def test_what_only_a_clone_does_wrong_is_found(ovext: Ovext, custom_relu: Path) -> None:
    """The plugin computes with clones of the ops of a model; evaluate() alone is called on the op itself."""
    source = custom_relu / "ops" / "custom_relu" / "op.cpp"
    text = source.read_text()
    right = "std::make_shared<CustomReLU>(inputs, m_attributes)"
    assert right in text
    source.write_text(text.replace(right, "std::make_shared<CustomReLU>(inputs, Attributes{})"))
    built = build(custom_relu, options=["--isa", "sse42"])
    rows, code = rows_of(ovext, built, "--check", "numbers", "--device", "CPU", *FEW)
    assert code == ExitCode.FAILED
    told = [row["failures"][0]["what"] for row in rows]
    assert len(told) == 3
    assert all(one.startswith("CPU, output 0: ") for one in told), told


def test_models_side_by_side_compute_what_each_computes_alone() -> None:
    wide = [TensorType("f32", (2,)), TensorType("f32", (2,))]
    models = [
        one_op_model("Subtract", "opset1", wide, {"auto_broadcast": "numpy"}),
        one_op_model("ReLU", "opset1", [TensorType("f32", (-1,))], {"note": '\x1f\ufffe<layers> -layer="1"'}),
        one_op_model(
            "Split", "opset1", [TensorType("f32", (2,)), TensorType("i64", ())], {"num_splits": "2"}, outputs=2
        ),
    ]
    model = ov.Core().read_model(side_by_side(models).encode(), b"")
    names = [port.get_node().get_friendly_name() for port in (*model.inputs, *model.outputs)]
    assert [one.partition("/")[0] for one in names] == ["0", "0", "1", "2", "2", "0", "1", "2", "2"]
    given = [np.array(one, np.float32) for one in ([5, 7], [1, 2], [-1, 3], [8, 9])]
    results = ov.Core().compile_model(model, "CPU")([*given, np.array(0)])
    assert [results[one].tolist() for one in range(4)] == [[4, 5], [0, 3], [8], [9]]


def test_all_that_is_tried_is_listed(ovext: Ovext, healthy: Built) -> None:
    """With its reason: the same cases as a run has, on the CPU and on a GPU."""
    given = ("--op", "Window", "--examples", "25", "--library", healthy.library)
    listed = ovext("test", healthy.project, *given, "--show-cases", "--json")
    (plan,) = json.loads(listed.stdout)["plans"]
    assert (plan["op"], plan["where"]) == ("Window", "CPU f32")
    assert all(one["why"] for one in plan["cases"])
    ran = ovext("test", healthy.project, *given, "--check", "numbers", "--isa", "sse42", "--json")
    (row,) = json.loads(ran.stdout)["rows"]
    assert row["cases"] == len(plan["cases"])
    shown = ovext("test", healthy.project, *given, "--show-cases").stdout
    assert shown.startswith(f"Window, CPU f32: {row['cases']} cases\n")
    gpu = ovext("test", ROOT / "extension_src" / "custom_relu", "--show-cases").stdout
    assert "CustomReLU, GPU: " in gpu
    assert "more than a work-group in each dimension: " in gpu
    assert "  op.toml: " in gpu


def test_values_have_their_meaning_in_each_case(ovext: Ovext, tmp_path: Path) -> None:
    """The reference fails for an index that is out of range, and for one that occurs twice."""
    options = ["--input", "data:f32:N,C", "--input", "index:i64:K", "--output", "y:data:K,C"]
    done = ovext("new", "picked", "--op", "Pick", *options, "--constraint", "K <= N", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    op = tmp_path / "picked" / "ops" / "pick"
    description = (op / "op.toml").read_text(encoding="utf-8")
    assert "[test.values]" not in description
    (op / "op.toml").write_text(f'{description}\n[test.values]\nindex = "index(N), unique"\n', encoding="utf-8")
    (op / "reference.py").write_text(PICK, encoding="utf-8")
    done = ovext("test", "picked", "--isa", "sse42", "--check", "numbers", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (op / "op.toml").write_text(f'{description}\n[test.values]\nindex = "index(N)"\n', encoding="utf-8")
    done = ovext("test", "picked", "--isa", "sse42", "--check", "numbers", cwd=tmp_path)
    assert "reference: " in done.stdout
    assert "twice" in done.stdout


@pytest.mark.parametrize("example", ["complex_ops", "custom_relu"])
def test_examples_pass(ovext: Ovext, example: str, tmp_path: Path) -> None:
    """The example projects, on CPU and on the simulated GPU."""
    project = copy_project(ROOT / "extension_src" / example, tmp_path / example)
    done = ovext("test", project, "--examples", "5", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "simulated GPU" in done.stdout
    assert " 0 failed" in done.stdout


def test_the_printed_command_tries_the_smallest_failure_again(ovext: Ovext, ill: Built) -> None:
    done = ovext("test", ill.project, "--library", ill.library, "--op", "WrongElement", *FEW, cwd=ill.project.parent)
    assert done.returncode == ExitCode.FAILED
    command = next(line.strip() for line in done.stdout.splitlines() if "--case" in line)
    assert f"--library {ill.library}" in command
    again = ovext(*shlex.split(command)[1:], cwd=ill.project.parent)
    assert again.returncode == ExitCode.FAILED
    assert "1 of 3 elements are not written" in again.stdout
    smaller = command.replace("[3, 1]", "[2, 1]")
    assert ovext(*shlex.split(smaller)[1:], cwd=ill.project.parent).returncode == 0


def test_junit_has_a_case_for_each_row(ovext: Ovext, ill: Built, tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    done = ovext(
        *("test", ill.project, "--library", ill.library, "--op", "WrongVariant", "--junit", file, *FEW), cwd=tmp_path
    )
    assert done.returncode == ExitCode.FAILED
    suite = ET.parse(file).getroot().find("testsuite")  # noqa: S314  our own file
    assert suite is not None
    assert (suite.get("name"), suite.get("failures")) == ("WrongVariant", str(len(suite.findall("testcase/failure"))))
    failure = suite.find("testcase[@name='numbers sse42 f32 CPU']/failure")
    assert failure is not None
    assert failure.text is not None
    assert "ovext test" in failure.text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--op", "Plian"], "unknown op 'Plian' (did you mean 'Plain'?)"),
        (["--op", "Plain", "--types", "f8"], "unknown combination of element types of Plain 'f8'"),
        (["--isa", "avx1"], "unknown instruction set variant of the library 'avx1'"),
        (["--op", "Plain", "--case", "{"], "is no case of Plain"),
        (["--op", "Plain", "--case", '{"shapes": {"x": [1]}}'], "it must give one shape for each input"),
        (["--op", "Plain", "--case", '{"shapes": {"data": [1]}, "before": {"x": [1]}}'], "one shape for each input"),
        (["--op", "Sum", "--case", '{"shapes": {"a": [2], "b": [3], "count": [1]}}'], "is no case of Sum"),
        (["--device", "TPU"], "unknown device 'TPU'"),
        (["--device", "sim", "--op", "Plian"], "unknown op 'Plian'"),
        (["--device", "sim", "--isa", "avx2"], "--isa is for the CPU"),
    ],
)
def test_wrong_wishes_are_told(ovext: Ovext, healthy: Built, options: list[str], told: str) -> None:
    done = ovext("test", healthy.project, "--library", healthy.library, *options, cwd=healthy.project.parent)
    assert done.returncode == ExitCode.USAGE
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_library_without_the_ops_is_told(ovext: Ovext, healthy: Built, ill: Built) -> None:
    done = ovext("test", healthy.project, "--library", ill.library, cwd=healthy.project.parent)
    assert done.returncode == ExitCode.LIBRARY
    assert "it does not provide the op" in done.stderr


def with_references(project: Path, targets: str) -> Path:
    """The ops of two_ops, with references and in other libraries."""
    lists = project / "CMakeLists.txt"
    lists.write_text(lists.read_text().partition("ovext_add_extension")[0] + targets)
    for op, result in {"doubled": "2 * data", "width": "np.full_like(data, 16)"}.items():
        text = f"import numpy as np\n\n\ndef {op}(data):\n    return {result}\n"
        (project / "ops" / op / "reference.py").write_text(text)
    return project


@pytest.fixture
def two_ops(tmp_path: Path) -> Path:
    return copy_project(PACKAGES / "two_ops", tmp_path / "two_ops")


def test_each_op_is_tested_in_a_library_that_has_it(ovext: Ovext, two_ops: Path) -> None:
    """The library whose name comes first is for a server only."""
    targets = "ovext_add_extension(a OPS doubled LINK host)\novext_add_extension(b OPS width)\n"
    with_references(two_ops, targets + "ovext_add_extension(c OPS doubled)\n")
    done = ovext("test", two_ops, "--isa", "sse42", "--examples", "3", cwd=two_ops.parent)
    assert done.returncode == 0, done.stdout
    tested = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("Testing ")]
    assert tested == ["lib/ubuntu/libc_cpu_extension.so", "lib/ubuntu/libb_cpu_extension.so"]
    assert ovext("test", two_ops, "--library", "lib/ubuntu", "--isa", "sse42", cwd=two_ops.parent).returncode == 0


def test_a_library_for_servers_is_tested_as_in_one(ovext: Ovext, two_ops: Path) -> None:
    with_references(two_ops, "ovext_add_extension(a OPS doubled width LINK host)\n")
    done = ovext("test", two_ops, "--isa", "sse42", "--examples", "3", cwd=two_ops.parent)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_op_that_no_library_has_is_told_where_it_is_tested(ovext: Ovext, two_ops: Path) -> None:
    with_references(two_ops, "ovext_add_extension(a OPS doubled)\n")
    done = ovext("test", two_ops, "--isa", "sse42", cwd=two_ops.parent)
    assert done.returncode == ExitCode.PROJECT
    assert "no library of the project has the op Width" in done.stderr
    options = ["--isa", "sse42", "--examples", "3", "--library", "lib/ubuntu"]
    assert ovext("test", two_ops, *options, "--op", "Doubled", cwd=two_ops.parent).returncode == 0
    done = ovext("test", two_ops, *options, cwd=two_ops.parent)
    assert done.returncode == ExitCode.LIBRARY
    assert "its manifest lists no library with the op Width that loads everywhere" in done.stderr


def test_a_device_that_no_op_has_a_kernel_for_is_told(ovext: Ovext, healthy: Built) -> None:
    done = ovext("test", healthy.project, "--library", healthy.library, "--device", "sim", cwd=healthy.project.parent)
    assert done.returncode == ExitCode.PROJECT
    assert "no op has a GPU kernel" in done.stderr


def test_without_drawn_cases_those_of_the_description_are_tried(ovext: Ovext, ill: Built) -> None:
    rows, _ = rows_of(ovext, ill, "--op", "BadEnd", "--isa", "sse42", "--examples", "0")
    assert [row["cases"] for row in rows if row["check"] == "numbers"] == [3]


def test_shapes_that_cannot_be_drawn_are_told(ovext: Ovext, tmp_path: Path) -> None:
    options = ["--input", "x:f32:N", "--constraint", "N * N == 1018081"]
    ovext("new", "rare", *options, cwd=tmp_path)
    done = ovext("test", "rare", "--isa", "sse42", cwd=tmp_path)
    assert done.returncode == ExitCode.PROJECT
    assert "too rare to be found" in done.stderr
    assert "[[test.cases]]" in done.stderr
    with (tmp_path / "rare" / "ops" / "rare" / "op.toml").open("a") as file:
        file.write("\n[[test.cases]]\nshapes = { x = [1009] }\n")
    assert ovext("test", "rare", "--isa", "sse42", cwd=tmp_path).returncode == 0


def test_a_missing_reference_is_told(ovext: Ovext, healthy: Built, tmp_path: Path) -> None:
    project = shutil.copytree(healthy.project, tmp_path / "healthy", ignore=shutil.ignore_patterns("build"))
    (project / "ops" / "plain" / "reference.py").unlink()
    done = ovext("test", project, "--library", healthy.library, "--op", "Plain")
    assert done.returncode == ExitCode.PROJECT
    assert "Plain has no reference" in done.stderr


def run_pytest(built: Built, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--ovext", "--ovext-library", built.library, "-p", "no:cacheprovider"]
    return subprocess.run(
        [*map(str, command), *options], cwd=built.project, capture_output=True, text=True, check=False, timeout=300
    )


def test_pytest_runs_the_checks_of_a_project(healthy: Built) -> None:
    done = run_pytest(healthy, "-v", "ops/plain", "-k", "(numbers and sse42 and bf16) or unloading")
    assert done.returncode == 0, done.stdout
    assert "ops/plain/op.toml::numbers sse42 bf16 CPU PASSED" in done.stdout
    assert "ops/plain/op.toml::unloading" in done.stdout


def test_pytest_fails_with_the_smallest_case(ill: Built) -> None:
    done = run_pytest(ill, "ops/wrong_element", "-k", "numbers and avx2")
    assert done.returncode == 1
    assert "1 of 3 elements are not written" in done.stdout
    assert "ovext test" in done.stdout


def test_pytest_without_the_option_leaves_descriptions_alone(healthy: Built) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "ops"]
    done = subprocess.run(command, cwd=healthy.project, capture_output=True, text=True, check=False)
    assert "no tests ran" in done.stdout
