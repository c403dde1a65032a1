"""The results of `ovext build`: the file, its manifest, and what the file must not contain."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from bills import checked_bill
from ovext.files import sha256_of
from ovext.inspect.variants import compiled_variants
from ovext.targets.isa import isa_table

if TYPE_CHECKING:
    from helpers import Built, Ovext

ROOT = Path(__file__).resolve().parents[2]


def dynamic_entries(library: Path, tag: str) -> list[str]:
    with library.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".dynamic")
        assert isinstance(section, DynamicSection)
        return [getattr(entry, tag.removeprefix("DT_").lower()) for entry in section.iter_tags(tag)]


def symbols(file_name: Path, table: str) -> list[tuple[str, str, bool]]:
    """Name and binding of each symbol, and whether it is defined."""
    with file_name.open("rb") as file:
        section = ELFFile(file).get_section_by_name(table)
        assert isinstance(section, SymbolTableSection)
        return [
            (symbol.name, symbol["st_info"]["bind"], symbol["st_shndx"] != "SHN_UNDEF")
            for symbol in section.iter_symbols()
            if symbol.name
        ]


def section_names(file_name: Path) -> list[str]:
    with file_name.open("rb") as file:
        return [section.name for section in ELFFile(file).iter_sections()]


def test_nothing_is_exported_but_what_programs_call(built_relu: Built) -> None:
    exported = {name for name, _, defined in symbols(built_relu.library, ".dynsym") if defined}
    assert exported == {"create_extensions", "ovext_active_isa"}


def test_no_symbol_is_unique_in_the_process(built_relu: Built) -> None:
    assert "STB_LOOS" not in {binding for _, binding, _ in symbols(built_relu.library, ".symtab")}


def test_it_needs_openvino_and_has_no_run_path(built_relu: Built) -> None:
    assert "libopenvino.so.2641" in dynamic_entries(built_relu.library, "DT_NEEDED")
    assert not dynamic_entries(built_relu.library, "DT_RUNPATH")
    assert not dynamic_entries(built_relu.library, "DT_RPATH")


def test_library_for_a_server_does_not_need_openvino(built_two_ops: Built) -> None:
    server = built_two_ops.library.with_name("libfor_server_cpu_extension.so")
    assert not [name for name in dynamic_entries(server, "DT_NEEDED") if "openvino" in name]


def test_no_folder_of_the_build_machine_is_in_it(built_relu: Built) -> None:
    content = built_relu.library.read_bytes()
    assert str(built_relu.project).encode() not in content
    assert str(ROOT).encode() not in content


@pytest.mark.parametrize("variant", isa_table())
def test_variant_is_sealed(built_relu: Built, variant: str) -> None:
    """It has nothing that the linker could merge with other code, and nothing that runs before the choice."""
    sealed = built_relu.build_dir / "ovext" / "custom_relu" / "sealed" / f"{variant}.o"
    offered = [name for name, binding, defined in symbols(sealed, ".symtab") if defined and binding != "STB_LOCAL"]
    edges = {f"ovext_{array}_{variant}_{edge}" for array in ("init", "fini") for edge in ("begin", "end")}
    functions = set(offered) - edges
    assert len(functions) == 4  # run() for three element types, run_streamed()
    assert all(name.startswith("_ZN11custom_relu") and name.endswith(f".{variant}") for name in functions)
    own = (f"ovext_text_{variant}", f"ovext_init_{variant}", f"ovext_fini_{variant}")
    code = [name for name in section_names(sealed) if name.startswith((".text", ".init", ".fini", ".group", "ovext_"))]
    assert code
    assert set(code) <= set(own)


def test_variants_can_be_read_from_the_file(built_relu: Built, built_two_ops: Built) -> None:
    assert compiled_variants(built_relu.library) == tuple(isa_table())
    assert compiled_variants(built_two_ops.library) == tuple(isa_table())


def test_manifest_follows_its_schema_and_tells_the_truth(built_relu: Built) -> None:
    manifest = json.loads((built_relu.output_dir / "manifest.json").read_text())
    jsonschema.validate(manifest, json.loads((ROOT / "docs" / "manifest.schema.json").read_text()))
    (record,) = manifest["libraries"]
    assert record["file"] == built_relu.library.name
    assert record["sha256"] == sha256_of(built_relu.library)
    assert record["size"] == built_relu.library.stat().st_size
    assert record["ops"] == [{"type": "CustomReLU", "opset": "opset1"}]
    assert (record["base_os"], record["engine"], record["link"]) == ("ubuntu24", "host", "needed")
    for variant in record["variants"]:
        assert set(isa_table()[variant["id"]].flags) <= set(variant["flags"])
        assert not [flag for flag in variant["flags"] if "/" in flag]


def test_manifest_lists_each_library_of_a_project(built_two_ops: Built) -> None:
    manifest = json.loads((built_two_ops.output_dir / "manifest.json").read_text())
    ops = {record["file"]: [op["type"] for op in record["ops"]] for record in manifest["libraries"]}
    assert ops == {
        "libfor_server_cpu_extension.so": ["Doubled"],
        "libtwo_ops_cpu_extension.so": ["Doubled", "Width"],
    }


def test_build_with_nothing_to_do_changes_nothing(built_relu: Built, ovext: Ovext) -> None:
    def state() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in built_relu.output_dir.rglob("*")}

    before = state()
    done = ovext("build", built_relu.project, "--json", cwd=built_relu.output_dir.parents[1])
    assert json.loads(done.stdout)["up_to_date"] is True
    assert state() == before


OPENED = """\
import collections, json, os, sys
opened = collections.Counter()
def note(event, args):
    if event == "open" and not isinstance(args[0], int):
        if args[1] in {"r", "rb"} or args[1] is None and args[2] & os.O_ACCMODE == os.O_RDONLY:
            opened[os.fspath(args[0])] += 1
