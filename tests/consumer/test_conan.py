"""Conan packages of extensions: made here, uploaded to a real server, and used without compiling any of their code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bills import checked_bill
from helpers import CUSTOM_RELU, LEAK, PACKAGES, ROOT, RUNNABLE, Finished, copy_project
from ovext.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers import Repository

CONAN = Path(sys.executable).with_name("conan")
RELU = "custom_relu/0.1.0"


@dataclass(frozen=True)
class Home:
    """A separate CONAN_HOME whose only remotes are those that a test adds."""

    folder: Path

    def conan(self, *arguments: str | Path, cwd: Path | None = None, **env: str) -> Finished:
        return subprocess.run(
            [str(CONAN), *map(str, arguments)],
            cwd=cwd or self.folder,
            env={**os.environ, "CONAN_HOME": str(self.folder), **env},
            capture_output=True,
            text=True,
            check=False,
        )

    def done(self, *arguments: str | Path, cwd: Path | None = None, **env: str) -> str:
        """Run a command that must succeed, and return its stdout."""
        finished = self.conan(*arguments, cwd=cwd, **env)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    def package_id(self, *options: str) -> str:
        """The id of the binary found for an extension, or the reason why none is found."""
        asked = ["graph", "info", f"--requires={RELU}", "--build=never", *options, "--format", "json"]
        nodes: dict[str, Any] = json.loads(self.done(*asked))["graph"]["nodes"]
        (node,) = [node for node in nodes.values() if node["ref"].startswith(f"{RELU}#")]
        found: str = node["package_id"] if node["binary"] in {"Cache", "Download"} else node["binary"]
        return found


def new_home(folder: Path) -> Home:
    folder.mkdir(exist_ok=True)
    home = Home(folder)
    home.done("profile", "detect")
    home.done("remote", "remove", "conancenter")
    return home


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home in which CustomReLU was packaged, for all instruction sets and for one."""
    home = new_home(tmp_path_factory.mktemp("maker"))
    home.done("remote", "add", "recipes", ROOT / "conan")
    create = ["create", str(CUSTOM_RELU)]
    said = home.conan(*create)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "CustomReLU (opset1) in OpenVINO 2026.4.1" in said.stdout + said.stderr  # what test_package printed
    home.done(*create, "-o", "&:isa=avx2")
    home.done(*create, "-o", "&:portable=False", "-s", "compiler.version=11")
    return home


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty Conan server."""
    folder = tmp_path_factory.mktemp("server")
    command = [sys.executable, str(PACKAGES / "conan_server.py"), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            yield next(line.strip() for line in server.stdout if line.startswith("http://"))
        finally:
            server.kill()


@pytest.fixture(scope="module")
def user(maker: Home, remote: str, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Another home, which has only the server that the packages were uploaded to."""
    maker.done("remote", "add", "team", remote)
    upload = ["upload", "*:*", "--remote", "team", "--confirm"]
    maker.done(*upload, CONAN_LOGIN_USERNAME_TEAM="ci", CONAN_PASSWORD_TEAM="secret")  # noqa: S106  of the server above
    home = new_home(tmp_path_factory.mktemp("user"))
    home.done("remote", "add", "team", remote)
    return home


def test_a_consumer_compiles_nothing_of_it_and_runs(user: Home, tmp_path: Path) -> None:
    project = copy_project(PACKAGES / "conan_consumer", tmp_path / "consumer")
    user.done("install", ".", "--build=never", cwd=project)
    assert infers(project) == "-1 0 3"


def test_the_package_holds_layers_manifest_and_bill_of_materials(user: Home) -> None:
    user.done("install", f"--requires={RELU}", "--build=never")
    package = Path(user.done("cache", "path", f"{RELU}:{user.package_id()}").strip())
    (record,) = json.loads((package / "lib" / "manifest.json").read_text(encoding="utf-8"))["libraries"]
    assert (record["engine"], record["openvino"]["version"]) == ("conan", "2026.4.1")
    assert (package / "lib" / record["layers"][0]["config"]).is_file()
    texts = ((package / name).read_text() for name in ("sboms/custom_relu.cdx.json", "lib/manifest.json"))
    text, manifest = texts
    bill = checked_bill(text, (package / "lib" / record["file"]).read_bytes(), manifest)
    assert bill["metadata"]["component"]["purl"] == "pkg:conan/custom_relu@0.1.0"
    assert {part["purl"] for part in bill["components"] if "purl" in part} == {
        "pkg:conan/openvino@2026.4.1",
        f"pkg:pypi/ovext@{record['ovext']}",
    }


