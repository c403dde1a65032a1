"""`ovext rename` and `ovext remove`: every place follows, and nothing of the author's is lost."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from helpers import PACKAGES, ROOT, copy_project, run_ovext
from ovext.errors import ExitCode, FilesError, ProjectError, UnknownNameError, UsageError
from ovext.project import load_project
from ovext.scaffold.names_in_code import renamed_in_cpp, renamed_in_python
from ovext.scaffold.rename import apply_rewrite, plan_removal, plan_rename
from ovext.scaffold.sync import plan_sync

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.quick


@pytest.fixture
def llm(tmp_path: Path) -> Path:
    source = ROOT / "extension_src" / "llm_ops"
    return shutil.copytree(source, tmp_path / "llm_ops", ignore=shutil.ignore_patterns("build", "lib"))


def renamed(project: Path, old: str, new: str) -> list[str]:
    """Rename something; what is left to do by hand. What follows from op.toml is then up to date."""
    loaded = load_project(project)
    rewrite = plan_rename(loaded, old, new)
    apply_rewrite(loaded, rewrite)
    assert plan_sync(load_project(project)).files == {}
    return rewrite.advice


def test_an_op_is_renamed_in_all_its_files(llm: Path) -> None:
    advice = renamed(llm, "RMSNorm", "RootMeanSquare")
    folder = llm / "ops" / "root_mean_square"
    assert not (llm / "ops" / "rms_norm").exists()
    op = load_project(llm).op_in(folder)
    assert (op.type, op.gpu and op.gpu.entry) == ("RootMeanSquare", "root_mean_square_kernel")
    assert op.frameworks.onnx
    assert op.frameworks.onnx.type == "RMSNormalization", "models call it as before"
    assert "def root_mean_square(" in (folder / "reference.py").read_text()
    assert "__kernel void root_mean_square_kernel(" in (folder / "kernel.cl").read_text()
    for name in ("op.hpp", "op.cpp", "kernel.hpp", "kernel.cpp"):
        text = (folder / name).read_text()
        assert "RMSNorm" not in text
        assert "rms_norm" not in text
    assert "OPS root_mean_square rotary_embedding snake)" in (llm / "CMakeLists.txt").read_text()
    assert 'op = "RootMeanSquare"' in (llm / "bench" / "rms_norm.toml").read_text()
    assert f"{llm / 'README.md'}:7: it names RMSNorm" in advice


def test_an_attribute_is_renamed_and_models_keep_their_name_for_it(llm: Path) -> None:
    advice = renamed(llm, "RMSNorm.epsilon", "small")
    folder = llm / "ops" / "rms_norm"
    text = (folder / "op.toml").read_text()
    assert "attributes = { small = 0.1 }" in text
    assert 'EPSILON = "small"' in text
    op = load_project(llm).op_in(folder)
    assert op.frameworks.onnx
    assert op.frameworks.onnx.attributes == {"small": "epsilon"}
    assert "parameters.small" in (folder / "kernel.cpp").read_text()
    assert "small: float = 1e-05" in (folder / "reference.py").read_text()
    assert advice[-1] == "IRs that were saved before have the attribute 'epsilon' of RMSNorm: convert them again"
    functions = llm / "bench" / "functions.py"
    line = next(n for n, text in enumerate(functions.read_text().split("\n"), 1) if "epsilon" in text)
    assert f"{functions}:{line}: it has the word 'epsilon'" in advice
    assert f"{folder / 'reference.py'}:7: it has the word 'epsilon'" in advice, "the docstring is the author's"


def test_an_input_is_renamed_with_its_sizes_and_cases(llm: Path) -> None:
    renamed(llm, "RotaryEmbedding.data", "hidden")
    folder = llm / "ops" / "rotary_embedding"
    op = load_project(llm).op_in(folder)
    assert [one.name for one in op.inputs] == ["hidden", "cosines", "sines"]
    assert op.inputs[1].types == "hidden"
    assert all("hidden" in case.shapes for case in op.test.cases)
    assert 'dims.read("hidden", inputs[0]' in (folder / "op.cpp").read_text()
    assert "const void* hidden," in (folder / "kernel.cpp").read_text()
    assert "hidden_size" in (folder / "sizes.hpp").read_text()


def test_a_tensor_is_renamed_in_the_tables_of_its_layers(tmp_path: Path) -> None:
    project = copy_project(PACKAGES / "gpu_ops", tmp_path / "gpu_ops")
    renamed(project, "Blend.b", "second")
    op = load_project(project).op_in(project / "ops" / "blend")
    assert op.gpu
    assert op.vpu
    assert [buffer.tensor for buffer in op.gpu.buffers] == ["second", "a", "out"]
    assert "second" in {bound.tensor for bound in op.vpu.arguments.values()}


def test_a_formula_follows_a_renamed_input(llm: Path) -> None:
    renamed(llm, "Snake.alpha", "frequency")
    op = load_project(llm).op_in(llm / "ops" / "snake")
    assert op.elementwise == "data + sin(frequency * data) * sin(frequency * data) / (frequency + 0.000000001)"
    assert op.range_of("frequency") == (0.25, 3)


def test_comments_and_order_of_op_toml_stay(llm: Path) -> None:
    file = llm / "ops" / "rms_norm" / "op.toml"
    before = file.read_text().replace("[test]", "# as in the paper\n[test]  # what is tried")
    file.write_text(before)
    renamed(llm, "RMSNorm.weight", "gain")
    wanted = before.replace('name = "weight"', 'name = "gain"').replace("weight = [", "gain = [")
    assert file.read_text() == wanted


def test_a_word_that_is_taken_is_left_to_the_author(llm: Path) -> None:
    kernel = llm / "ops" / "rms_norm" / "kernel.cpp"
    before = kernel.read_text()
    advice = renamed(llm, "RMSNorm.weight", "count")
    assert kernel.read_text() == before
    assert f"{kernel}: it has the word 'count' already: rename 'weight' there by hand" in advice


def test_a_removed_op_is_kept_aside(llm: Path) -> None:
    loaded = load_project(llm)
    text = (llm / "ops" / "snake" / "kernel.cpp").read_text()
    apply_rewrite(loaded, plan_removal(loaded, "Snake"))
    assert [op.type for op in load_project(llm).ops] == ["RMSNorm", "RotaryEmbedding"]
    assert not (llm / "ops" / "snake").exists()
    assert (llm / "removed" / "ops" / "snake" / "kernel.cpp").read_text() == text
    assert (llm / "removed" / "bench" / "snake.toml").is_file()
    assert "OPS rms_norm rotary_embedding)" in (llm / "CMakeLists.txt").read_text()


def test_what_cannot_be_renamed_is_refused(llm: Path) -> None:
    loaded = load_project(llm)
    for old, new, error, said in (
        ("RMSnorm", "X", UnknownNameError, "did you mean 'RMSNorm'"),
        ("Snake.alfa", "x", UnknownNameError, "did you mean 'alpha'"),
        ("Snake", "RMSNorm", UsageError, "has an op RMSNorm already"),
        ("Snake.alpha", "data", UsageError, "Snake has 'data' already"),
        ("Snake.alpha", "lambda", ProjectError, "lambda"),
        ("Snake.", "x", UnknownNameError, "input, output or attribute of Snake"),
        ("Snake", "no name", ProjectError, "no name"),
        ("Snake", "Subgraph", ProjectError, "CPU plugin takes 'Subgraph'"),
    ):
        with pytest.raises(error, match=said):
            plan_rename(loaded, old, new)


def test_nothing_is_changed_without_a_yes(llm: Path) -> None:
    before = {file: file.read_bytes() for file in llm.rglob("*") if file.is_file()}
    done = run_ovext("rename", llm, "Snake.alpha", "frequency")
    assert (done.returncode, "Nothing was changed" in done.stderr) == (ExitCode.OK, True)
    assert "-    sin(alpha" not in done.stdout
    assert {file: file.read_bytes() for file in llm.rglob("*") if file.is_file()} == before
    assert run_ovext("rename", llm, "Snake.alpha", "frequency", "--yes").returncode == ExitCode.OK
    assert run_ovext("sync", llm, "--check").returncode == ExitCode.OK


def test_members_of_others_stay_in_cpp() -> None:
    text = "auto* data = inputs[0].data(); p->data; m_attributes.data; sizes.data_size; parameters.data"
    wanted = "auto* x = inputs[0].data(); p->data; m_attributes.x; sizes.x_size; parameters.x"
    assert renamed_in_cpp(text, {"data": "x", "data_size": "x_size"}) == wanted


def test_a_file_that_is_no_text_is_moved_as_it_is(llm: Path) -> None:
    (llm / "ops" / "snake" / "notes.md").write_bytes(b"\xff\xfe")
    (llm / "ops" / "snake" / "table.h").write_bytes(b"namespace snake {}\r\n")
    renamed(llm, "Snake", "Wave")
    assert (llm / "ops" / "wave" / "notes.md").read_bytes() == b"\xff\xfe"
    assert (llm / "ops" / "wave" / "table.h").read_bytes() == b"namespace wave {}\r\n"


def test_a_comment_in_cmakelists_is_no_list(llm: Path) -> None:
    lists = llm / "CMakeLists.txt"
    lists.write_text("# ovext_add_extension(x OPS snake)\novext_add_extension(x OPS ${ALL})\n")
    advice = renamed(llm, "Snake", "Wave")
    assert lists.read_text().startswith("# ovext_add_extension(x OPS snake)")
    assert f"{lists}: OPS of ovext_add_extension() does not name 'snake': change it by hand" in advice


def test_a_failed_removal_changes_nothing(llm: Path) -> None:
    (llm / "removed").touch()
    before = {file: file.read_bytes() for file in llm.rglob("*") if file.is_file()}
    loaded = load_project(llm)
    with pytest.raises(FilesError):
        apply_rewrite(loaded, plan_removal(loaded, "Snake"))
    assert {file: file.read_bytes() for file in llm.rglob("*") if file.is_file()} == before


def test_words_of_other_namespaces_stay_in_cpp() -> None:
    text = "sum::run(); ovext::sum(a); int sum = sum_size; // sum"
    assert renamed_in_cpp(text, {"sum": "total"}) == "total::run(); ovext::sum(a); int total = sum_size; // total"


def test_keywords_and_attributes_stay_in_python() -> None:
    text = "def f(axis):\n    return np.sum(x, axis=axis) + x.axis\n"
    assert renamed_in_python(text, {"axis": "dim"}) == "def f(dim):\n    return np.sum(x, axis=dim) + x.axis\n"
    assert renamed_in_python("def (", {"f": "g"}) == "def ("
    text = "async def  f(x):\n    return g(x=x)\n\x0c\ndef g(x): return x\n"
    assert renamed_in_python(text, {"f": "h", "x": "y"}) == text.replace("f(x)", "h(y)").replace(
        "g(x=x)", "g(y=y)"
    ).replace("g(x): return x", "g(y): return y")
