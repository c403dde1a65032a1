"""`ovext test` finds each of many wrong ways to compute an op, by the check that is for it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers import Built, Finished, need, run_ovext
from ovext.errors import ExitCode
from ovext.proof.report import ROWS
from ovext.targets.cpus import CPU_MODELS
from ovext.toolchain.emulators import has_emulator
from proven import build

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPS = {
    "Flat": ["--input", "data:f32"],
    "Rows": ["--input", "data:f32:N,C"],
    "Pair": ["--input", "data:f32", "--input", "other", "--output", "sum:data:broadcast"],
}
# The op, the mistakes of mistakes.hpp, and the check that must find them.
_MISTAKES = {
    ("Flat", "ends"): [
        "reads_one_past_the_end",
        "reads_a_whole_vector_at_the_tail",
        "reads_before_the_start",
        "reads_ahead",
        "writes_one_past_the_end",
        "writes_a_whole_vector_at_the_tail",
        "writes_before_the_start",
        "second_share_reads_past_its_end",
    ],
    ("Flat", "unwritten"): [
        "leaves_the_last_element_of_each_share_but_the_first",
        "leaves_the_tail_after_vectors",
        "leaves_what_is_zero",
        "leaves_the_first_element",
        "leaves_a_tensor_of_one_element",
        "leaves_what_is_beyond_65536",
        "leaves_the_remainder_of_the_shares",
    ],
    ("Flat", "numbers"): [
        "wrong_above_1_mb",
        "wrong_for_17_elements",
        "wrong_in_the_tail",
        "counts_in_16_bits",
        "clamps_large_values",
        "a_little_beyond_the_tolerance",
        "throws_for_large_tensors",
    ],
    ("Flat", "threads"): [
        "wrong_in_the_second_share",
        "depends_on_the_number_of_threads",
        "rounds_otherwise_at_the_start_of_a_share",
    ],
    ("Flat", "places"): ["rounds_otherwise_in_the_tail", "rounds_otherwise_until_memory_is_aligned"],
    ("Flat", "state"): ["keeps_results_by_address", "keeps_the_values_of_the_first_call_of_a_size"],
    ("Flat", "requests"): ["shares_a_buffer_between_requests", "shares_a_pointer_between_requests"],
    ("Flat", "inputs"): ["works_in_its_input"],
    ("Flat", "crash"): ["divides_by_the_number_of_elements", "needs_aligned_memory"],
    ("Flat", "hang"): ["does_not_end_without_elements"],
    ("Rows", "numbers"): [
        "uses_the_number_of_rows_as_their_length",
        "wrong_for_one_column",
        "wrong_for_long_rows",
    ],
    ("Rows", "unwritten"): ["leaves_rows_beyond_64"],
    ("Rows", "requests"): ["shares_sums_between_requests"],
    ("Pair", "ends"): ["reads_the_second_input_as_if_it_were_whole"],
    ("Pair", "numbers"): ["knows_only_leading_dimensions_to_broadcast"],
    ("Flat", "shapes"): ["loses_a_dimension_of_size_1", "makes_a_scalar_a_vector", "gives_one_row_too_many"],
}
_CPU = [*CPU_MODELS][-1]
# One of each kind that one thread shows.
_IN_ONE_THREAD = [
    ("ends", "reads_one_past_the_end"),
    ("ends", "writes_before_the_start"),
    ("ends", "second_share_reads_past_its_end"),
    ("unwritten", "leaves_the_tail_after_vectors"),
    ("threads", "wrong_in_the_second_share"),
    ("numbers", "counts_in_16_bits"),
    ("numbers", "throws_for_large_tensors"),
    ("places", "rounds_otherwise_until_memory_is_aligned"),
    ("state", "keeps_results_by_address"),
    ("inputs", "works_in_its_input"),
    ("crash", "divides_by_the_number_of_elements"),
    ("hang", "does_not_end_without_elements"),
    ("shapes", "gives_one_row_too_many"),
]
_EACH = [(op, check, mistake) for (op, check), mistakes in _MISTAKES.items() for mistake in mistakes]


def write_mistaken(folder: Path, ops: Sequence[str]) -> Path:
    """A project with these ops and all mistakes."""
    for op in ops:
        done = run_ovext("new", "mistaken", "--op", op, *_OPS[op], cwd=folder)
        assert done.returncode == 0, done.stderr
        source = folder / "mistaken" / "ops" / op.lower() / "op.cpp"
        text = source.read_text()
        start = "    const auto kernel = kernel_for(inputs[0]"
        assert start in text
        text = text.replace(
            start, f"    if (mistakes::compute(outputs, inputs)) {{\n        return true;\n    }}\n{start}"
        )
        source.write_text(text.replace('#include "ops/', '#include "mistakes.hpp"\n#include "ops/', 1))
    shutil.copy(Path(__file__).with_name("mistakes.hpp"), folder / "mistaken")
    return folder / "mistaken"


@pytest.fixture(scope="session")
def mistaken(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The ops, with all mistakes in one library."""
    return build(write_mistaken(tmp_path_factory.mktemp("mistaken"), [*_OPS]), options=["--isa", "sse42"])