def test_the_licence_is_the_projects_own(user: Home) -> None:
    user.done("install", f"--requires={RELU}", "--build=never")
    package = Path(user.done("cache", "path", f"{RELU}:{user.package_id()}").strip())
    notice = (package / "licenses" / "ovext" / "NOTICE").read_text()
    assert "runtime of ovext" in notice
    assert notice.endswith((ROOT / "LICENSE").read_text())
    assert (package / "licenses" / "LICENSE").read_text() == (CUSTOM_RELU / "LICENSE").read_text()
    asked = ["graph", "info", f"--requires={RELU}", "--build=never", "--format", "json"]
    nodes: dict[str, Any] = json.loads(user.done(*asked))["graph"]["nodes"]
    (node,) = [node for node in nodes.values() if node["ref"].startswith(f"{RELU}#")]
    assert node["license"] == "Apache-2.0"
    assert node["description"] == "CustomReLU for OpenVINO: the ReLU of a model, computed by an extension library"


@pytest.mark.parametrize(
    "other",
    [
        ("-s", "compiler.version=9"),
        ("-s", "compiler.cppstd=20"),
        ("-s", "compiler=clang", "-s", "compiler.version=16", "-s", "compiler.libcxx=libstdc++11"),
        ("-s", "build_type=Debug"),
    ],
)
def test_what_loads_everywhere_is_given_to_everybody(user: Home, other: tuple[str, ...]) -> None:
    assert user.package_id(*other) == user.package_id()


def test_native_is_served_by_the_library_for_all_instruction_sets(user: Home) -> None:
    expected = user.package_id("-o", "*:isa=avx2") if RUNNABLE[-1] == "avx2" else user.package_id()
    assert user.package_id("-o", "*:isa=native") == expected


def test_one_instruction_set_is_not_served_by_another(user: Home) -> None:
    assert user.package_id("-o", "*:isa=avx2") != user.package_id()
    assert user.package_id("-o", "*:isa=sse42") == "Missing"


@pytest.mark.parametrize(("version", "served"), [("10", False), ("11", True), ("13", True)])
def test_a_library_that_is_not_portable_is_for_newer_compilers(user: Home, version: str, *, served: bool) -> None:
    found = user.package_id("-o", "*:portable=False", "-s", f"compiler.version={version}")
    assert (found != "Missing") is served


def test_another_openvino_needs_another_library(user: Home) -> None:
    done = user.conan("install", f"--requires={RELU}", "--requires=openvino/2026.2.1", "--build=never")
    assert done.returncode == 1
    assert "Conflict between openvino/2026.4.1 and openvino/2026.2.1" in done.stdout + done.stderr


def test_one_package_serves_both_openvinos(maker: Home, tmp_path: Path) -> None:
    """The same binary is found whichever release the consumer requires, and each loads it."""
    both = "*:openvino=2026.4.1,2026.2.1"
    project = copy_project(CUSTOM_RELU, tmp_path / "both")
    create = ["create", str(project), "--name", "both", "--version", "1.0", "-o", both, "-o", "*:isa=avx2"]
    done = maker.conan(*create)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CustomReLU (opset1) in OpenVINO 2026.4.1" in done.stdout + done.stderr
    ids = set()
    for release, other in (("2026.4.1", "2026.2.1"), ("2026.2.1", "2026.4.1")):
        options = ["-o", f"*:openvino={release},{other}", "-o", "*:isa=avx2", "--build=never", "--format", "json"]
        asked = ["graph", "info", f"--requires=openvino/{release}", "--requires=both/1.0", *options]
        nodes = json.loads(maker.done(*asked))["graph"]["nodes"].values()
        (node,) = [node for node in nodes if node["ref"].startswith("both/1.0#")]
        assert node["binary"] == "Cache"
        assert [one["ref"] for one in nodes if one["ref"].startswith(f"openvino/{release}#")]
        ids.add(node["package_id"])
    (package_id,) = ids
    package = Path(maker.done("cache", "path", f"both/1.0:{package_id}").strip())
    (record,) = json.loads((package / "lib" / "manifest.json").read_text(encoding="utf-8"))["libraries"]
    assert [one["version"] for one in record["releases"]] == ["2026.4.1", "2026.2.1"]
    bill = json.loads((package / "sboms" / "custom_relu.cdx.json").read_text(encoding="utf-8"))
    assert {"openvino@2026.4.1", "openvino@2026.2.1"} < {one["bom-ref"] for one in bill["components"]}


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("compiler.libcxx=libstdc++", "OpenVINO has the C++11 ABI: compiler.libcxx must be libstdc++11"),
        ("arch=armv8", "ovext builds for Linux on x86_64"),
    ],
)
def test_what_it_cannot_be_built_for_is_told(user: Home, setting: str, told: str) -> None:
    done = user.conan("install", f"--requires={RELU}", "-s", setting, "--build=never")
    assert done.returncode != 0
    assert told in done.stdout + done.stderr