sys.addaudithook(note)
from ovext.cli.main import main
try:
    main()
finally:
    print(json.dumps({file: times for file, times in opened.items() if file.startswith(os.getcwd())}))
"""


def test_a_build_with_nothing_to_do_reads_each_file_once(built_relu: Built, ovext: Ovext) -> None:
    where = built_relu.project.parent
    ovext("build", "custom_relu", "--base-os", "ubuntu", cwd=where)  # this records that derived files are fresh
    command = [sys.executable, "-c", OPENED, "build", "custom_relu", "--base-os", "ubuntu"]
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=True)
    assert "up to date" in done.stdout
    opened: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    read = {str(Path(file).relative_to(where)): times for file, times in opened.items()}
    assert {"custom_relu/pyproject.toml", "custom_relu/ops/custom_relu/op.toml"} <= set(read)
    assert {file: times for file, times in read.items() if times > 1} == {}


def test_a_bill_of_materials_lies_beside_it(built_relu: Built) -> None:
    text, manifest = ((built_relu.output_dir / name).read_text() for name in ("custom_relu.cdx.json", "manifest.json"))
    bill = checked_bill(text, built_relu.content, manifest)
    assert bill["metadata"]["component"]["purl"] == "pkg:generic/custom-relu@0.1.0"
    assert "pkg:github/openvinotoolkit/openvino@2026.4.1" in {part.get("purl") for part in bill["components"]}


def test_a_project_may_precompile_headers(custom_relu: Path, ovext: Ovext) -> None:
    """What is precompiled is no object that is sealed or inspected."""
    with (custom_relu / "CMakeLists.txt").open("a", encoding="utf-8") as file:
        file.write("target_precompile_headers(custom_relu PRIVATE <openvino/op/op.hpp>)\n")
    done = ovext("build", "--isa", "sse42", cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    assert list((custom_relu / "build").rglob("cmake_pch.hxx.gch"))


def test_a_lost_or_spoilt_bill_of_materials_is_made_again(custom_relu: Path, ovext: Ovext) -> None:
    assert ovext("build", "--isa", "sse42", cwd=custom_relu).returncode == 0
    bill = custom_relu / "lib" / "ubuntu" / "custom_relu.cdx.json"
    before = bill.read_text()
    for spoil in (bill.unlink, lambda: bill.write_text("{}")):
        spoil()
        assert "up to date" not in ovext("build", "--isa", "sse42", cwd=custom_relu).stdout
        assert bill.read_text() == before
    assert "up to date" in ovext("build", "--isa", "sse42", cwd=custom_relu).stdout


def test_dry_run_shows_the_steps_and_writes_nothing(custom_relu: Path, ovext: Ovext) -> None:
    before = sorted(custom_relu.rglob("*"))
    done = ovext("build", "--dry-run", "--explain", "--isa", "avx2", cwd=custom_relu)
    assert done.returncode == 0
    assert "--preset avx2" in done.stdout
    assert "-DOVEXT_ISA=avx2" in done.stdout
    assert f"{custom_relu / 'lib' / 'ubuntu'}" in done.stdout
    assert "(--isa avx2)" in done.stderr
    assert sorted(custom_relu.rglob("*")) == before


def test_dirty_checkout_is_recorded(custom_relu: Path, ovext: Ovext) -> None:
    def git(*words: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        command = ["git", "-C", str(custom_relu), *identity, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def project_record(output: str = "lib") -> dict[str, object]:
        assert ovext("build", "--isa", "sse42", "--output", output, cwd=custom_relu).returncode == 0
        manifest = json.loads((custom_relu / output / "ubuntu" / "manifest.json").read_text())
        record: dict[str, object] = manifest["libraries"][0]["project"]
        return record

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "all")
    commit = git("rev-parse", "HEAD")
    record = project_record()
    assert (record["name"], record["version"], record["license"]) == ("custom-relu", "0.1.0", "Apache-2.0")
    assert (record["commit"], record["dirty"]) == (commit, False)
    (custom_relu / "ops" / "custom_relu" / "notes.txt").touch()
    assert project_record()["dirty"] is True
    git("add", ".")
    git("commit", "--quiet", "-m", "notes")
    for output in ("../elsewhere", ".", "python"):  # beside the project, and in the midst of its sources
        assert project_record(output)["dirty"] is False
        assert project_record(output)["commit"] == git("rev-parse", "HEAD")
        git("clean", "--quiet", "-d", "--force", "--exclude=build", "--exclude=lib")
    (custom_relu / "python" / "custom_relu" / "__init__.py").write_text("changed = True\n")
    assert project_record("python")["dirty"] is True


@pytest.mark.parametrize("told", ["HELLO world", "-dirty", "abc"])
def test_a_commit_that_is_none_is_told(custom_relu: Path, ovext: Ovext, told: str) -> None:
    done = ovext("build", "--isa", "sse42", cwd=custom_relu, OVEXT_COMMIT=told)
    assert done.returncode == 2
    assert f"OVEXT_COMMIT='{told}' is no commit" in done.stderr


def test_the_version_of_binutils_is_recorded(built_relu: Built) -> None:
    (record,) = json.loads((built_relu.output_dir / "manifest.json").read_text())["libraries"]
    said = subprocess.run(
        [shutil.which("ld.bfd") or "", "--version"], check=True, capture_output=True, text=True
    ).stdout
    assert record["compiler"]["binutils"] in said.partition("\n")[0].split()


def test_compiler_named_by_cxx_is_used(custom_relu: Path, ovext: Ovext, tmp_path: Path) -> None:
    wrapper = tmp_path / "my-compiler"
    wrapper.symlink_to("/usr/bin/g++")
    done = ovext("build", "--dry-run", cwd=custom_relu, CXX=str(wrapper), PATH=os.environ["PATH"])
    assert f"-DCMAKE_CXX_COMPILER={wrapper}" in done.stdout
