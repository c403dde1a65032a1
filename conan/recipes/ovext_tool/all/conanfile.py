"""ovext itself as a tool that recipes of extensions require, for machines on which it is not installed."""

import subprocess
import sys
from pathlib import Path

from conan import ConanFile
from conan.errors import ConanException, ConanInvalidConfiguration

required_conan_version = ">=2.10"

FOLDER = "site"  # of the package, for PYTHONPATH


class OvextTool(ConanFile):
    name = "ovext_tool"
    description = "The builder of OpenVINO extensions, with what it needs from the Python package index"
    license = "Apache-2.0"
    topics = ("openvino", "extension", "build")
    package_type = "application"
    build_policy = "missing"  # nothing is compiled: if no remote has the package, pip installs it
    settings = "os", "arch"
    options = {"python": [None, "ANY"]}
    default_options = {"python": None}

    def configure(self):
        # Some of its packages are for one version of Python, and Conan's own runs it.
        self.options.python = f"{sys.version_info[0]}.{sys.version_info[1]}"

    def validate(self):
        if (self.settings.os, self.settings.arch) != ("Linux", "x86_64"):
            raise ConanInvalidConfiguration("ovext builds on Linux on x86_64")

    def build(self):
        install = ["install", "--quiet", "--no-compile", "--disable-pip-version-check", f"ovext=={self.version}"]
        command = [sys.executable, "-m", "pip", *install, "--target", str(Path(self.build_folder, FOLDER))]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise ConanException(f"pip could not install ovext {self.version}:\n{done.stdout.strip()}")

    def package(self):
        Path(self.build_folder, FOLDER).rename(Path(self.package_folder, FOLDER))

    def package_info(self):
        self.cpp_info.includedirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.bindirs = []
        self.buildenv_info.prepend_path("PYTHONPATH", str(Path(self.package_folder, FOLDER)))
        self.buildenv_info.prepend_path("PATH", str(Path(self.package_folder, FOLDER, "cmake", "data", "bin")))
