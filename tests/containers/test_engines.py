"""Building in containers, with real Podman."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import openvino as ov
import pytest

from helpers import CUSTOM_RELU, LEAK, ROOT, Ovext, copy_project
from ovext.errors import ExitCode
from ovext.files import sha256_of
from ovext.toolchain.engine import find_engine
from podman import podman
from stopping import DEADLINE, running_ovext, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers import Built

LIBRARY = Path("lib/ubuntu/libcustom_relu_cpu_extension.so")
NOBODY_ANSWERS = {"CONTAINER_HOST": "unix:///nowhere/podman.sock"}  # a client of Podman without its service


@pytest.fixture
def in_podman(base_image: str) -> list[str]:
    """The options of a build in Podman."""
    return ["--engine", "podman", "--base-image", base_image]


def containers() -> list[str]:
    return podman("ps", "--all", "--quiet", "--filter", "label=ovext.tree").stdout.split()


def test_the_library_comes_out_of_the_container(
    custom_relu: Path, built_relu: Built, in_podman: list[str], base_image: str, ovext: Ovext
) -> None:
    done = ovext("build", *in_podman, cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    assert containers() == []
    (record,) = json.loads((custom_relu / LIBRARY).with_name("manifest.json").read_text())["libraries"]
    assert (record["engine"], record["sha256"]) == ("podman", sha256_of(custom_relu / LIBRARY))
    (of_host,) = json.loads((built_relu.output_dir / "manifest.json").read_text())["libraries"]
    assert record["compiler"] != of_host["compiler"]  # it is the compiler of the image
    assert record["image"]["name"] == base_image.partition("@")[0]
    assert re.fullmatch("sha256:[0-9a-f]{64}", record["image"]["digest"])
    others = dict.fromkeys(("engine", "image", "compiler", "sha256", "size", "inspection"))
    assert {**record, **others} == {**of_host, **others}
    ov.Core().add_extension(str(custom_relu / LIBRARY))
    assert (custom_relu / "lib/ubuntu/gpu/custom_relu.xml").is_file()


def test_what_was_compiled_before_comes_from_the_cache(
    custom_relu: Path, in_podman: list[str], tmp_path: Path, ovext: Ovext
) -> None:
    """Of the second build, which starts from nothing, no file in the volume is replaced."""
    kernel = custom_relu / "ops/custom_relu/kernel.cpp"
    kernel.write_text(f'{kernel.read_text()}\nextern const char* const unique = "{tmp_path}";\n')

    def written() -> dict[Path, int]:
        asked = ["volume", "inspect", "--format", "{{.Mountpoint}}", "ovext-compiler-cache"]
        places = map(Path, podman(*asked, check=False).stdout.split())
        return {file: file.stat().st_ino for one in places for file in one.rglob("*") if file.is_file()}

    before = written()
    assert ovext("build", *in_podman, "--isa", "avx2", cwd=custom_relu).returncode == 0
    own = {file: number for file, number in written().items() if file not in before}
    assert own
    first = sha256_of(custom_relu / LIBRARY)
    shutil.rmtree(custom_relu / "build")
    assert ovext("build", *in_podman, "--isa", "avx2", cwd=custom_relu).returncode == 0
    assert written().items() >= own.items()
    assert sha256_of(custom_relu / LIBRARY) == first


def test_builds_at_once_make_an_image_once(custom_relu: Path, in_podman: list[str], tmp_path: Path) -> None:
    """The image differs from any other by its OpenVINO."""
    wanted = [*in_podman, "--openvino", "2026.0.0", "--isa", "avx2"]
    project = copy_project(custom_relu, tmp_path / "again")
    listed = podman("images", "--quiet", "--filter", "reference=*ovext-builder*openvino2026.0.0*").stdout.split()
    if listed:
        podman("rmi", "--force", *listed)
    with running_ovext("build", *wanted, cwd=custom_relu) as one, running_ovext("build", *wanted, cwd=project) as two:
        said = [process.communicate(timeout=DEADLINE)[1] for process in (one, two)]
    assert (one.returncode, two.returncode) == (0, 0), said
    assert sum("Making the image" in text for text in said) == 1


def test_builds_for_several_releases_come_out_of_containers(
    custom_relu: Path, in_podman: list[str], ovext: Ovext
) -> None:
    """They are put into one library here, which the container's compiler did not see. The project lists them."""
    pyproject = custom_relu / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('["2026.4.1"]', '["2025.4.1", "2026.4.1"]'))
    listed = ["--isa", "avx2"]
    done = ovext("build", *in_podman, *listed, cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    assert containers() == []
    (record,) = json.loads((custom_relu / LIBRARY).with_name("manifest.json").read_text())["libraries"]
    assert [one["version"] for one in record["releases"]] == ["2026.4.1", "2025.4.1"]
    assert (record["engine"], record["sha256"]) == ("podman", sha256_of(custom_relu / LIBRARY))
    ov.Core().add_extension(str(custom_relu / LIBRARY))
    again = ovext("build", *in_podman, *listed, cwd=custom_relu)
    assert "up to date, checked in" in again.stdout


def test_make_takes_engine_and_base_image(base_image: str, tmp_path: Path) -> None:
    """make does nothing but pass the variables to the command."""
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    given = ["BASE_OS=ubuntu", "ENGINE=podman", f"BASE_IMAGE={base_image}", f"PROJECT={project}"]
    command = [str(shutil.which("make")), "--dry-run", "cpu_extension", *given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    called = " ".join(done.stdout.split())
    assert f"build '{project}' --base-os 'ubuntu' --engine 'podman' --base-image '{base_image}'" in called


def test_a_matrix_takes_a_companys_images(custom_relu: Path, base_image: str, ovext: Ovext) -> None:
    """From the table, and instead of it from an option; each for its base OS only."""
    with (custom_relu / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('[tool.ovext.matrix.base-image]\nubuntu = "of/table:1"\nubi9 = "of/table:9"\n')
    chosen = ["--base-os", "ubuntu24", "--base-os", "ubi9", "--base-os", "ubi8", "--base-image", "redhat=of/option:9"]
    shown = ovext("matrix", "--engine", "podman", *chosen, "--dry-run", cwd=custom_relu).stdout.splitlines()
    images = [re.search("--base-image (\\S+)", line) for line in shown]
    assert [image[1] for image in images[:2] if image] == ["of/table:1", "of/option:9"]
    assert "/ubi8/" in shown[2]
    only = ["--base-os", "ubuntu24", "--base-image", f"ubuntu24={base_image}", "--output", "out"]
    done = ovext("matrix", "--engine", "podman", *only, cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    (manifest,) = (custom_relu / "out").rglob("manifest.json")
    assert json.loads(manifest.read_text())["libraries"][0]["image"]["name"] == base_image


def test_what_the_compiler_says_is_shown(custom_relu: Path, in_podman: list[str], ovext: Ovext) -> None:
    with (custom_relu / "ops/custom_relu/kernel.cpp").open("a", encoding="utf-8") as file:
        file.write("nonsense;\n")
    done = ovext("build", *in_podman, cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert "error: " in done.stderr
    assert "nonsense" in done.stderr
    assert "The project did not compile." in done.stderr
    assert f"The whole output is in {next(custom_relu.glob('build/podman-*'))}/ovext-build.log." in done.stderr
    assert not (custom_relu / LIBRARY).exists()


def test_the_gate_in_the_container_is_told_with_paths_of_this_machine(
    custom_relu: Path, in_podman: list[str], ovext: Ovext
) -> None:
    source = custom_relu / "ops/custom_relu/op.cpp"
    source.write_text(LEAK + source.read_text(encoding="utf-8"), encoding="utf-8")
    done = ovext("build", "--isa", "avx2", *in_podman, cwd=custom_relu)
    assert done.returncode == ExitCode.FAILED
    assert "code outside the variants needs AVX" in done.stderr
    report = custom_relu / "lib/ubuntu/libcustom_relu_cpu_extension.so.rejected.json"
    assert f"The whole report is in {report}." in done.stderr
    assert json.loads(report.read_text(encoding="utf-8"))["files"][0]["is_fine"] is False


def test_settings_of_this_machine_keep_auto_on_it(custom_relu: Path, base_image: str, ovext: Ovext) -> None:
    options = ["build", "--isa", "avx2", "--base-image", base_image, "--engine"]
    done = ovext(*options, "auto", cwd=custom_relu, CXXFLAGS="-DNOTHING_READS_THIS")
    assert "Building with the engine host: CXXFLAGS is set, which means this machine's tools" in done.stderr
    done = ovext(*options, "podman", "--dry-run", "--explain", cwd=custom_relu, CXXFLAGS="-DNOTHING_READS_THIS")
    assert "left out" in done.stderr
    assert ovext(*options, "host", cwd=custom_relu).returncode == ExitCode.USAGE


def test_an_image_that_cannot_be_made(custom_relu: Path, base_image: str, ovext: Ovext) -> None:
    """The base image is not a UBI image and has no microdnf."""
    options = ["build", "--isa", "avx2", "--base-os", "ubi8", "--base-image", base_image, "--engine"]
    done = ovext(*options, "podman", cwd=custom_relu)
    assert done.returncode == ExitCode.ENGINE
    assert "microdnf: not found" in done.stderr
    assert "podman could not make the builder image.\nOr build with --engine host." in done.stderr
    done = ovext(*options, "auto", cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    assert "Building with the engine host after all: podman could not make the builder image." in done.stderr
    assert (custom_relu / "lib/ubi8/libcustom_relu_cpu_extension.so").is_file()


def test_auto_takes_an_engine_that_has_the_image(custom_relu: Path, base_image: str, ovext: Ovext) -> None:
    done = ovext("build", "--isa", "avx2", "--engine", "auto", "--base-image", base_image, cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    assert "Building with the engine podman: it is running and has the base image" in done.stderr


def test_auto_takes_the_host_where_no_engine_gets_the_image(custom_relu: Path, base_image: str, ovext: Ovext) -> None:
    missing = f"{base_image}-that-nobody-made"
    done = ovext("build", "--isa", "avx2", "--engine", "auto", "--base-image", missing, cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    assert "Building with the engine host: no container engine can build: " in done.stderr
    assert f"podman cannot get the image {missing}: " in done.stderr
    (record,) = json.loads((custom_relu / LIBRARY).with_name("manifest.json").read_text())["libraries"]
    assert record["engine"] == "host"


def test_an_image_that_cannot_be_had(custom_relu: Path, base_image: str, ovext: Ovext) -> None:
    missing = f"{base_image}-that-nobody-made"
    done = ovext("build", "--engine", "podman", "--base-image", missing, "--base-os", "ubuntu22", cwd=custom_relu)
    assert done.returncode == ExitCode.ENGINE
    assert f"error: podman cannot get the image {missing}: " in done.stderr
    assert "Without a container: ovext build . --base-os ubuntu22 --engine host" in done.stderr


def test_a_dead_engine(custom_relu: Path, in_podman: list[str], ovext: Ovext) -> None:
    done = ovext("build", *in_podman, cwd=custom_relu, **NOBODY_ANSWERS)
    assert done.returncode == ExitCode.ENGINE
    assert "error: the service of podman does not run" in done.stderr
    assert "Without a container: ovext build . --engine host" in done.stderr


def test_an_engine_that_is_not_installed(custom_relu: Path, tmp_path: Path, ovext: Ovext) -> None:
    done = ovext("build", "--engine", "docker", cwd=custom_relu, PATH=str(tmp_path))
    assert done.returncode == ExitCode.ENGINE
    assert "error: docker is not installed\nWithout a container: " in done.stderr


class Hanging:
    """A project whose build in Podman does not end on its own."""

    HANG = "\nif(EXISTS /home/builder)\n  execute_process(COMMAND tail -f /dev/null)\nendif()\n"

    def __init__(self, project: Path) -> None:
        self.root = project
        self._lists = project / "CMakeLists.txt"
        self._healthy = self._lists.read_text(encoding="utf-8")
        self._lists.write_text(self._healthy + self.HANG, encoding="utf-8")

    def heal(self) -> None:
        self._lists.write_text(self._healthy, encoding="utf-8")

    @contextmanager
    def building(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        """A build whose container has reached the step that hangs."""
        with running_ovext("build", *options, cwd=self.root) as process:
            wait_until(self._is_configuring, process)
            yield process

    @staticmethod
    def _is_configuring() -> bool:
        running = [podman("top", name, "args", check=False).stdout for name in containers()]
        return any("tail -f /dev/null" in text for text in running)


def test_ctrl_c_ends_the_container(custom_relu: Path, in_podman: list[str]) -> None:
    hanging = Hanging(custom_relu)
    with hanging.building(*in_podman) as process:
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == ExitCode.INTERRUPTED, said
    assert "Interrupted." in said
    assert containers() == []


def test_what_a_killed_ovext_left_is_removed_by_the_next(custom_relu: Path, in_podman: list[str], ovext: Ovext) -> None:
    hanging = Hanging(custom_relu)
    with hanging.building("--isa", "avx2", *in_podman) as process:
        os.killpg(process.pid, signal.SIGKILL)
    left = containers()
    assert len(left) == 1
    hanging.heal()
    done = ovext("build", "--isa", "avx2", *in_podman, cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    assert containers() == []


def test_the_server_image_gets_library_and_layers(built_relu: Built, base_image: str) -> None:
    """There is no server here, so the image is made on another base and inspected."""
    tag = "localhost/ovext-test-server"
    dockerfile = ROOT / "docker" / "Dockerfile.ovms"
    options = ["--file", str(dockerfile), "--build-arg", f"OVMS_IMAGE={base_image}", "--tag", tag]
    podman("build", *options, str(built_relu.output_dir))
    (shown,) = json.loads(podman("inspect", tag).stdout)
    assert shown["Config"]["Entrypoint"] == ["/ovms/bin/ovms", "--cpu_extension", "/extension/cpu_extension.so"]
    mounted = podman("image", "mount", tag).stdout.strip()
    try:
        extension = Path(mounted, "extension")
        assert (extension / "cpu_extension.so").read_bytes() == built_relu.content
        assert (extension / "gpu" / "custom_relu.xml").is_file()
    finally:
        podman("image", "unmount", tag)


def test_a_row_read_from_an_image_is_built_for(
    custom_relu: Path, base_image: str, tmp_path: Path, ovext: Ovext
) -> None:
    read = ovext("base-os", base_image, "--id", "ours", "--engine", "podman", cwd=tmp_path)
    assert read.returncode == 0, read.stderr
    pyproject = custom_relu / "pyproject.toml"
    pyproject.write_text(f"{pyproject.read_text()}\n{read.stdout}")
    shown = ovext("base-os", "--json", cwd=custom_relu)
    (row,) = [one for one in json.loads(shown.stdout)["base-os"] if one["id"] == "ours"]
    assert (row["image"], row["title"]) == (base_image, "Debian GNU/Linux 13 (trixie)")

    asked = "getconf GNU_LIBC_VERSION; ls /usr/lib/x86_64-linux-gnu"
    podman_here = find_engine("podman").able_to_run(base_image)
    told = podman_here.ask("run", "--rm", "--network", "none", base_image, "sh", "-c", asked).output
    assert f"glibc {row['glibc']}\n" in told
    assert set(row["libraries"]) <= set(told.split())
    known = podman_here.ask("run", "--rm", "--network", "none", base_image, "/sbin/ldconfig", "-p").output
    needed = {line.split()[0] for line in known.splitlines() if "x86-64" in line}
    assert {one for one in needed if not one.endswith(".so")} <= set(row["libraries"])
    assert {"libc.so.6", "libgomp.so.1", "libmvec.so.1"} <= set(row["libraries"])  # the image has a compiler

    done = ovext("build", "--base-os", "ours", "--engine", "podman", "--isa", "avx2", cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    (record,) = json.loads((custom_relu / "lib/ours/manifest.json").read_text())["libraries"]
    assert (record["base_os"], record["image"]["name"]) == ("ours", base_image)


def test_an_image_without_glibc_has_no_row(tmp_path: Path, ovext: Ovext) -> None:
    empty = tmp_path / "empty.tar"
    subprocess.run([str(shutil.which("tar")), "-cf", str(empty), "--files-from", "/dev/null"], check=True)
    podman("import", str(empty), "localhost/ovext-test-empty")
    done = ovext("base-os", "localhost/ovext-test-empty", "--engine", "podman", cwd=tmp_path)
    assert done.returncode == ExitCode.ENGINE
    assert "localhost/ovext-test-empty has no glibc for x86-64" in done.stderr
    gone = ovext("base-os", "localhost/ovext-test-nowhere", "--engine", "podman", cwd=tmp_path)
    assert gone.returncode == ExitCode.ENGINE
    assert "podman cannot get the image localhost/ovext-test-nowhere" in gone.stderr
