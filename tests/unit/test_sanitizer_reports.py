"""Which reports of sanitizers count, and what is told of them."""

from __future__ import annotations

from ovext.proof.report import Failure, Proof, Row
from ovext.worker.sanitizer_reports import first_report

OVERFLOW = """\
=================================================================
==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1 at pc 0x2
READ of size 4 at 0x1 thread T0
    #0 0x7f in run(float const*) /home/me/ops/plain/kernel.cpp:12:5
    #1 0x7f in ffi_call (/lib/libffi.so.8+0x7)
"""
LIBRARY = "    #1 plain::run(float*) ops/plain/kernel.cpp:30 (libmine.so+0x1)\n"
IN_TBB = "    #0 tbb::detail::d1::node::node() openvino/oneapi/tbb/partitioner.h:122 (libmine.so+0x2)\n"
STANDARD = "    #0 std::copy(float*) /usr/include/c++/12/bits/stl_algobase.h:620 (libmine.so+0x3)\n"
WITHOUT_SOURCE = "    #0 <null> <null> (libopenvino.so+0x4)\n"


def race(one: str, other: str) -> str:
    title = "WARNING: ThreadSanitizer: data race (pid=7)\n"
    accesses = (
        f"  Write of size 4 at 0x1 by thread T1:\n{one}\n  Previous read of size 4 at 0x1 by main thread:\n{other}\n"
    )
    return title + accesses


def test_an_overflow_is_told_with_the_frames_that_have_a_source() -> None:
    assert first_report(f"something else\n{OVERFLOW}") == (
        "ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1 at pc 0x2\n"
        "  0x7f in run(float const*) at /home/me/ops/plain/kernel.cpp:12:5"
    )


def test_undefined_behaviour_is_told() -> None:
    said = "ops/plain/kernel.cpp:8:20: runtime error: signed integer overflow: 1 + 2147483647"
    assert first_report(f"{said}\n{LIBRARY}").startswith(said)


def test_a_race_counts_between_two_places_of_the_library() -> None:
    assert "plain::run(float*) at ops/plain/kernel.cpp:30" in first_report(race(STANDARD + LIBRARY, LIBRARY))


def test_a_race_in_what_others_compiled_into_the_library_does_not_count() -> None:
    for other in (IN_TBB + LIBRARY, WITHOUT_SOURCE):
        assert first_report(race(LIBRARY, other)) == ""
        assert first_report(race(other, LIBRARY)) == ""
    assert "kernel.cpp" in first_report(race(IN_TBB, LIBRARY) + race(LIBRARY, LIBRARY))


def test_what_fails_several_rows_alike_is_told_once() -> None:
    said = ["ops/a/reference.py:9: the reference fails: IndexError: 1", "ops/a/reference.py:9: the reference fails: 2"]
    rows = tuple(
        Row("A", "numbers", variant=str(at), failures=(Failure("reference", what),)) for at, what in enumerate(said)
    )
    other = Row("B", "numbers", failures=(Failure("numbers", said[0]),))
    assert [row.op for row, _ in Proof("p", (*rows, other)).failures()] == ["A", "B"]
