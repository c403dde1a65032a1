"""Packages an extension project: conan create . --name custom_relu --version 0.1.0 (docs/conan.md)."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from conan import ConanFile
from conan.errors import ConanException, ConanInvalidConfiguration
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, save

required_conan_version = ">=2.10"

OUTSIDE = "OVEXT_PROJECT"  # the variable that names a project outside extension_src
# Not sources: products in the project's own folder, and what tools keep anywhere.
PRODUCTS = ("build", "dist", "lib", "wheelhouse")
KEPT_BY_TOOLS = (
    ".git",
    ".hypothesis",
    ".idea",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    ".venv",
    ".vscode",
    "__pycache__",
    "node_modules",
    "venv",
)
NO_SOURCES = (
    "CMakeUserPresets.json",
    *(f"{name}/*" for name in (*PRODUCTS, *KEPT_BY_TOOLS)),
    *(f"*/{name}/*" for name in KEPT_BY_TOOLS),
)
# A library for it loads on every other.
OLDEST_BASE_OS = "ubi8"
# The oldest GCC that a consumer of a non-portable library may have.
OLDEST_GCC = 8
CONFIG = """\
# find_package({name}): for each extension library a target, to be given to ov::Core::add_extension(), and their folder
# {name}_FOLDER with manifest.json and GPU layers. Where there is one library, its target is {name}::extension.
get_filename_component({name}_FOLDER "${{CMAKE_CURRENT_LIST_DIR}}/../../../lib" ABSOLUTE)
"""
CONFIG_VERSION = """\
# Any version that is not older serves: a program loads the library by its path.
set(PACKAGE_VERSION "{version}")
if(PACKAGE_VERSION VERSION_LESS PACKAGE_FIND_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE FALSE)
else()
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
  if(PACKAGE_VERSION VERSION_EQUAL PACKAGE_FIND_VERSION)
    set(PACKAGE_VERSION_EXACT TRUE)
  endif()
endif()
"""
LICENCE_FILES = ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*")  # by default, as PEP 639 says
TARGET = """\
if(NOT TARGET {target})
  add_library({target} MODULE IMPORTED)
  set_target_properties({target} PROPERTIES IMPORTED_LOCATION "${{{name}_FOLDER}}/{file}")
endif()
"""


# It is beside the recipe, both in a checkout and in Conan's cache.
ISA_TABLE = json.loads((Path(__file__).parent / "cmake" / "isa.json").read_text(encoding="utf-8"))
ISAS = [row["id"] for row in ISA_TABLE["variants"]]


def _table(project):
    """The table [project] of a project's pyproject.toml."""
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415
    else:
        import tomli as tomllib  # noqa: PLC0415  which ovext brings; consumers do not get here
    file = project / "pyproject.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")).get("project", {}) if file.is_file() else {}


def _metadata(project):
    """What the recipe says of a package, from the project's pyproject.toml."""
    table = _table(project)
    licence = table.get("license")
    urls = {name.lower(): url for name, url in table.get("urls", {}).items()}
    authors = [author.get("name") or author["email"] for author in table.get("authors", []) if author]
    found = {
        "description": table.get("description"),
        "license": licence.get("text") if isinstance(licence, dict) else licence,
        "author": ", ".join(authors),
        "homepage": urls.get("homepage"),
        "url": urls.get("repository") or urls.get("source") or urls.get("source code"),
    }
    return {name: value for name, value in found.items() if value}


