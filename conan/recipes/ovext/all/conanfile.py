"""The recipe of every extension project, whose own conanfile.py extends it (docs/conan.md)."""

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
from conan.tools.build import can_run
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, save

required_conan_version = ">=2.10"

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
TOOL = "ovext_tool"  # the recipe of ovext itself
PACKAGE = "package"  # the folder in the build tree that becomes the package
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


ISA_TABLE = json.loads((Path(__file__).parent / "isa.json").read_text(encoding="utf-8"))
ISAS = [row["id"] for row in ISA_TABLE["variants"]]


def _pyproject(project):
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415
    else:
        import tomli as tomllib  # noqa: PLC0415  which ovext brings; consumers do not get here
    file = project / "pyproject.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _table(project):
    return _pyproject(project).get("project", {})


def _metadata(project):
    """What the recipe says of a package and what it is built for, from the project's pyproject.toml."""
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
    releases = _pyproject(project).get("tool", {}).get("ovext", {}).get("openvino", [])
    return {"metadata": {name: value for name, value in found.items() if value}, "openvino": ",".join(releases)}


class Base(ConanFile):
    """What Conan keeps of this recipe: the class below, for others to extend."""

    name = "ovext"
    description = "The recipe of OpenVINO extensions that ovext builds"
    license = "Apache-2.0"
    topics = ("openvino", "extension")
    package_type = "python-require"
    exports = "test/*"

    def export(self):
        save(self, str(Path(self.export_folder, "isa.json")), json.dumps(ISA_TABLE))


