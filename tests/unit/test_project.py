"""Reading the author's files: every problem is reported at once, each with its line."""

from pathlib import Path

import pytest

from ovext.errors import ProjectError
from ovext.project import load_project, read_op

GOOD_PYPROJECT = """\
[project]
name = "sample"
version = "1.0"

[tool.ovext]
openvino = ["2026.4.1", "2026.2.1"]
"""
GOOD_OP = """\
schema = 1
type = "Sample"
opset = "opset1"

[[inputs]]
name = "data"
types = ["f32"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A correct project with one op; its C++ is not looked at here."""
    (tmp_path / "pyproject.toml").write_text(GOOD_PYPROJECT)
    (tmp_path / "CMakeLists.txt").touch()
    (tmp_path / "ops" / "sample").mkdir(parents=True)
    (tmp_path / "ops" / "sample" / "op.toml").write_text(GOOD_OP)
    return tmp_path


def problem_of(project: Path) -> str:
    with pytest.raises(ProjectError) as caught:
        _ = load_project(project).ops
    return str(caught.value)


def test_a_correct_project_is_read(project: Path) -> None:
    loaded = load_project(project)
    assert (loaded.name, loaded.version) == ("sample", "1.0")
    assert loaded.settings.default_openvino == "2026.4.1"
    assert loaded.settings.isa == ["multi"]
    assert read_op(project / "ops" / "sample").type == "Sample"


def test_unknown_key_is_told_with_line_and_nearest_key(project: Path) -> None:
    (project / "pyproject.toml").write_text(GOOD_PYPROJECT + "isas = ['avx2']\n")
    assert f"{project / 'pyproject.toml'}:7: unknown key 'isas' (did you mean 'isa'?)" in problem_of(project)


def test_all_problems_of_a_file_are_told_at_once(project: Path) -> None:
    op = project / "ops" / "sample" / "op.toml"
    op.write_text(GOOD_OP.replace('type = "Sample"', 'type = "no name"').replace('["f32"]', '["float"]') + "rank = 4\n")
    told = problem_of(project)
    assert f"{op}:2: type:" in told
    assert f"{op}:7: inputs.0.types.0: 'float' is not allowed" in told
    assert (
        f"{op}:8: unknown key 'rank' (did you mean 'ranks'?); allowed: align, dims, doc, many, name, optional, " in told
    )


def test_problems_of_all_ops_are_told_at_once(project: Path) -> None:
    for name in ("other", "sample"):
        (project / "ops" / name).mkdir(exist_ok=True)
        (project / "ops" / name / "op.toml").write_text(GOOD_OP + f"{name}_key = 1\n")
    told = problem_of(project)
    assert "unknown key 'other_key'" in told
    assert "unknown key 'sample_key'" in told


def test_line_is_that_of_the_right_table_of_an_array(project: Path) -> None:
    op = project / "ops" / "sample" / "op.toml"
    op.write_text(GOOD_OP + '\n[[inputs]]\nname = "other"\ntypes = []\n')
    assert f"{op}:11: inputs.1.types" in problem_of(project)


def test_missing_key_is_named(project: Path) -> None:
    (project / "ops" / "sample" / "op.toml").write_text(GOOD_OP.replace('opset = "opset1"\n', ""))
    assert "the key 'opset' is missing" in problem_of(project)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"2026.4.1"', '"26.4"', "'26.4' is not an OpenVINO version"),
        ('["2026.4.1", "2026.2.1"]', "[]", "at least 1 item"),
        ("[tool.ovext]", "isa = 3\n[tool.ovext]\nisa = ['avx']", "unknown instruction set 'avx'"),
        ("[tool.ovext]", "[tool.other]", "the table [tool.ovext] is missing"),
        ('version = "1.0"', "", "must state name and version"),
        ("[project]", "[[project]]", "must state name and version"),
        ("[project]", "[project", "this is not TOML"),
    ],
)
def test_wrong_pyproject_is_refused(project: Path, old: str, new: str, told: str) -> None:
    (project / "pyproject.toml").write_text(GOOD_PYPROJECT.replace(old, new))
    assert told in problem_of(project)


def test_line_of_broken_toml_is_told(project: Path) -> None:
    (project / "pyproject.toml").write_text(GOOD_PYPROJECT + "isa = [\n\n")
    assert f"{project / 'pyproject.toml'}:" in problem_of(project)


def test_file_that_is_not_text_is_refused(project: Path) -> None:
    (project / "pyproject.toml").write_bytes(b"\xff\xfe\x00")
    assert "the file cannot be read" in problem_of(project)


@pytest.mark.parametrize("name", ["pyproject.toml", "CMakeLists.txt"])
def test_folder_without_its_files_is_no_project(project: Path, name: str) -> None:
    (project / name).unlink()
    assert f"this folder is no extension project: {name} is missing" in problem_of(project)


def test_missing_folder_is_told(tmp_path: Path) -> None:
    assert "there is no such folder" in problem_of(tmp_path / "nowhere")


def test_op_without_description_is_told(project: Path) -> None:
    with pytest.raises(ProjectError, match="the op 'other' has no description"):
        read_op(project / "ops" / "other")


HOSTILE = {
    "a key of many parts": ("a." * 100_000 + "a = 1", "more than 64 parts"),
    "a large file": ("# " + "x" * (1 << 20), "it has more than"),
    "a number of many digits": ("a = " + "9" * 5000, "this is not TOML that can be read"),
    "arrays in arrays": ("a = " + "[" * 5000, "TOML"),
    "many keys": ("\n".join(f"k{number} = 1" for number in range(1500)), "k1499"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_file_made_to_hurt_is_refused(project: Path, kind: str) -> None:
    text, told = HOSTILE[kind]
    (project / "ops" / "sample" / "op.toml").write_text(text)
    with pytest.raises(ProjectError, match=told):
        read_op(project / "ops" / "sample")