def test_a_project_outside_the_repository(maker: Home, tmp_path: Path) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "my_ops")
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('"Apache-2.0"', '"LicenseRef-Proprietary"'))
    (tmp_path / "LICENSE").write_text("All rights reserved.\n")
    (project / "LICENSE").unlink()
    (project / "LICENSE").symlink_to("../LICENSE")
    done = maker.conan("create", str(project), "--name", "my_ops", "--version", "1.0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CustomReLU (opset1) in OpenVINO" in done.stdout + done.stderr
    listed = json.loads(maker.done("list", "my_ops/1.0:*", "--format", "json"))["Local Cache"]["my_ops/1.0"]
    (revision,) = listed["revisions"].values()
    (package_id,) = revision["packages"]
    licences = Path(maker.done("cache", "path", f"my_ops/1.0:{package_id}").strip()) / "licenses"
    assert (licences / "LICENSE").read_text() == "All rights reserved.\n", "ovext's licence is not the project's"


def test_the_commands_of_the_docs_work_without_a_public_server(tmp_path: Path) -> None:
    """Conan's own remote is configured, and cannot be reached."""
    home = Home(tmp_path / "home")
    home.folder.mkdir()
    home.done("profile", "detect")
    home.done("remote", "update", "conancenter", "--url", "http://127.0.0.1:9")
    project = copy_project(CUSTOM_RELU, tmp_path / "my_ops")
    page = (ROOT / "docs" / "conan.md").read_text(encoding="utf-8")
    commands = re.findall(
        r"^    conan ((?:remote add ovext\S*|create|editable|build) .*?)(?: +#.*)?$", page, re.MULTILINE
    )
    assert [command.split()[0] for command in commands] == ["remote", "create", "editable", "build"]
    for command in commands:
        words = [{"my_ops": str(project), "./conan": str(ROOT / "conan")}.get(word, word) for word in command.split()]
        home.done(*words)
    consumer = copy_project(PACKAGES / "conan_consumer", tmp_path / "consumer")
    home.done("install", ".", "--build=never", "-r", "ovext-recipes", cwd=consumer)
    built = project / "build/conan/Release/package/lib/libcustom_relu_cpu_extension.so"
    assert built.is_file()
    (environment,) = consumer.rglob("conanrunenv-*.sh")
    assert str(built) in environment.read_text()
    assert infers(consumer) == "-1 0 3"


def infers(consumer: Path) -> str:
    """The last line of the consumer's program, built with the CMake package of what Conan installed."""
    for command in (["cmake", "--preset", "conan-release"], ["cmake", "--build", "--preset", "conan-release"]):
        subprocess.run([str(shutil.which(command[0])), *command[1:]], cwd=consumer, check=True, capture_output=True)
    done = subprocess.run([consumer / "build/Release/consumer"], env={}, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def test_a_project_with_two_libraries(maker: Home) -> None:
    two_ops = PACKAGES / "two_ops"
    done = maker.conan("create", str(two_ops))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Doubled (two_ops) in OpenVINO" in done.stdout + done.stderr


def test_a_library_that_would_not_load_becomes_no_package(maker: Home, tmp_path: Path) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "leaky")
    source = next(project.glob("ops/*/op.cpp"))
    source.write_text(LEAK + source.read_text(encoding="utf-8"), encoding="utf-8")
    done = maker.conan("create", str(project), "--name", "leaky", "--version", "1.0", "-o", "&:isa=avx2")
    assert done.returncode == 1
    assert "code outside the variants needs AVX" in done.stdout + done.stderr
    cached = json.loads(maker.done("list", "leaky/1.0:*", "--format", "json"))["Local Cache"]["leaky/1.0"]
    assert all(revision["packages"] == {} for revision in cached["revisions"].values())


def test_a_new_row_of_the_table_is_a_choice(maker: Home, widened: Repository, tmp_path: Path) -> None:
    maker.done("export", widened.folder / "conan/recipes/ovext/all", "--version", "0.1.1")
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    recipe = project / "conanfile.py"
    recipe.write_text(recipe.read_text().replace("ovext/0.1.0", "ovext/0.1.1"))
    create = ["create", str(project), "--version", "0.2.0", "-o", "&:isa=avx512bw"]
    said = maker.conan(*create, PYTHONPATH=widened.path)
    assert said.returncode == 0, said.stdout + said.stderr
    assert maker.conan(*create[:-1], "&:isa=avx1024", PYTHONPATH=widened.path).returncode != 0


def test_a_remote_that_is_down_is_named(tmp_path: Path) -> None:
    home = new_home(tmp_path / "home")
    home.done("remote", "add", "team", "http://127.0.0.1:9")
    done = home.conan("install", f"--requires={RELU}", "--build=never")
    assert done.returncode == 1
    assert "Unable to connect to remote team=http://127.0.0.1:9" in done.stdout + done.stderr


def test_a_package_is_a_product_of_a_matrix(maker: Home, tmp_path: Path) -> None:
    """Its archive has the package and both recipes, but not OpenVINO."""
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    environment = {**os.environ, "CONAN_HOME": str(maker.folder)}
    command = [sys.executable, "-m", "ovext", "matrix", str(project), "--product", "conan"]

    def run() -> Finished:
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    (archive,) = tmp_path.glob("dist/matrix/openvino2026.4.1-release/conan/*")
    assert archive.name == "custom_relu-0.1.0.tgz"
    other = new_home(tmp_path / "other")
    other.done("cache", "restore", archive)
    found = json.loads(other.done("list", "*:*", "--format", "json"))["Local Cache"]
    assert set(found) == {RELU, "ovext/0.1.0"}

    kernel = project / "ops/custom_relu/kernel.cpp"
    kernel.write_text(f"{kernel.read_text()}\nint broken = nothing;\n")
    assert "was not declared in this scope" in run().stdout
    (project / "conanfile.py").unlink()
    assert "release: there is no conanfile.py" in run().stdout
    assert archive.is_file()


def test_conan_brings_ovext_where_it_is_not_installed(tmp_path: Path) -> None:
    """Conan runs in an environment without ovext."""
    wheels = tmp_path / "wheels"
    make = [sys.executable, "-m", "build", "--wheel", "--outdir", str(wheels), str(ROOT)]
    subprocess.run(make, check=True, capture_output=True)
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    install = [str(environment / "bin" / "pip"), "install", "--quiet", "conan>=2.10"]
    subprocess.run(install, check=True, capture_output=True)
    home = new_home(tmp_path / "home")
    home.done("remote", "add", "recipes", ROOT / "conan")
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    path = f"{environment / 'bin'}:/usr/bin:/bin"
    variables = {"CONAN_HOME": str(home.folder), "PIP_FIND_LINKS": str(wheels), "PATH": path, "HOME": str(tmp_path)}
    create = [str(environment / "bin" / "conan"), "create", str(project), "-o", "&:isa=avx2"]

    def run() -> Finished:
        kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        return subprocess.run(create, env=kept | variables, capture_output=True, text=True, check=False)

    without = run()
    assert without.returncode != 0
    assert "or require the tool ovext_tool" in without.stdout + without.stderr
    recipe = project / "conanfile.py"
    recipe.write_text(recipe.read_text() + '    tool_requires = "ovext_tool/0.1.0"\n')
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CustomReLU (opset1) in OpenVINO 2026.4.1" in done.stdout + done.stderr


def test_the_files_of_a_package_do_not_depend_on_where_and_when_it_is_made(tmp_path: Path) -> None:
    """Other home, folder with a space, umask, time zone, language and time; Conan's own two files tell the time."""

    def made(home: Home, project: Path, umask: str, **env: str) -> dict[str, str]:
        command = f'umask {umask}; exec "$0" create "$1" -o "&:isa=avx2" --format json'
        run = ["sh", "-c", command, str(CONAN), str(project)]
        variables = {**os.environ, "CONAN_HOME": str(home.folder), **env}
        done = subprocess.run(run, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        nodes = json.loads(done.stdout)["graph"]["nodes"].values()
        folder = Path(next(node["package_folder"] for node in nodes if node["name"] == "custom_relu"))
        own = {"conaninfo.txt", "conanmanifest.txt"}
        files = (file for file in folder.rglob("*") if file.is_file() and file.name not in own)
        return {str(file.relative_to(folder)): sha256_of(file) for file in files}

    found = []
    for number, (umask, env) in enumerate(
        [("022", {}), ("077", {"TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "C", "HOME": str(tmp_path)})]
    ):
        home = new_home(tmp_path / f"home {number}")
        home.done("remote", "add", "recipes", ROOT / "conan")
        project = copy_project(CUSTOM_RELU, tmp_path / f"a project {number}")
        found.append(made(home, project, umask, **env))
    assert found[0] == found[1]
    assert len(found[0]) > 6