class Extension:
    """A project's folder as a package: name, version and description are those of its pyproject.toml."""

    topics = ("openvino", "extension")
    package_type = "shared-library"
    no_copy_source = True
    settings = "os", "arch", "compiler", "build_type"
    options = {"isa": ["multi", *ISAS, "native"], "openvino": [None, "ANY"], "portable": [True, False]}
    default_options = {"isa": "multi", "openvino": None, "portable": True}

    def set_name(self):
        self.name = self.name or _table(Path(self.recipe_folder)).get("name", "").replace("-", "_").lower()

    def set_version(self):
        self.version = self.version or _table(Path(self.recipe_folder)).get("version")

    def export(self):
        # For configure(), which also runs where there are no sources.
        save(self, str(Path(self.export_folder, "project.json")), json.dumps(_metadata(Path(self.recipe_folder))))

    def export_sources(self):
        if not Path(self.recipe_folder, "CMakeLists.txt").is_file():
            raise ConanException(f"{self.recipe_folder} is no extension project: it has no CMakeLists.txt")
        copy(self, "*", self.recipe_folder, self.export_sources_folder, excludes=NO_SOURCES)
        for link in filter(Path.is_symlink, Path(self.export_sources_folder).rglob("*")):
            source = Path(self.recipe_folder, link.relative_to(self.export_sources_folder))
            if source.is_file():  # such as ../LICENSE, which the cache does not have
                link.unlink()
                shutil.copy(source, link)

    # What it is built for.

    def _releases(self):
        return str(self.options.openvino).split(",")

    def configure(self):
        """The description, licence, author and addresses are the project's own, and so are the releases by default."""
        exported = Path(self.recipe_folder, "project.json")
        found = json.loads(exported.read_text(encoding="utf-8")) if exported.is_file() else {}
        found = found or _metadata(Path(self.recipe_folder))
        for name, value in found["metadata"].items():
            setattr(self, name, value)
        if not self.options.openvino:
            self.options.openvino = found["openvino"]

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
        if not (self._tool() or importlib.util.find_spec("ovext") or shutil.which("ovext")):
            raise ConanInvalidConfiguration(
                "ovext, which checks what is packaged, is not installed: pip install ovext, with PIP_FIND_LINKS naming "
                f"the folder of its wheel until it is on an index, or require the tool {TOOL}"
            )

    def _tool(self):
        """The package of ovext itself, if the project or a profile requires it."""
        return next((one for one in self.dependencies.build.values() if one.ref.name == TOOL), None)

    def layout(self):
        cmake_layout(self, build_folder="build/conan")
        # Where consumers find the package of a project in editable mode, once `conan build` has made it.
        self.cpp.build.builddirs = [str(Path(PACKAGE, "lib", "cmake", str(self.name)))]

    # Which package loads where.

    def package_id(self):
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
        toolchain.user_presets_path = False
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        """Build and fill the package in the build folder, where editable mode uses it."""
        folder = Path(self.build_folder, PACKAGE)
        shutil.rmtree(folder, ignore_errors=True)
        if len(self._releases()) > 1:
            self._build_for_all()
            files = self._fill_for_all(folder)
        else:
            cmake = CMake(self)
            cmake.configure()
            cmake.build()
            files = self._fill_for_one(folder)
        self._write_config(folder / "lib" / "cmake" / self.name, files)
        for pattern in _table(Path(self.source_folder)).get("license-files", LICENCE_FILES):
            copy(self, pattern, self.source_folder, str(folder / "licenses"))

    def _build_for_all(self):
        """One library for all releases, which `ovext build` fetches itself; for the oldest base OS."""
        project = Path(self.build_folder, "project")
        copy(self, "*", self.source_folder, str(project))
        target = ["--openvino", str(self.options.openvino), "--base-os", OLDEST_BASE_OS, "--engine", "host"]
        kind = ["--isa", self._resolved(self.options.isa), "--build-type", str(self.settings.build_type)]
        self._ask_ovext("build", str(project), *target, *kind, "--output", str(Path(self.build_folder, "lib")))

    def _fill_for_one(self, folder):
        """Put the libraries into the folder of the package; returns their files by their names in CMake."""
        found = sorted(Path(self.build_folder, "ovext", "report").glob("*.json"))
        reports = [json.loads(file.read_text(encoding="utf-8")) for file in found]
        for report in reports:
            built = Path(report["file"])
            copy(self, built.name, str(built.parent), str(folder / "lib"))
            # The gate, then manifest, layers, notice and bill of materials, as in a wheel.
            places = ["--project", self.source_folder, "--into", str(folder / "lib"), "--metadata", str(folder)]
            step = ["package-step", "fill", self.build_folder, "--library", report["library"], *places]
            self._ask_ovext(*step, "--engine", "conan", "--url", self._url())
        return {report["library"]: Path(report["file"]).name for report in reports}

    def _fill_for_all(self, folder):
        """The same for libraries that have passed the gate."""
        built = Path(self.build_folder, "lib", OLDEST_BASE_OS)
        copy(self, "*", str(built), str(folder / "lib"), excludes=(".ovext.lock", "*.cdx.json"))
        step = ["package-step", "describe", str(folder / "lib"), "--metadata", str(folder)]
        self._ask_ovext(*step, "--project", self.source_folder, "--url", self._url())
        listed = json.loads((folder / "lib" / "manifest.json").read_text(encoding="utf-8"))["libraries"]
        return {one["file"].removeprefix("lib").removesuffix("_cpu_extension.so"): one["file"] for one in listed}

    def _write_config(self, folder, files):
        config = CONFIG.format(name=self.name)
        for library, file in files.items():
            target = f"{self.name}::{'extension' if len(files) == 1 else library}"
            config += TARGET.format(name=self.name, target=target, file=file)
        for part, text in {"config": config, "config-version": CONFIG_VERSION.format(version=self.version)}.items():
            save(self, str(folder / f"{self.name}-{part}.cmake"), text)

    def package(self):
        copy(self, "*", str(Path(self.build_folder, PACKAGE)), self.package_folder)

    def _url(self):
        """The package in bills of materials."""
        return f"pkg:conan/{self.name}@{self.version}"

    def _ask_ovext(self, *arguments):
        """Run ovext for the required OpenVINO. Returns its output on stdout."""
        is_here = self._tool() or importlib.util.find_spec("ovext")
        program = [sys.executable, "-m", "ovext"] if is_here else [str(shutil.which("ovext"))]
        cmake_files = Path(self.dependencies["openvino"].package_folder, "openvino", "cmake")
        environment = {**os.environ, "OpenVINO_DIR": str(cmake_files)}
        if tool := self._tool():
            environment["PYTHONPATH"] = str(Path(tool.package_folder, "site"))
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
        # In editable mode, that folder is the project.
        package = Path(self.package_folder)
        built = package / str(self.folders.build) / PACKAGE
        for manifest in [one / "lib" / "manifest.json" for one in (package, built)]:
            for record in json.loads(manifest.read_text(encoding="utf-8"))["libraries"] if manifest.is_file() else ():
                self.runenv_info.append_path("OVEXT_EXTENSIONS", str(manifest.with_name(record["file"])))


class Test:
    """The test_package of a project: it loads the packaged libraries in OpenVINO, which must then know their ops."""

    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self, build_folder="../build/conan-test")

    def generate(self):
        toolchain = CMakeToolchain(self)
        name, _, rest = self.tested_reference_str.partition("/")
        toolchain.cache_variables["EXTENSION"] = name
        numbers = re.match(r"\d+(\.\d+){0,3}", rest)  # what CMake compares of a version
        toolchain.cache_variables["EXTENSION_VERSION"] = numbers[0] if numbers else ""
        toolchain.user_presets_path = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure(build_script_folder=str(Path(__file__).parent / "test"))
        cmake.build()

    def test(self):
        if can_run(self):
            self.run(f"{self.cpp.build.bindir}/test_package", env="conanrun")
