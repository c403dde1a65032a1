"""`ovext new` and `ovext sync`, run as a user runs them; nothing is compiled here."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers import Ovext
from ovext.errors import ExitCode
from ovext.project import load_project, read_op

FILES_OF_OP = {
    "README.md",
    "attributes.hpp",
    "frameworks.hpp",
    "kernel.cpp",
    "kernel.hpp",
    "op.cpp",
    "op.hpp",
    "op.toml",
    "reference.py",
}


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_name_alone_makes_a_project(ovext: Ovext, tmp_path: Path) -> None:
    done = ovext("new", "scaled_cosh", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    root = tmp_path / "scaled_cosh"
    assert {path.name for path in (root / "ops" / "scaled_cosh").iterdir()} == FILES_OF_OP
    assert [op.type for op in load_project(root).ops] == ["ScaledCosh"]
    assert all(name in done.stderr for name in files_in(root)), "the files are shown"
    assert json.loads((root / "CMakePresets.json").read_text())["version"] == 6
    assert "ovext test scaled_cosh" in done.stdout


def test_options_describe_the_op(ovext: Ovext, tmp_path: Path) -> None:
    options = ["--input", "x:f32:N,C,H,W", "--input", "bias:x:C", "--output", "y:x:N,C,max(H, 1),(W+2*pad-3)//2+1"]
    options += ["--attribute", "pad:int=1", "--attribute", "mode:enum(near,far)=far", "--constraint", "C > 0"]
    options += ["--framework", "onnx=my.domain:Pool", "--framework", "pytorch=my_ops::pool", "--gpu"]
    done = ovext("new", "my_ops", "--op", "Pool", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    op = read_op(tmp_path / "my_ops" / "ops" / "pool")
    assert (op.type, op.opset) == ("Pool", "my_ops")
    assert [one.dims for one in op.inputs] == [["N", "C", "H", "W"], ["C"]]
    assert op.outputs[0].shape == ["N", "C", "max(H, 1)", "(W+2*pad-3)//2+1"]
    assert op.defaults() == {"pad": 1, "mode": "far"}
    assert op.frameworks.onnx is not None
    assert (op.frameworks.onnx.domain, op.frameworks.onnx.type) == ("my.domain", "Pool")
    assert (tmp_path / "my_ops" / "ops" / "pool" / "kernel.cl").is_file()


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_a_file_describes_the_op(ovext: Ovext, tmp_path: Path, suffix: str) -> None:
    data = {"type": "Twice", "inputs": [{"name": "x", "types": ["f32"]}]}
    toml = 'type = "Twice"\n[[inputs]]\nname = "x"\ntypes = ["f32"]\n'
    file = tmp_path / f"twice.{suffix}"
    file.write_text(json.dumps(data) if suffix == "json" else toml)
    assert ovext("new", "my_ops", "--from", file, cwd=tmp_path).returncode == 0
    assert read_op(tmp_path / "my_ops" / "ops" / "twice").opset == "my_ops"


def test_a_project_gets_another_op(ovext: Ovext, tmp_path: Path) -> None:
    ovext("new", "my_ops", "--op", "First", cwd=tmp_path)
    done = ovext("new", ".", "--op", "Second", cwd=tmp_path / "my_ops")
    assert done.returncode == 0, done.stderr
    assert "OPS first second)" in (tmp_path / "my_ops" / "CMakeLists.txt").read_text()
    assert "CMakeLists.txt  (changed)" in done.stderr


def test_a_cmake_file_that_is_not_understood_is_left_alone(ovext: Ovext, tmp_path: Path) -> None:
    ovext("new", "my_ops", "--op", "First", cwd=tmp_path)
    lists = tmp_path / "my_ops" / "CMakeLists.txt"
    lists.write_text(lists.read_text().replace("OPS first", "OPS ${ops}"))
    done = ovext("new", "my_ops", "--op", "Second", cwd=tmp_path)
    assert "Add 'second' to the OPS" in done.stdout
    assert "${ops}" in lists.read_text()


def test_nothing_is_overwritten_without_force(ovext: Ovext, tmp_path: Path) -> None:
    ovext("new", "my_ops", cwd=tmp_path)
    kernel = tmp_path / "my_ops" / "ops" / "my_ops" / "kernel.cpp"
    kernel.write_text("// mine\n")
    before = files_in(tmp_path)
    refused = ovext("new", "my_ops", "--op", "MyOps", cwd=tmp_path)
    assert refused.returncode == ExitCode.USAGE
    assert "ops/my_ops/kernel.cpp" in refused.stderr
    assert "--force" in refused.stderr
    assert kernel.read_text() == "// mine\n"
    assert files_in(tmp_path) == before
    assert ovext("new", "my_ops", "--op", "MyOps", "--force", cwd=tmp_path).returncode == 0
    assert kernel.read_text() != "// mine\n"


def test_a_project_gets_no_op_without_being_told_which(ovext: Ovext, tmp_path: Path) -> None:
    ovext("new", "my_ops", "--op", "First", cwd=tmp_path)
    done = ovext("new", "my_ops", cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert "Name the op to add: ovext new my_ops --op TYPE" in done.stderr


@pytest.mark.parametrize(
    ("given", "stated", "begins"),
    [
        ("mit", "MIT", "MIT License\n\nCopyright (c) 20"),
        ("BSD-3-Clause", "BSD-3-Clause", "Copyright (c) 20"),
        ("apache-2.0", "Apache-2.0", "\n                                 Apache License"),
        ("LicenseRef-Proprietary", "LicenseRef-Proprietary", "Copyright (c) 20"),
    ],
)
def test_a_new_project_has_the_licence_that_is_asked_for(
    ovext: Ovext, tmp_path: Path, given: str, stated: str, begins: str
) -> None:
    assert ovext("new", "my_ops", "--license", given, cwd=tmp_path).returncode == 0
    assert load_project(tmp_path / "my_ops").metadata.license == stated
    text = (tmp_path / "my_ops" / "LICENSE").read_text()
    assert text.startswith(begins)
    assert "{{" not in text


def test_the_workflows_of_a_new_project_have_commands_that_work(ovext: Ovext, tmp_path: Path) -> None:
    """Those that compile nothing."""
    assert ovext("new", "my_ops", "--ci", "github", "--conan", cwd=tmp_path).returncode == 0
    project = tmp_path / "my_ops"
    texts = {file.name: file.read_text() for file in (project / ".github/workflows").iterdir()}
    assert set(texts) == {"test.yml", "release.yml"}
    for text in texts.values():
        assert "{%" not in text
    assert "ovext matrix --github" in texts["test.yml"]
    cells = [one["cell"] for one in json.loads(ovext("matrix", "--github", cwd=project).stdout)["include"]]
    assert "my_ops-ubi8-openvino2026.4.1-release" in cells
    assert ovext("sync", "--check", cwd=project).returncode == 0
    assert "ovext sync --check" in (project / ".pre-commit-config.yaml").read_text()
    words = (project / "conanfile.py").read_text().split()
    assert words[words.index("class") + 1] == "MyOps(ConanFile):"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--ci", "gitlab"], "unknown host of workflows 'gitlab'"),
        (["--license", "Foo"], "'Foo' is no SPDX expression"),
    ],
)
def test_wrong_wishes_for_the_repository_are_told(ovext: Ovext, tmp_path: Path, options: list[str], told: str) -> None:
    done = ovext("new", "my_ops", *options, cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert told in done.stderr
    assert ovext("new", "my_ops", cwd=tmp_path).returncode == 0
    again = ovext("new", "my_ops", "--op", "Other", "--conan", cwd=tmp_path)
    assert "Leave out --license, --ci and --conan: they are for a new one." in again.stderr


def test_a_licence_without_a_text_is_told(ovext: Ovext, tmp_path: Path) -> None:
    done = ovext("new", "my_ops", "--license", "MPL-2.0", cwd=tmp_path)
    assert "Put the text of MPL-2.0 into the file LICENSE." in done.stdout
    assert not (tmp_path / "my_ops" / "LICENSE").exists()


def test_dry_run_writes_nothing(ovext: Ovext, tmp_path: Path) -> None:
    done = ovext("new", "my_ops", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0
    assert "ops/my_ops/op.cpp" in done.stderr
    assert files_in(tmp_path) == set()


def test_a_failure_leaves_nothing_behind(ovext: Ovext, tmp_path: Path) -> None:
    """The folder of the ops cannot be created: a file has its name."""
    (tmp_path / "my_ops").mkdir()
    (tmp_path / "my_ops" / "ops").write_text("in the way")
    done = ovext("new", "my_ops", cwd=tmp_path)
    assert done.returncode == ExitCode.FILES, done.stderr
    assert files_in(tmp_path) == {"my_ops/ops"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["my-ops"], "Name it 'my_ops', for instance"),
        (["3ops"], "Name it 'ops', for instance"),
        (["a", "--op", "no/op"], "'no/op' is no name"),
        (["a", "--op", "Class", "--input", "class"], "'class' is a keyword of C++; write 'class_'"),
        (["a", "--input", "x:f23"], "'f23' is no element type"),
        (["a", "--input", "x:f32:N:C"], "not of the form NAME[:TYPES[:DIMS]]"),
        (["a", "--attribute", "alpha:flaot"], "unknown attribute type 'flaot' (did you mean 'float'?)"),
        (["a", "--attribute", "alpha"], "not of the form NAME:TYPE[=DEFAULT]"),
        (["a", "--attribute", "alpha:int=x"], "'x' in 'alpha:int=x' is no int"),
        (["a", "--framework", "onx=A"], "unknown framework 'onx' (did you mean 'onnx'?)"),
        (["a", "--output", "y:data:custom=many"], "'many' in --output 'y:data:custom=many' is no rank"),
        (["a", "--input", "x:u4"], "no kernel can be written for tensors of type u4"),
        (["a", "--constraint", "C + 1"], "compares no two formulas"),
    ],
)
def test_wrong_words_are_told(ovext: Ovext, tmp_path: Path, options: list[str], told: str) -> None:
    done = ovext("new", *options, cwd=tmp_path)
    assert done.returncode in {ExitCode.USAGE, ExitCode.PROJECT}
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert files_in(tmp_path) == set()


def test_wrong_files_are_told(ovext: Ovext, tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text('{"type": "A",')
    (tmp_path / "odd.toml").write_text('type = "A"\ninput = 1\n')
    assert "cut.json:1: this is not JSON" in ovext("new", "a", "--from", "cut.json", cwd=tmp_path).stderr
    assert "odd.toml:2: unknown key 'input' (did you mean 'inputs'?)" in (
        ovext("new", "a", "--from", "odd.toml", cwd=tmp_path).stderr
    )


def converse(command: list[str], answers: list[tuple[str, str]], cwd: Path) -> str:
    """Run a command in its own terminal, and type each answer when its question has appeared."""
    terminal, child_end = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "200", "PROMPT_TOOLKIT_NO_CPR": "1"}
    process = subprocess.Popen(command, cwd=cwd, stdin=child_end, stdout=child_end, stderr=child_end, env=env)
    os.close(child_end)
    said, end = "", time.monotonic() + 60
    waiting = list(answers)
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 1)
        if ready:
            try:
                said += os.read(terminal, 4096).decode(errors="replace")
            except OSError:  # the other end is closed
                break
        if waiting and waiting[0][0] in said:
            question, answer = waiting.pop(0)
            said = said[said.index(question) + len(question) :]
            os.write(terminal, answer.encode())
    process.wait(timeout=10)
    assert not waiting, f"never asked: {waiting[0][0]}; last said: {said}"
    return said


def test_it_asks_in_a_terminal(tmp_path: Path) -> None:
    answers = [
        ("What do models call the op?", "\r"),
        ("What does it compute", "Scales.\r"),
        ("Input 1: its name", "\r"),
        ("Input 1: its element types", "\r"),
        ("Input 1: its dimensions", "\r"),
        ("Input 2: its name", "\r"),
        ("The output's shape", "\r"),
        ("Attribute 1: its name", "alpha\r"),
        ("Its type?", "\r"),
        ("Its default", "2.5\r"),
        ("Attribute 2: its name", "\r"),
        ("Which frameworks", " \r"),
        ("What is it called in onnx?", "\r"),
        ("A kernel for GPUs too?", "n"),
        ("Its licence?", "\x1b[B\r"),
        ("Workflows for GitHub?", "n"),
        ("A Conan package too?", "y"),
        ("Write them?", "y\r"),
    ]
    converse([sys.executable, "-m", "ovext", "new", "scaled"], answers, tmp_path)
    assert load_project(tmp_path / "scaled").metadata.license == "MIT"
    assert (tmp_path / "scaled" / "conanfile.py").is_file()
    op = read_op(tmp_path / "scaled" / "ops" / "scaled")
    assert (op.doc, op.defaults()) == ("Scales.", {"alpha": 2.5})
    assert op.frameworks.onnx is not None


def test_a_no_at_the_end_writes_nothing(tmp_path: Path) -> None:
    converse([sys.executable, "-m", "ovext", "new", "scaled", "--gpu"], [("Write them?", "n\r")], tmp_path)
    assert files_in(tmp_path) == set()


@pytest.fixture
def project(ovext: Ovext, tmp_path: Path) -> Path:
    """A project with one op, Scaled, that has the attribute alpha."""
    ovext("new", "scaled", "--attribute", "alpha:float=1.0", "--framework", "onnx=Scaled", cwd=tmp_path)
    return tmp_path / "scaled"


def change(project: Path, old: str, new: str) -> None:
    file = project / "ops" / "scaled" / "op.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_sync_finds_nothing_to_do_in_a_new_project(ovext: Ovext, project: Path) -> None:
    done = ovext("sync", project, "--check")
    assert (done.returncode, done.stdout) == (0, "Everything is as op.toml says.\n")


def test_sync_writes_what_is_derived_and_tells_the_rest(ovext: Ovext, project: Path) -> None:
    before = {file: (project / "ops" / "scaled" / file).read_text() for file in FILES_OF_OP}
    change(project, 'name = "alpha"\ntype = "float"', 'name = "beta"\ntype = "double"\nmin = 0')
    assert ovext("sync", project, "--check").returncode == ExitCode.FAILED
    done = ovext("sync", project)
    assert done.returncode == 0
    folder = project / "ops" / "scaled"
    assert "double beta = 1.0;" in (folder / "attributes.hpp").read_text()
    assert "beta >= 0.0" in (folder / "attributes.hpp").read_text()
    assert 'model.read("beta", attributes.beta)' in (folder / "frameworks.hpp").read_text()
    by_hand = FILES_OF_OP - {"op.toml", "README.md", "attributes.hpp", "frameworks.hpp"}
    assert all((folder / file).read_text() == before[file] for file in by_hand)
    assert "the attribute 'beta' is new" in done.stdout
    assert "the attribute 'alpha' is gone" in done.stdout
    assert "reference.py:6: scaled() does not take the attribute 'beta'" in done.stdout


def test_sync_tells_where_a_gone_attribute_is_used(ovext: Ovext, project: Path) -> None:
    kernel = project / "ops" / "scaled" / "kernel.cpp"
    kernel.write_text(kernel.read_text().replace("return data;", "return data * T(parameters.alpha);"))
    change(project, "alpha", "beta")
    told = ovext("sync", project).stdout
    line = next(number for number, text in enumerate(kernel.read_text().splitlines(), 1) if "alpha" in text)
    assert f"{kernel}:{line}: it uses 'alpha', which is gone" in told
    assert "op.cpp:" in told


def test_sync_tells_that_values_of_an_enum_have_other_numbers(ovext: Ovext, project: Path) -> None:
    change(project, 'type = "float"\ndefault = 1.0', 'type = "enum"\nvalues = ["a", "b"]\ndefault = "a"')
    ovext("sync", project)
    change(project, '["a", "b"]', '["b", "a"]')
    assert "the values of 'alpha' have changed" in ovext("sync", project).stdout


def test_sync_tells_of_inputs_types_and_names(ovext: Ovext, project: Path) -> None:
    change(project, 'types = ["f32", "f16", "bf16"]', 'types = ["f32"]\n[[inputs]]\nname = "other"\ntypes = "data"')
    change(project, 'opset = "scaled"', 'opset = "other_ops"\nconstraints = ["1 > 0"]')
    told = ovext("sync", project).stdout
    assert "the input 'data' has changed" in told
    assert "the input 'other' is new" in told
    source = project / "ops" / "scaled" / "op.cpp"
    lines = source.read_text().splitlines()
    checks = {
        name: 1 + next(i for i, text in enumerate(lines) if name in text) for name in ("check_type", "check_input")
    }
    assert f"{source}:{checks['check_type']}: it uses 'data', which has changed" in told
    assert f"{source}:{checks['check_input']}: 'other' is new" in told
    assert "the constraints have changed" in told
    assert "scaled() takes 1 inputs, and the op has 2" in told
    assert "the op is Scaled of scaled, and in op.toml Scaled of other_ops" in told


def test_sync_tells_of_a_default_that_no_longer_fits(ovext: Ovext, project: Path) -> None:
    change(project, 'type = "float"\ndefault = 1.0', 'type = "string"\ndefault = "near"')
    ovext("sync", project)
    done = ovext("sync", project, "--check")
    assert done.returncode == ExitCode.FAILED
    assert "scaled(): the default of 'alpha' is not one that op.toml allows: 1.0 is no string" in done.stdout
    assert "Everything" not in done.stdout


@pytest.mark.parametrize(
    ("ops", "told"),
    [
        ("scaled other", ["OPS names 'other', and ops/other has no op.toml and op.cpp"]),
        ("other # scaled", ["OPS names 'other'", "OPS of ovext_add_extension() does not name 'scaled'"]),
        ("scaled)\n#[[ ovext_add_extension(other OPS other) ]]\nset(a", []),
        # Only CMake knows:
        ("${OPS}", []),
        ("other;more", []),
        ("other)\ninclude(more.cmake", []),
    ],
)
def test_sync_tells_where_the_list_of_ops_and_their_folders_differ(
    ovext: Ovext, project: Path, ops: str, told: list[str]
) -> None:
    lists = project / "CMakeLists.txt"
    lists.write_text(lists.read_text().replace("OPS scaled", f"OPS {ops}\n"))
    done = ovext("sync", project)
    assert all(one in done.stdout for one in told)
    assert len(done.stdout.splitlines()) == max(1, len(told))
    assert ("Everything is as op.toml says." in done.stdout) == (not told)


def test_a_file_without_the_mark_is_never_touched(ovext: Ovext, project: Path) -> None:
    own = project / "ops" / "scaled" / "frameworks.hpp"
    own.write_text("// mine\n")
    change(project, "alpha", "beta")
    ovext("sync", project)
    assert own.read_text() == "// mine\n"


def test_a_build_refuses_derived_files_that_are_stale(ovext: Ovext, project: Path) -> None:
    change(project, "alpha", "beta")
    done = ovext("build", project, "--dry-run")
    assert done.returncode == ExitCode.PROJECT
    assert "attributes.hpp and frameworks.hpp are not what op.toml says" in done.stderr
    assert "ovext sync" in done.stderr


def test_the_old_questions_are_asked_in_a_terminal(tmp_path: Path) -> None:
    answers = [
        ("Enter operation name", "ScaledCosh\r"),
        ("mo_tf_extractor: Enter layer name", "\r"),
        ("Copy all parameters?", "n"),
        ("no more", "alpha_tf alpha f\r"),
        ("no more", "q\r"),
        ("Attributes of the op", "alpha\r"),
        ("Which of them are internal", "\r"),
        ("Does your operation change shape?", "n"),
        ("no more", "alpha float 0.5\r"),
        ("no more", "\r"),
        ("Write them?", "y\r"),
    ]
    command = [sys.executable, "-m", "ovext", "new", "--legacy", "--mo-tf-ext", "--mo-op", "--ie-cpu-ext"]
    converse([*command, "--output_dir", "tree"], answers, tmp_path)
    tree = tmp_path / "tree"
    extractor = tree / "user_mo_extensions" / "front" / "tf" / "scaledcosh_ext.py"
    assert 'attrs["alpha"] = given["alpha_tf"].f' in extractor.read_text()
    op = read_op(tree / "user_ie_extensions" / "cpu" / "ops" / "scaled_cosh")
    assert op.defaults() == {"alpha": 0.5}
