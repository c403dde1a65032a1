"""Numbers of models as attributes: ovext/frameworks.hpp says which of them an integer type can hold."""

from __future__ import annotations

import subprocess

import pytest

from helpers import LIBOPENVINO, OPENVINO
from ovext.resources import cmake_dir

# Expressions that are true.
TRUE = [
    "has_value<std::int64_t>(INT64_MAX)",  # "to the end" of a slice
    "has_value<std::int64_t>(INT64_MIN)",
    "has_value<std::int64_t>(-0x1p63)",
    "!has_value<std::int64_t>(0x1p63)",
    "has_value<std::uint64_t>(INT64_MAX)",
    "!has_value<std::uint64_t>(std::int64_t{-1})",
    "has_value<std::uint64_t>(0x1.fffffffffffffp63)",
    "!has_value<std::uint64_t>(0x1p64)",
    "has_value<std::int32_t>(std::int64_t{INT32_MAX})",
    "!has_value<std::int32_t>(std::int64_t{INT32_MAX} + 1)",
    "!has_value<std::uint8_t>(256.0)",
    "has_value<std::uint8_t>(255.0f)",
    "!has_value<std::int32_t>(0.5)",
    '!has_value<std::int32_t>(std::nan(""))',
    "!has_value<std::int64_t>(std::numeric_limits<double>::infinity())",
    "has_value<std::int8_t>(true)",
]


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The expressions that are not true, found by one program."""
    folder = tmp_path_factory.mktemp("attributes")
    checks = "".join(f'    if (!({one})) {{\n        std::puts(R"({one})");\n    }}\n' for one in TRUE)
    (folder / "a.cpp").write_text(
        "#include <ovext/frameworks.hpp>\n#include <cstdio>\n"
        f"int main() {{\n    using ovext::detail::has_value;\n{checks}}}\n"
    )
    includes = [f"-I{cmake_dir() / 'runtime'}", f"-isystem{OPENVINO / 'include'}"]
    command = ["/usr/bin/g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", *includes, "a.cpp"]
    subprocess.run([*command, "-o", "a", str(LIBOPENVINO)], cwd=folder, check=True)
    environment = {"LD_LIBRARY_PATH": str(LIBOPENVINO.parent)}
    done = subprocess.run([str(folder / "a")], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize("expression", TRUE)
def test_which_numbers_a_type_has(wrong: list[str], expression: str) -> None:
    assert expression not in wrong
