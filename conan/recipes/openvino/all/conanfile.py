"""OpenVINO as its developers build it: headers, libraries and CMake files from the wheel in the package index."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from conan import ConanFile
from conan.errors import ConanException, ConanInvalidConfiguration
from conan.tools.files import check_sha256

required_conan_version = ">=2.10"

WANTED = ("openvino/cmake/", "openvino/include/", "openvino/libs/")


class OpenVINO(ConanFile):
    name = "openvino"
    description = "The OpenVINO runtime, from its wheel"
    license = "Apache-2.0"
    homepage = "https://docs.openvino.ai"
    topics = ("deep-learning", "inference")
    package_type = "shared-library"
    build_policy = "missing"  # nothing is compiled: if no remote has the package, the wheel is fetched
    settings = "os", "arch", "compiler", "build_type"

    def validate(self):
        if (self.settings.os, self.settings.arch) != ("Linux", "x86_64"):
            raise ConanInvalidConfiguration("the wheels that this recipe knows are for Linux on x86_64")
        if self.settings.get_safe("compiler.libcxx") != "libstdc++11":
            raise ConanInvalidConfiguration("OpenVINO's wheel has the C++11 ABI: compiler.libcxx must be libstdc++11")

    def package_id(self):
        # One wheel serves every compiler and build type.
        self.info.settings.rm_safe("compiler")
        self.info.settings.rm_safe("build_type")

    def build(self):
        wheel = self.conan_data["wheels"][self.version]
        requirements = Path(self.build_folder, "requirements.txt")
        requirements.write_text(f"openvino=={self.version} --hash=sha256:{wheel['sha256']}\n", encoding="utf-8")
        target = ["--implementation", "cp", "--python-version", wheel["python"], "--platform", wheel["platform"]]
        fetch = ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", *target]
        command = [
            python_with_pip(),
            "-m",
            "pip",
            *fetch,
            "--dest",
            self.build_folder,
            "--requirement",
            str(requirements),
        ]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise ConanException(f"pip could not fetch OpenVINO {self.version}:\n{done.stdout.strip()}")
        check_sha256(self, str(self._wheel()), wheel["sha256"])

    def _wheel(self):
        (wheel,) = Path(self.build_folder).glob("*.whl")
        return wheel

    def package(self):
        # The folders keep their names: the CMake files find headers and libraries relative to their own location.
        with zipfile.ZipFile(self._wheel()) as archive:
            for name in archive.namelist():
                if name.startswith(WANTED):
                    archive.extract(name, self.package_folder)
                elif ".dist-info/licenses/" in name and not name.endswith("/"):
                    target = Path(self.package_folder, "licenses", Path(name).name)
                    target.parent.mkdir(exist_ok=True)
                    target.write_bytes(archive.read(name))
        self._wheel().unlink()
        libraries = Path(self.package_folder, "openvino", "libs")
        (library,) = libraries.glob("libopenvino.so.*")
        (libraries / "libopenvino.so").symlink_to(library.name)  # a wheel has no links, and linkers look for it

    def package_info(self):
        # find_package(OpenVINO) finds the wheel's own files.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.set_property("cmake_file_name", "OpenVINO")
        self.cpp_info.builddirs = [str(Path("openvino", "cmake"))]
        self.cpp_info.includedirs = [str(Path("openvino", "include"))]
        self.cpp_info.libdirs = [str(Path("openvino", "libs"))]
        self.cpp_info.bindirs = []
        self.cpp_info.libs = ["openvino"]
        self.cpp_info.defines = ["OV_THREAD=OV_THREAD_TBB_ADAPTIVE", "_GLIBCXX_USE_CXX11_ABI=1"]


def python_with_pip():
    """A Python that has pip: a Conan in its own environment, such as one from pipx, may have none."""
    for python in filter(None, (sys.executable, shutil.which("python3"), shutil.which("python"))):
        if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
            return python
    raise ConanException("no Python with pip was found, which fetches the wheel of OpenVINO: install pip")
