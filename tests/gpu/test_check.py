"""`ovext gpu check`: projects and XML files, with and without compilers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from gpu.traps import KERNEL, XML
from helpers import CUSTOM_RELU, PACKAGES, Ovext, copy_project
from ovext.errors import ExitCode
from ovext.gpu.check import check as check_layers
from ovext.gpu.ocloc import choose_devices

GOOD_MVCL = """\
<CustomLayer name="Blend" type="MVCL" version="1">
  <Where mode="add"/>
  <Kernel entry="blend" stage="0">
    <Source filename="blend.bin"/>
    <Parameters>
      <Tensor arg-name="a" type="input" port-index="0" format="BFYX"/>
      <Tensor arg-name="kept" type="output_buffer" port-index="0" size="X*Y*4"/>
      <Scalar arg-name="scale" type="float" source="scale"/>
      <Scalar arg-name="channels" type="int" source="I0.F"/>
      <Data arg-name="row" type="local_data" dim="input,0" size="X*2"/>
      <Tensor arg-name="out" type="output" port-index="0" format="yxf"/>
    </Parameters>
    <WorkSizes dim="input,0" global="X,Y,F" local="1,1,1"/>
  </Kernel>
</CustomLayer>
"""


@pytest.fixture
def gpu_ops(tmp_path: Path) -> Path:
    """A copy of the package gpu_ops that the test may change."""
    return copy_project(PACKAGES / "gpu_ops", tmp_path / "gpu_ops")


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    (tmp_path / "layer.xml").write_text(XML)
    (tmp_path / "copy.cl").write_text(KERNEL)
    return tmp_path / "layer.xml"


def change(file: Path, old: str, new: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


def check(ovext: Ovext, path: Path, *options: str) -> tuple[int, dict[str, Any]]:
    done = ovext("gpu", "check", path, "--json", *options)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def lines_of(report: dict[str, Any], code: str) -> list[tuple[str, int]]:
    return [(Path(one["file"]).name, one["line"]) for one in report["findings"] if one["code"] == code]


@pytest.mark.parametrize("project", [CUSTOM_RELU, PACKAGES / "gpu_ops"], ids=lambda path: path.name)
def test_projects_of_this_repository_are_fine(project: Path, ovext: Ovext) -> None:
    code, report = check(ovext, project, "--no-compile")
    assert code == ExitCode.OK
    assert [one for one in report["findings"] if one["level"] != "note"] == []


def test_findings_of_a_project_are_told_at_the_lines_of_its_op_toml(gpu_ops: Path, ovext: Ovext) -> None:
    op = gpu_ops / "ops" / "blend" / "op.toml"
    change(op, 'global = ["B", "F", "Y * X"]', 'global = ["B", "F", "X / (Y - 1)"]')
    change(op, "scale = 0.5", "scale = 1e-7")
    change(op, 'entry = "blend"', 'entry = "mixed"')
    text = op.read_text().splitlines()
    code, report = check(ovext, gpu_ops, "--no-compile")
    assert code == ExitCode.FAILED
    assert lines_of(report, "size-zero-division") == [("op.toml", 1 + text.index('global = ["B", "F", "X / (Y - 1)"]'))]
    assert lines_of(report, "define-value") == [("op.toml", 1 + text.index('SCALE = "scale"'))]
    assert lines_of(report, "entry") == [("kernel.cl", 5)]


def test_a_kernel_that_is_missing_is_told(gpu_ops: Path, ovext: Ovext) -> None:
    (gpu_ops / "ops" / "blend" / "kernel.cl").unlink()
    (gpu_ops / "ops" / "blend" / "kernel_vpu.cl").unlink()
    code, report = check(ovext, gpu_ops)
    assert code == ExitCode.FAILED
    assert len(lines_of(report, "source")) == 2


def test_output_for_people_names_place_text_and_fix(layer: Path, ovext: Ovext) -> None:
    change(layer, 'version="1"', 'version="2"')
    change(layer, 'format="BFYX"', 'format="ANY"')
    done = ovext("gpu", "check", "layer.xml", "--no-compile", cwd=layer.parent)
    assert done.returncode == ExitCode.FAILED
    assert "layer.xml:1: error: the layer's version is '2', not '1' [layer-version]\n    -> " in done.stdout
    assert "layer.xml:7: error: with ANY on an output" in done.stdout
    assert "1 layer: 2 errors, 0 warnings, 0 notes" in done.stdout


@pytest.mark.parametrize(
    ("path", "code", "text"),
    [
        ("nothing.xml", ExitCode.PROJECT, "the layer file cannot be read"),
        (".", ExitCode.PROJECT, "this folder is no extension project"),
    ],
)
def test_what_is_no_layer_is_told_in_one_sentence(
    path: str, code: ExitCode, text: str, tmp_path: Path, ovext: Ovext
) -> None:
    done = ovext("gpu", "check", path, cwd=tmp_path)
    assert done.returncode == code
    assert text in done.stderr


def test_project_without_layers_is_told(ovext: Ovext) -> None:
    done = ovext("gpu", "check", PACKAGES / "two_ops")
    assert done.returncode == ExitCode.PROJECT
    assert "no op of this project has a GPU layer" in done.stderr


@pytest.mark.parametrize("data", [b"", b"\0\xff\xfe", b"<CustomLayer", b"<a/><b/>", "é".encode("latin-1"), b"<" * 5000])
def test_files_that_are_no_layers_do_not_crash_it(data: bytes, tmp_path: Path, ovext: Ovext) -> None:
    (tmp_path / "odd.xml").write_bytes(data)
    done = ovext("gpu", "check", tmp_path / "odd.xml")
    assert done.returncode == ExitCode.FAILED
    assert "odd.xml:1: error" in done.stdout.replace(str(tmp_path) + "/", "")
    assert "Traceback" not in done.stderr


def test_kernels_compile_for_every_generation(gpu_ops: Path, ocloc: Path, ovext: Ovext) -> None:
    code, report = check(ovext, gpu_ops)
    assert code == ExitCode.OK, report["findings"]
    for device in choose_devices(ocloc, None):
        built = [one for one in report["compiled"] if one["device"] == device]
        assert {(one["layer"], one["element"]) for one in built} >= {
            ("Blend", "f32"),
            ("Halved", "f16"),
            ("Halved", "u8"),
        }
        assert all(one["binary"]["registers"] >= 128 and one["binary"]["bytes"] > 0 for one in built)


@pytest.mark.usefixtures("ocloc", "pocl", "simulator")
def test_every_compiler_tells_a_mistake_at_the_users_line(gpu_ops: Path, ovext: Ovext) -> None:
    kernel = gpu_ops / "ops" / "halved" / "kernel.cl"
    change(kernel, "dst[b *", "dst[bb *")
    line = 1 + kernel.read_text()[: kernel.read_text().index("bb *")].count("\n")
    code, report = check(ovext, gpu_ops, "--device", "tgllp")
    assert code == ExitCode.FAILED
    assert lines_of(report, "compile") == [("kernel.cl", line)]
    text = next(one["text"] for one in report["findings"] if one["code"] == "compile")
    assert "use of undeclared identifier 'bb'" in text
    assert "(tgllp, PoCL, Intel(R) OpenCL)" in text


@pytest.mark.usefixtures("ocloc")
def test_spilled_registers_are_in_the_report(layer: Path, ovext: Ovext) -> None:
    read = "".join(f"float v{i} = src[from + {i}]; " for i in range(180))
    written = "".join(f"dst[to + {i}] = v{i} * v{(7 * i + 3) % 180}; " for i in range(180))
    many = f"{read} barrier(CLK_GLOBAL_MEM_FENCE); {written}"
    change(layer.with_name("copy.cl"), "dst[to] = src[from];", many)
    _, report = check(ovext, layer, "--device", "tgllp")
    built = {one["element"]: one["binary"] for one in report["compiled"] if one["device"] == "tgllp"}
    assert built["f32"]["spilled"] > 0


@pytest.mark.usefixtures("ocloc", "pocl", "simulator")
def test_an_option_that_compilers_refuse_is_one_finding(layer: Path, ovext: Ovext) -> None:
    change(layer, "-cl-mad-enable", "-ffoo")
    code, report = check(ovext, layer, "--device", "tgllp,skl")
    assert code == ExitCode.FAILED
    assert lines_of(report, "compile") == [("layer.xml", 9)]
    (finding,) = (one for one in report["findings"] if one["code"] == "compile")
    assert finding["text"].startswith("the compiler does not accept the options '-ffoo': ")
    assert finding["text"].endswith("(tgllp, skl, PoCL, Intel(R) OpenCL)")
    assert "\n" not in finding["text"]
    assert "Unrecognized build options" in finding["detail"]


@pytest.mark.usefixtures("ocloc")
def test_all_that_compilers_say_is_shown_on_request(layer: Path, ovext: Ovext) -> None:
    change(layer.with_name("copy.cl"), "dst[to]", "dst[two]")
    short = ovext("gpu", "check", layer, "--device", "tgllp").stdout
    long = ovext("gpu", "check", layer, "--device", "tgllp", "--verbose").stdout
    assert "dst[two] = src[from];" not in short
    assert "    | tgllp:\n" in long
    assert "dst[two] = src[from];" in long


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("-DSAY=&quot;hi", "the options end within quotes"),
        ("-cl-mad-enabled", "knows the option '-cl-mad-enabled' (did you mean '-cl-mad-enable'?)"),
        ("-D A=1 fast", "knows the option 'fast'"),
    ],
)
def test_options_that_cannot_be_right_are_told_and_not_tried(
    options: str, text: str, layer: Path, ovext: Ovext
) -> None:
    change(layer, "-cl-mad-enable", options)
    code, report = check(ovext, layer)
    assert code == ExitCode.FAILED
    assert lines_of(report, "options") == [("layer.xml", 9)]
    assert text in report["findings"][0]["text"]
    assert report["compiled"] == []


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("[gpu]\n", '[gpu]\nkernel = ["kernel.cl", "kernel.cl"]\n', "kernel.cl is listed twice"),
        ("[gpu]\n", "[gpu]\nkernel = []\n", "kernel"),
        ("[gpu]\n", "[gpu]\nranks = [3]\n", "'data' has none of these ranks"),
        ("[gpu]\n", '[gpu]\noptions = "-DA=\\u0000"\n', "options"),
        ("[test]\n", '[[gpu.scratch]]\nsize = ""\n[test]\n', "size"),
        ("[test]\n", '[[gpu.scratch]]\nsize = "4"\nname = "out"\n[test]\n', "'out' is the name of something else"),
        ("[gpu]\n", '[gpu]\nbuffers = ["data", "out", "dta"]\n', "'dta' is no input, output or scratch buffer"),
    ],
)
def test_mistakes_in_the_table_gpu_are_told_by_its_own_words(
    old: str, new: str, text: str, gpu_ops: Path, ovext: Ovext
) -> None:
    change(gpu_ops / "ops" / "halved" / "op.toml", old, new)
    done = ovext("gpu", "check", gpu_ops, "--no-compile")
    assert done.returncode == ExitCode.PROJECT
    assert text in done.stderr
    assert "op.toml" in done.stderr


def test_a_local_argument_is_told(gpu_ops: Path) -> None:
    change(gpu_ops / "ops" / "halved" / "op.toml", "[test]\n", '[[gpu.scratch]]\nsize = "4"\n[test]\n')
    change(gpu_ops / "ops" / "halved" / "kernel.cl", ") {", ", __local float* own) {")
    assert "arg-local" in {finding.code for finding in check_layers(gpu_ops).findings}


def test_a_device_without_compilers_is_refused(layer: Path, ovext: Ovext) -> None:
    assert ovext("gpu", "check", layer, "--no-compile", "--device", "tgllp").returncode == ExitCode.USAGE


@pytest.mark.parametrize(
    "options",
    [
        "-cl-match-sincospi -std=cl2.0",
        "-igc_opts ForceOCLSIMDWidth=16 -D A=1 -DB=2 -I . -w -Werror -O2",
        "-cl-intel-256-GRF-per-thread -cl-std=CL2.0",
    ],
)
def test_options_of_compilers_and_vendors_are_fine(options: str, layer: Path) -> None:
    change(layer, "-cl-mad-enable", options)
    assert check_layers(layer).findings == ()


def test_what_was_compiled_before_is_not_compiled_again(layer: Path, ocloc: Path, ovext: Ovext, tmp_path: Path) -> None:
    told = tmp_path / "calls"
    wrapper = tmp_path / "bin" / "ocloc"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\necho "$1" >> "{told}"\nexec "{ocloc}" "$@"\n')
    wrapper.chmod(0o755)
    path, cache = f"{wrapper.parent}:{os.environ['PATH']}", str(tmp_path / "cache")

    def compiled() -> int:
        told.write_text("")
        done = ovext("gpu", "check", layer, "--device", "tgllp", PATH=path, OVEXT_CACHE_DIR=cache)
        assert done.returncode == ExitCode.OK
        return told.read_text().splitlines().count("disasm")

    first = compiled()
    assert (first > 0, compiled()) == (True, 0)
    change(layer.with_name("copy.cl"), "= src[from]", "= src[from] + 1")
    assert compiled() == first


def test_absolute_path_of_a_source_is_told(layer: Path, ovext: Ovext) -> None:
    change(layer, '"copy.cl"', f'"{layer.with_name("copy.cl")}"')
    code, report = check(ovext, layer, "--no-compile")
    assert code == ExitCode.FAILED
    assert lines_of(report, "source-path") == [("layer.xml", 3)]


def test_files_elsewhere_are_not_read(layer: Path, ovext: Ovext, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret"
    secret.write_text("precious words\n")
    kernel = layer.with_name("copy.cl")
    original = kernel.read_text()
    for include in (f'#include "{secret}"', f'#inc\\\nlude "{secret}"', f'%:include_next "{secret}"'):
        kernel.write_text(f"{include}\n{original}")
        done = ovext("gpu", "check", layer)
        assert done.returncode == ExitCode.FAILED
        assert "[include]" in done.stdout
        assert "precious" not in done.stdout + done.stderr
    kernel.write_text(original)
    for name in (os.path.relpath(secret, layer.parent), "link.cl"):
        layer.with_name("link.cl").unlink(missing_ok=True)
        layer.with_name("link.cl").symlink_to(secret)
        text = layer.read_text()
        change(layer, '"copy.cl"', f'"{name}"')
        done = ovext("gpu", "check", layer, "--no-compile")
        assert "[source-path]" in done.stdout
        layer.write_text(text)


def test_a_source_in_a_folder_beside_is_read(
    layer: Path, ovext: Ovext, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = tmp_path_factory.mktemp("common") / "copy.cl"
    layer.with_name("copy.cl").rename(source)
    change(layer, '"copy.cl"', f'"{os.path.relpath(source, layer.parent)}"')
    assert ovext("gpu", "check", layer, "--no-compile").returncode == ExitCode.OK


NEVER_ENDING = {
    "comments.xml": "<!--" * 75_000,
    "types.xml": "<!DOCTYPE " * 30_000,
    "attributes.xml": "<CustomLayer " + " ".join(f'a{number}="1"' for number in range(10_000)) + "/>",
    "nested.xml": "<a>" * 100_000,
    "comments.cl": "/*" * 150_000,
    "attributes.cl": "__attribute__((x)) " * 15_000,
    "kernels.cl": "__kernel a( " * 25_000,
    "parentheses.cl": "(" * 300_000,
    "macros.cl": "#define A B\n" * 25_000,
}


@pytest.mark.parametrize("name", NEVER_ENDING)
def test_a_file_made_to_take_for_ever_is_read(layer: Path, ovext: Ovext, name: str) -> None:
    target = layer if name.endswith(".xml") else layer.with_name("copy.cl")
    target.write_text(NEVER_ENDING[name])
    done = ovext("gpu", "check", layer, "--no-compile")
    assert done.returncode == ExitCode.FAILED
    assert "error: " in done.stdout


@pytest.mark.parametrize("name", ["layer.xml", "copy.cl"])
def test_what_is_no_regular_file_is_not_opened(layer: Path, ovext: Ovext, name: str) -> None:
    layer.with_name(name).unlink()
    os.mkfifo(layer.with_name(name))
    done = ovext("gpu", "check", layer, "--no-compile")
    assert done.returncode in {ExitCode.FAILED, ExitCode.PROJECT}
    assert "error: " in done.stdout + done.stderr


@pytest.mark.usefixtures("ocloc")
def test_unknown_gpu_is_told(layer: Path, ovext: Ovext) -> None:
    done = ovext("gpu", "check", layer, "--device", "tglp")
    assert done.returncode == ExitCode.USAGE
    assert "unknown GPU 'tglp' (did you mean 'tgllp'?)" in done.stderr


def test_without_compilers_it_says_what_to_install(layer: Path, ovext: Ovext, tmp_path: Path) -> None:
    done = ovext("gpu", "check", layer, PATH=str(tmp_path))
    assert done.returncode == ExitCode.OK
    assert "ocloc was not found. For Intel GPUs offline: apt-get install" in done.stderr


def test_mvcl_layer_is_known(tmp_path: Path, ovext: Ovext) -> None:
    (tmp_path / "vpu.xml").write_text(GOOD_MVCL)
    assert check(ovext, tmp_path / "vpu.xml", "--no-compile")[0] == ExitCode.OK


@pytest.mark.parametrize(
    ("old", "new", "line", "text"),
    [
        ('version="1"', 'version="2"', 1, "version"),
        (' entry="blend"', "", 3, "<Kernel> has no entry"),
        ('stage="0"', 'stage="1"', 1, "the stages are 1"),
        ('stage="0"', 'stage=""', 3, "the stage of <Kernel> is empty"),
        ('    <Source filename="blend.bin"/>\n', "", 3, "the kernel has no <Source>"),
        ('arg-name="a" ', "", 6, "<Tensor> has no arg-name"),
        ('type="input" port', 'type="inputs" port', 6, "invalid type 'inputs' (did you mean 'input'?)"),
        ('format="BFYX"', 'format="BFZYX"', 6, "there is no format 'BFZYX'"),
        (' port-index="0" format="BFYX"', ' format="BFYX"', 6, "a tensor has no port-index"),
        (' size="X*Y*4"', "", 7, "has no size"),
        ('source="scale"', 'source=""', 8, "<Scalar> has no source"),
        ('source="I0.F"', 'source="I0.Q"', 9, "'I0.Q' is no source of a number"),
        ('dim="input,0" size="X*2"', 'size="X*2"', 10, "<Data> needs either a source or a dim"),
        ("<Data ", "<Date ", 10, "<Date> is no parameter (did you mean 'Data'?)"),
        ('dim="input,0" global', 'dim="input 0" global', 13, "the dim 'input 0' names no tensor"),
        ('global="X,Y,F"', 'global="X,Y,Z"', 13, "the global size 'Z' is not valid"),
        ('local="1,1,1"', 'locals="1,1,1"', 13, "takes no attribute 'locals' (did you mean 'local'?)"),
    ],
)
def test_mistakes_in_an_mvcl_layer_are_told(old: str, new: str, line: int, text: str, tmp_path: Path) -> None:
    (tmp_path / "vpu.xml").write_text(GOOD_MVCL)
    change(tmp_path / "vpu.xml", old, new)
    told = [(finding.where.line, finding.text) for finding in check_layers(tmp_path / "vpu.xml").findings]
    assert any(at == line and text in said for at, said in told), told


def test_mvcl_layers_that_the_tool_writes_pass_its_check(built_gpu_ops: Any, ovext: Ovext) -> None:
    code, report = check(ovext, built_gpu_ops.output_dir / "vpu" / "gpu_ops.xml", "--no-compile")
    assert (code, report["findings"]) == (ExitCode.OK, [])


def test_gpu_layers_that_the_tool_writes_pass_its_check(built_gpu_ops: Any, ovext: Ovext) -> None:
    code, report = check(ovext, built_gpu_ops.output_dir, "--no-compile")
    assert code == ExitCode.OK
    assert report["layers"] == ["Blend", "Halved", "Kept"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('global = ["X", "Y", "F"]', 'global = ["X", "Y/", "F"]', "size-syntax"),
        ("[vpu]\n", '[vpu]\ndim = "outpt,0"\n', "dim"),
        ("[vpu]\n", '[vpu]\ndim = "input,2"\n', "dim"),
        ('scale = "scale", bias', 'scale = "scales", bias', "parameter"),
        ('scale = "scale", bias', 'scale = "weights", bias', "parameter"),
        ('entry = "blend_vpu"', 'entry = "blend_npu"', "entry"),
    ],
)
def test_mistakes_in_a_table_for_vpus_are_told(old: str, new: str, code: str, gpu_ops: Path) -> None:
    change(gpu_ops / "ops" / "blend" / "op.toml", old, new)
    assert code in {finding.code for finding in check_layers(gpu_ops).findings}


@pytest.mark.parametrize(
    ("types", "argument", "is_error"),
    [
        ('["i32", "i64"]', "int* src", False),
        ('["i32", "u8"]', "int* src", True),
        ('["u8"]', "unsigned char* src", False),
        ('["f64"]', "float* src", False),
        ('["f32"]', "float4 src[]", True),
        ('["f32"]', "int* src", True),
    ],
)
def test_a_fixed_type_must_be_what_every_model_brings(types: str, argument: str, is_error: bool, gpu_ops: Path) -> None:
    op = gpu_ops / "ops" / "halved"
    change(op / "op.toml", '["i32", "f32", "f16", "u8", "i64"]', types)
    change(op / "kernel.cl", "INPUT0_TYPE* src", argument)
    assert ("fixed-type" in {finding.code for finding in check_layers(gpu_ops).findings}) == is_error


def test_two_ops_of_one_type_are_told(gpu_ops: Path) -> None:
    change(gpu_ops / "ops" / "halved" / "op.toml", 'type = "Halved"', 'type = "Blend"')
    assert "duplicate" in {finding.code for finding in check_layers(gpu_ops).findings}


@pytest.mark.parametrize("place", ['port-index="0"', 'arg-index="0"'])
def test_huge_numbers_are_told_once(place: str, layer: Path) -> None:
    change(layer, place, place.replace('"0"', '"30000000"'))
    codes = [finding.code for finding in check_layers(layer).findings]
    assert codes.count("tensor-index") == 1
    assert len(codes) < 10


def test_shapes_that_are_made_up_condemn_no_layer(layer: Path) -> None:
    change(layer, 'global="X,Y,B*F"', 'global="X/16*16,Y,B*F" local="16,1,1"')
    assert check_layers(layer).findings == ()


@pytest.mark.usefixtures("ocloc")
def test_kernel_of_an_xml_may_be_for_whole_numbers(layer: Path, ovext: Ovext) -> None:
    change(layer.with_name("copy.cl"), "= src[from];", "= src[from] & 3;")
    code, report = check(ovext, layer, "--device", "tgllp")
    assert (code, lines_of(report, "compile")) == (ExitCode.OK, [])


def test_names_of_a_vpu_kernel_must_be_bound(gpu_ops: Path, ovext: Ovext) -> None:
    change(gpu_ops / "ops" / "blend" / "op.toml", 'bias = "bias", channels', 'bais = "bias", channels')
    code, report = check(ovext, gpu_ops, "--no-compile")
    assert code == ExitCode.FAILED
    texts = [one["text"] for one in report["findings"] if one["code"] == "arg-name"]
    assert any("the kernel has no argument 'bais' (did you mean 'bias'?)" in text for text in texts)
    assert any("the argument 'bias' is bound to nothing (did you mean 'bais'?)" in text for text in texts)