class Extension(ConanFile):
    topics = ("openvino", "extension")
    package_type = "shared-library"
    no_copy_source = True
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "project": [None, "ANY"],
        "isa": ["multi", *ISAS, "native"],
        "openvino": ["ANY"],
        "portable": [True, False],
    }
    default_options = {"project": None, "isa": "multi", "openvino": "2026.4.1", "portable": True}

    # Which project. Options are not known when sources are exported: then the package's name or the variable decides.

    def _exported_projects(self):
        if outside := os.environ.get(OUTSIDE):
            return [Path(outside).absolute()]
        folder = Path(self.recipe_folder, "extension_src")
        own = folder / str(self.name)
        return [own] if own.is_dir() else sorted(path for path in folder.iterdir() if path.is_dir())

    def export(self):
        # For package_id() and layout(), which also run where there are no sources.
        copy(self, "cmake/isa.json", self.recipe_folder, self.export_folder)
        projects = {project.name: _metadata(project) for project in self._exported_projects()}
        save(self, str(Path(self.export_folder, "projects.json")), json.dumps(projects))

    def export_sources(self):
        for project in self._exported_projects():
            if not (project / "CMakeLists.txt").is_file():
                raise ConanException(f"{project} is no extension project: it has no CMakeLists.txt")
            target = Path(self.export_sources_folder, "extension_src", project.name)
            copy(self, "*", str(project), str(target), excludes=NO_SOURCES)

    def _projects(self):
        """What the exported recipe knows of each project, by its name; nothing in a checkout."""
        listed = Path(self.recipe_folder, "projects.json")
        return json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else {}

    def _project(self):
        """The project's folder, relative to the recipe's unless it is absolute.

        Consumers need it too, without the option: it never fails.
        """
        if chosen := self.options.get_safe("project"):
            return str(chosen).rstrip("/")
        names = list(self._projects())
        return f"extension_src/{names[0] if len(names) == 1 else self.name}"

    # What it is built for.

    def _releases(self):
        return str(self.options.openvino).split(",")

    def configure(self):
        """The description, licence, author and addresses are the project's own."""
        for name, value in self._projects().get(Path(self._project()).name, {}).items():
            setattr(self, name, value)

    def requirements(self):
        # The soname of OpenVINO's library has the full version: a build loads only in that release.
        releases = self._releases()
        version = releases[0] if len(releases) == 1 else f"[{' || '.join(f'={one}' for one in releases)}]"
        self.requires(f"openvino/{version}", transitive_headers=True, transitive_libs=True)

    def validate(self):
        if (self.settings.os, self.settings.arch) != ("Linux", "x86_64"):
            raise ConanInvalidConfiguration("ovext builds for Linux on x86_64")
        if self.settings.get_safe("compiler.libcxx") != "libstdc++11":
            raise ConanInvalidConfiguration("OpenVINO has the C++11 ABI: compiler.libcxx must be libstdc++11")
        if len(self._releases()) > 1 and not self.options.portable:
            raise ConanInvalidConfiguration("a library for several releases of OpenVINO is portable: set portable=True")

    def validate_build(self):
        if Path(self._project()).is_absolute():
            raise ConanInvalidConfiguration(
                "the option `project` names a folder below extension_src; a project elsewhere becomes part of the "
                f"recipe by {OUTSIDE}={self.options.project} conan create ..."
            )
        if importlib.util.find_spec("ovext") is None and shutil.which("ovext") is None:
            raise ConanInvalidConfiguration(
                "ovext, which checks what is packaged, is not installed: pip install ovext, with PIP_FIND_LINKS naming the "
                "folder of its wheel until it is on an index"
            )

    def layout(self):
        project = self._project()
        cmake_layout(self, src_folder=project, build_folder=f"build/conan/{Path(project).name}")

    # Which package loads where.

    def package_id(self):
        # The sources are part of the recipe's revision.
        self.info.options.rm_safe("project")
        releases = str(self.info.options.openvino).split(",")
        if len(releases) == 1:
            self.info.options.rm_safe("openvino")
            self.info.requires["openvino"].full_version_mode()
        else:
            self.info.options.openvino = ",".join(sorted(releases))
            self.info.requires["openvino"].unrelated_mode()
        self.info.options.isa = self._resolved(self.info.options.isa)
        self.info.settings.rm_safe("compiler.cppstd")
        if self.info.options.portable:
            # It requires no newer libstdc++ or glibc than OpenVINO does: where OpenVINO loads, it loads.
            self.info.settings.rm_safe("compiler")

    def compatibility(self):
        """Other packages that load, the nearest first, for when there is no package with this exact id."""
        build_types = dict.fromkeys((str(self.settings.build_type), "Release"))
        return [
            {"settings": [("build_type", build_type), *compiler], "options": isa}
            for isa in self._isas_that_serve()
            for compiler in self._compilers_that_serve()
            for build_type in build_types
        ]

    def _isas_that_serve(self):
        if self.options.isa != "native":
            return [[]]
        # A library for all sets has the best one, too; then come those for a single set, the widest first.
        return [[], *([("isa", isa)] for isa in ("multi", *reversed(self._host_isas()[:-1])))]

    def _compilers_that_serve(self):
        version = self.settings.get_safe("compiler.version")
        if self.options.portable or not version or self.settings.compiler != "gcc":
            return [[]]
        # A library loads if libstdc++ is at least as new as that of the compiler that built it.
        older = range(int(version.split(".")[0]) - 1, OLDEST_GCC - 1, -1)
        return [[], *([("compiler.version", str(major))] for major in older)]

    def _resolved(self, isa):
        """The instruction set that `isa` stands for; which one `native` stands for depends on the machine."""
        return self._host_isas()[-1] if isa == "native" else str(isa)

    def _host_isas(self):
        """The instruction sets of this machine, from the narrowest to the widest."""
        flags = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
        offered = set(flags[1].split()) if flags else set()
        features = {name: row["cpuinfo"] for name, row in ISA_TABLE["features"].items()}
        found = [row["id"] for row in ISA_TABLE["variants"] if {features[name] for name in row["features"]} <= offered]
        if not found:
            raise ConanInvalidConfiguration("this machine has none of the instruction sets, so `native` means nothing")
        return found

    # Building.

    def generate(self):
        if len(self._releases()) > 1:
            return
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["ovext_DIR"] = self._ask_ovext("env", "--cmake-dir")
        answers = json.loads(self._ask_ovext("package-step", "configure", self.source_folder))
        toolchain.cache_variables["OVEXT_FP_CONTRACT"] = answers["fp_contract"]
        toolchain.cache_variables["OVEXT_ISA"] = self._resolved(self.options.isa)
        toolchain.cache_variables["OVEXT_PORTABLE"] = bool(self.options.portable)
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        if not Path(self.source_folder, "CMakeLists.txt").is_file():
            raise ConanException(f"there is no project {self._project()}: name one, -o '&:project=extension_src/...'")
        if len(self._releases()) > 1:
            self._build_for_all()
            return
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def _build_for_all(self):
        """One library for all releases, which `ovext build` fetches itself; for the oldest base OS."""
        project = Path(self.build_folder, "project")
        copy(self, "*", self.source_folder, str(project))
        target = ["--openvino", str(self.options.openvino), "--base-os", OLDEST_BASE_OS, "--engine", "host"]
        kind = ["--isa", self._resolved(self.options.isa), "--build-type", str(self.settings.build_type)]
        self._ask_ovext("build", str(project), *target, *kind, "--output", str(Path(self.build_folder, "lib")))

    def package(self):
        folder = Path(self.package_folder, "lib")
        files = self._package_for_all(folder) if len(self._releases()) > 1 else self._package_for_one(folder)
        config = CONFIG.format(name=self.name)
        for library, file in files.items():
            target = f"{self.name}::{'extension' if len(files) == 1 else library}"
            config += TARGET.format(name=self.name, target=target, file=file)
        texts = {"config": config, "config-version": CONFIG_VERSION.format(version=self.version)}
        for part, text in texts.items():
            save(self, str(folder / "cmake" / self.name / f"{self.name}-{part}.cmake"), text)
        for pattern in _table(Path(self.source_folder)).get("license-files", LICENCE_FILES):
            copy(self, pattern, self.source_folder, str(Path(self.package_folder, "licenses")))

    def _package_for_one(self, folder):
        """Put the libraries into the folder; returns their files by their names in CMake."""
        found = sorted(Path(self.build_folder, "ovext", "report").glob("*.json"))
        reports = [json.loads(file.read_text(encoding="utf-8")) for file in found]
        for report in reports:
            built = Path(report["file"])
            copy(self, built.name, str(built.parent), str(folder))
            # The gate, then manifest, layers, notice and bill of materials, as in a wheel.
            places = ["--project", self.source_folder, "--into", str(folder), "--metadata", self.package_folder]
            step = ["package-step", "fill", self.build_folder, "--library", report["library"], *places]
            self._ask_ovext(*step, "--engine", "conan", "--url", self._url())
        return {report["library"]: Path(report["file"]).name for report in reports}

    def _package_for_all(self, folder):
        """The same for libraries that have passed the gate."""
        copy(self, "*", str(Path(self.build_folder, "lib", OLDEST_BASE_OS)), str(folder), excludes=".ovext.lock")
        step = ["package-step", "describe", str(folder), "--metadata", self.package_folder]
        self._ask_ovext(*step, "--project", self.source_folder, "--url", self._url())
        files = [file.name for file in sorted(folder.glob("*.so"))]
        return {name.removeprefix("lib").removesuffix("_cpu_extension.so"): name for name in files}

    def _url(self):
        """The package in bills of materials."""
        return f"pkg:conan/{self.name}@{self.version}"

    def _ask_ovext(self, *arguments):
        """Run ovext for the required OpenVINO. Returns its output on stdout."""
        program = [sys.executable, "-m", "ovext"] if importlib.util.find_spec("ovext") else [str(shutil.which("ovext"))]
        cmake_files = Path(self.dependencies["openvino"].package_folder, "openvino", "cmake")
        environment = {**os.environ, "OpenVINO_DIR": str(cmake_files)}
        if compiler := self.conf.get("tools.build:compiler_executables", default={}, check_type=dict).get("cpp"):
            environment["CXX"] = compiler
        done = subprocess.run([*program, *arguments], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ConanException(f"ovext {arguments[0]}: {done.stderr.strip()}")
        if said := done.stderr.strip():
            self.output.info(said)
        return done.stdout.strip()

    def package_info(self):
        # There is nothing to link with: a program passes the library's path to ov::Core::add_extension().
        self.cpp_info.includedirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.bindirs = []
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.set_property("cmake_file_name", self.name)
        self.cpp_info.builddirs = [str(Path("lib", "cmake", self.name))]
        for library in Path(self.package_folder, "lib").glob("*.so"):
            self.runenv_info.append_path("OVEXT_EXTENSIONS", str(library))