@pytest.fixture(scope="session")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project to be built with sanitizers."""
    return write_mistaken(tmp_path_factory.mktemp("flat"), ["Flat"])


@pytest.mark.parametrize(("op", "check", "mistake"), _EACH, ids=[mistake for _, _, mistake in _EACH])
def test_a_mistake_is_found_by_the_check_for_it(mistaken: Built, op: str, check: str, mistake: str) -> None:
    row = check if check in ROWS else "numbers"
    options = ["--op", op, "--check", row, "--json", *(["--timeout", "3"] if check == "hang" else [])]
    done = run_ovext(
        "test", mistaken.project, "--library", mistaken.library, *options, cwd=mistaken.project.parent, MISTAKE=mistake
    )
    rows = json.loads(done.stdout)["rows"]
    failures = {one["check"]: one["what"] for row in rows for one in row["failures"]}
    assert check in failures, failures
    assert done.returncode == ExitCode.FAILED


@pytest.mark.parametrize(
    ("sanitizer", "check", "mistake", "told"),
    [
        ("address", "numbers", "overflows_a_buffer_of_its_own", "AddressSanitizer: heap-buffer-overflow"),
        ("undefined", "numbers", "overflows_an_int", "runtime error: signed integer overflow"),
        ("thread", "requests", "shares_a_buffer_between_requests", "ThreadSanitizer: data race"),
    ],
)
def test_a_sanitizer_finds_what_is_for_it(flat: Path, sanitizer: str, check: str, mistake: str, told: str) -> None:
    command = ["test", str(flat), "--sanitize", sanitizer, "--check", check, "--isa", "sse42", "--examples", "30"]
    done = run_ovext(*command, cwd=flat.parent, MISTAKE=mistake)
    assert done.returncode == ExitCode.FAILED, done.stderr
    assert told in done.stdout
    assert "mistakes.hpp:" in done.stdout, "its place"
    assert f"--sanitize {sanitizer}" in done.stdout
    assert run_ovext(*command, cwd=flat.parent).returncode == 0


@pytest.mark.parametrize(("check", "mistake"), _IN_ONE_THREAD)
def test_a_mistake_is_found_on_an_emulated_cpu(mistaken: Built, check: str, mistake: str) -> None:
    need(has_emulator(), "bochscpu")
    done = emulated(mistaken, mistake, "--json", "--timeout", "1")
    (row,) = json.loads(done.stdout)["rows"]
    (failure,) = row["failures"]
    assert failure["check"] == check, failure
    if check == "ends":
        side = "before the start of" if "start" in mistake else "past the end of"
        assert side in failure["what"]
    assert failure["options"][failure["options"].index("--cpu") + 1] == _CPU
    assert done.returncode == ExitCode.FAILED


def test_what_an_emulated_cpu_cannot_do_is_no_mistake(mistaken: Built) -> None:
    need(has_emulator(), "bochscpu")
    done = emulated(mistaken, "starts_a_thread")
    assert done.returncode == 0, done.stdout
    assert "it starts a thread or a process, which the emulated CPU cannot run" in done.stdout
    assert done.stdout.splitlines()[-1] == "0 of 1 variants executed: none"
    required = emulated(mistaken, "starts_a_thread", "--require", "all")
    assert required.returncode == ExitCode.FAILED
    assert "executed: sse42 was not executed anywhere" in required.stdout


def test_a_failure_counts_though_another_case_cannot_be_emulated(mistaken: Built) -> None:
    """Small tensors are wrong, and larger ones start a thread."""
    need(has_emulator(), "bochscpu")
    done = emulated(mistaken, "wrong_for_3_elements_and_starts_a_thread_for_2")
    assert done.returncode == ExitCode.FAILED, done.stdout
    assert "1 of 1 variants executed" in done.stdout


@pytest.mark.parametrize(
    ("mistake", "check", "told"),
    [
        ("hangs_once", "hang", "instructions of the emulated CPU; --timeout sets how many"),
        ("overflows_the_stack", "crash", "the stack of 8 MB overflows in '"),
        ("writes_one_past_the_end", "ends", "it writes past the end of output"),
        ("throws_without_a_text", "numbers", "it failed without a message"),
        ("throws_a_number", "numbers", "it throws something that is no std::exception"),
        ("calls_a_trap", "crash", "ends the process, as __builtin_trap() does"),
        ("calls_null", "crash", "the address 0x0"),
    ],
)
def test_what_ends_an_emulation_is_told(mistaken: Built, mistake: str, check: str, told: str) -> None:
    need(has_emulator(), "bochscpu")
    done = emulated(mistaken, mistake, "--json", "--timeout", "1", "--examples", "2")
    (failure,) = [one for row in json.loads(done.stdout)["rows"] for one in row["failures"]]
    assert (failure["check"], told in failure["what"]) == (check, True), failure


def emulated(mistaken: Built, mistake: str, *options: str) -> Finished:
    """The op Flat on a CPU that is emulated in the worker."""
    chosen = ["--op", "Flat", "--check", "numbers", "--cpu", _CPU, *options]
    folder = mistaken.project.parent
    return run_ovext("test", mistaken.project, "--library", mistaken.library, *chosen, cwd=folder, MISTAKE=mistake)


def test_without_a_mistake_nothing_is_found(mistaken: Built) -> None:
    for op in _OPS:
        done = run_ovext(
            "test", mistaken.project, "--op", op, "--library", mistaken.library, cwd=mistaken.project.parent
        )
        assert done.returncode == 0, done.stdout
