"""Rules of this repository that no linter knows."""

import ast
import json
import re
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

import ovext
from ovext.build import manifest
from ovext.errors import MEANINGS, ExitCode, OvextError
from ovext.inspect import codes, report
from ovext.project import load_project, op
from ovext.project.attributes import ATTRIBUTE_TYPES
from ovext.project.sources import KEPT_BY_TOOLS, PRODUCTS
from ovext.proof.report import CHECKS, ROWS
from ovext.scaffold.new import cmake_presets
from ovext.scaffold.repository import Repository, repository_files
from ovext.scaffold.sync import Sync, plan_sync
from ovext.targets.base_os import base_oses
from ovext.targets.isa import isa_table, markdown_table

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(ovext.__file__).parent

# Who may import whom: a folder imports only from the levels below its own, and from GROUND.
LEVELS = [
    {"cli"},
    {"bench", "package", "report"},
    {"proof"},
    {"build"},
    {"gpu", "scaffold"},
    {"worker"},
    {"inspect"},
    {"models", "project", "toolchain"},
    {"targets"},
]
GROUND = {"errors", "files", "findings", "inner", "loading", "lock", "resources", "toml", "transaction"}


def imports_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return {module.split(".")[1] for module in modules if module.startswith("ovext.")}


@pytest.mark.parametrize("level", range(len(LEVELS)), ids=lambda level: ",".join(sorted(LEVELS[level])))
def test_imports_run_downward_only(level: int) -> None:
    below = set().union(*LEVELS[level + 1 :], GROUND)
    for folder in LEVELS[level]:
        for file in (PACKAGE / folder).rglob("*.py"):
            assert imports_of(file) <= below | {folder}, file


def test_every_folder_has_its_level() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders == set().union(*LEVELS)


def test_no_two_classes_share_a_name() -> None:
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in PACKAGE.rglob("*.py")]
    classes = Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert [name for name, count in classes.items() if count > 1] == []


@pytest.mark.parametrize("part", [report, manifest, op])
def test_generated_files_are_fresh(part: ModuleType) -> None:
    name = {report: "inspect", manifest: "manifest", op: "op"}[part]
    schema = (ROOT / "docs" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert schema == part.json_schema(), "run `make generate`"


def test_every_exit_code_is_documented() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for code in ExitCode:
        assert f"| {code.value} | {MEANINGS[code]} |" in page


def test_every_check_of_a_proof_is_documented() -> None:
    page = (ROOT / "docs" / "test.md").read_text()
    assert [name for name in CHECKS if f"`{name}`" not in page] == []
    assert set(ROWS) < set(CHECKS)


def test_every_finding_of_the_gpu_check_is_documented() -> None:
    """The codes are the literals that findings are created with; some include a name from the XML."""
    page = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")
    sources = "".join(file.read_text(encoding="utf-8") for file in (PACKAGE / "gpu").glob("*.py"))
    codes = set(re.findall(r'\b(?:error|warning|note|state|PlacedFinding)\(\s*"([a-z-]+)"', sources))
    assert len(codes) > 40
    assert {code for code in codes if f"`{code}`" not in page} == set()


def subclasses(of: type[OvextError]) -> set[type[OvextError]]:
    direct = set(of.__subclasses__())
    return direct.union(*(subclasses(one) for one in direct)) if direct else direct


def test_every_error_has_an_exit_code_that_is_no_success() -> None:
    assert all(error.exit_code != ExitCode.OK for error in subclasses(OvextError))


def test_every_error_is_one_that_an_outer_ovext_knows() -> None:
    """It imports only ovext.errors, not everything that an inner one does."""
    names = "|".join(error.__name__ for error in {OvextError} | subclasses(OvextError))
    derived = re.compile(rf"^class \w+\(({names})\):", re.MULTILINE)
    others = [file for file in PACKAGE.rglob("*.py") if file.name != "errors.py"]
    assert [file for file in others if derived.search(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("example", ["complex_ops", "custom_relu", "llm_ops", "vision_ops"])
def test_presets_of_an_example_follow_the_table(example: str) -> None:
    text = (ROOT / "extension_src" / example / "CMakePresets.json").read_text(encoding="utf-8")
    assert text == cmake_presets("${sourceDir}/../../cmake"), "run `make generate`"
    names = {preset["name"] for preset in json.loads(text)["configurePresets"] if not preset.get("hidden")}
    assert names >= {"multi", "native", *isa_table()}


def test_every_instruction_set_is_documented() -> None:
    page = (ROOT / "docs" / "isa.md").read_text(encoding="utf-8")
    assert f"-->\n{markdown_table()}<!-- end -->" in page, "run `make generate`"


def test_every_finding_is_documented() -> None:
    page = (ROOT / "docs" / "inspect.md").read_text(encoding="utf-8")
    assert f"-->\n{codes.markdown_table()}<!-- end -->" in page, "run `make generate`"


def test_every_finding_that_inspection_has_is_in_its_table() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in (PACKAGE / "inspect").glob("*.py"))
    found = re.findall(r'(?:LibraryFinding|_refusal)\(\s*"([a-z-]+)"', source)
    assert set(found) == set(codes.CODES)


def test_every_base_os_is_documented() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for base in base_oses():
        assert f"| {base.title} | {base.glibc}, {base.glibcxx}, {base.cxxabi} |" in page
        assert all(f"`{name}`" in page for name in (base.id, *base.aliases))


def test_the_conan_recipe_has_the_same_tables() -> None:
    recipe = (ROOT / "conan/recipes/ovext/all/conanfile.py").read_text(encoding="utf-8")
    assigned = [node for node in ast.parse(recipe).body if isinstance(node, ast.Assign)]
    constants = {ast.unparse(node.targets[0]): node.value for node in assigned}
    assert set(ast.literal_eval(constants["PRODUCTS"])) == PRODUCTS
    assert set(ast.literal_eval(constants["KEPT_BY_TOOLS"])) == KEPT_BY_TOOLS
    recipes = (ROOT / "conan/recipes/openvino/config.yml").read_text(encoding="utf-8")
    for project in (ROOT / "extension_src").iterdir():
        assert all(f'"{one}":' in recipes for one in load_project(project).settings.openvino)
        assert f'python_requires = "ovext/{version("ovext")}"' in (project / "conanfile.py").read_text(encoding="utf-8")
    for name in ("ovext", "ovext_tool"):
        config = ROOT / "conan" / "recipes" / name / "config.yml"
        assert f'"{version("ovext")}":' in config.read_text(encoding="utf-8")


def test_the_actions_of_new_projects_are_those_of_the_workflows_here() -> None:
    here = "".join(file.read_text(encoding="utf-8") for file in (ROOT / ".github/workflows").glob("*.yml"))
    files = repository_files(
        Repository(ci="github"), {"name": "a", "author": "", "ovext": "1", "openvino": "1", "onnx": False}
    )
    used = {line for text in files.values() for line in re.findall("uses: ([^.].*)", text)}
    assert len(used) == 6
    assert [action for action in used if f"uses: {action}\n" not in here] == []


def test_every_type_of_attribute_is_documented() -> None:
    page = (ROOT / "docs" / "op.md").read_text(encoding="utf-8")
    table = page[page.index("## Attributes") : page.index("## Tests")]
    for name in ATTRIBUTE_TYPES:
        assert f"`{name}`" in table or re.fullmatch(r"[iu](8|16|32|64)", name), name


def test_examples_hold_what_follows_from_their_descriptions() -> None:
    for project in (ROOT / "extension_src").iterdir():
        assert plan_sync(load_project(project)) == Sync({}, ()), "run `ovext sync`"
