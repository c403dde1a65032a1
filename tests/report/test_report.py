"""`ovext report`: what it shows of the JSON of commands, and what it makes of JSON that is made to hurt."""

from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.request
from contextlib import ExitStack
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from ovext.errors import ExitCode, FilesError
from ovext.report.compare import compare
from ovext.report.grid import grid_of
from ovext.report.keep import keep, keep_for_report, running
from ovext.report.overview import Overview, overview
from ovext.report.store import read_records
from reported import BASES, FAILED, bench, built, inspected, proof, row, whole, write
from stopping import DEADLINE, running_ovext

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Ovext

LARGEST = 1_000_000  # bytes of a page
EVIL = "<script>alert('x')</script>\"&{{ 7*7 }}"


class Page(HTMLParser):
    """The texts and attributes of a page, and the tags that it opens."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "xlink:href", "action"}]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page_of(folder: Path, ovext: Ovext, *options: str) -> str:
    target = folder.parent / "page.html"
    done = ovext("report", folder, "-o", target, *options)
    assert done.returncode == 0, done.stderr
    return target.read_text(encoding="utf-8")


def shown(folder: Path) -> Overview:
    return overview(read_records(folder))


def states(known: Overview) -> dict[tuple[str, str], str]:
    return {(line.level, base): cell.state for line in grid_of(known) for base, cell in line.cells.items()}


def test_a_page_is_one_file_that_asks_nobody(tmp_path: Path, ovext: Ovext) -> None:
    page = Page(page_of(whole(tmp_path / "a"), ovext))
    assert "script" not in page.tags
    assert all(link.startswith(("#", "data:")) for link in page.links)
    told = " ".join(page.texts)
    assert "@import" not in told
    assert "url(http" not in told
    for wanted in (*BASES, "2026.4.1", "sse42", "numbers f32", built()["sha256"], "create_extensions", "not met"):
        assert wanted in told


def test_sixteen_cells_and_ten_ops_stay_small(tmp_path: Path, ovext: Ovext) -> None:
    libraries = [built(f"p{number}", base) for number in range(4) for base in BASES[:4]]
    points = [{"elements": size, "of_tolerance": 1 / size} for size in range(1, 901)]
    ops = [f"Op{number}" for number in range(10)]
    folder = write(
        tmp_path / "many",
        build={"libraries": libraries},
        inspect={"files": [inspected(one) for one in libraries]},
        test=proof(
            *(row(op, variant=variant, points=points) for op in ops for variant in ("sse42", "avx2", "avx512f"))
        ),
        **{f"bench{op}": bench(op, gigaflops=30.0) for op in ops},
    )
    page = page_of(folder, ovext)
    assert len(page.encode()) < LARGEST
    assert page.count("<svg") == 2 + 10 + 2 * 10
    identifiers = re.findall(r'\bid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))


def test_each_cell_of_the_grid_has_its_verdict_and_reason(tmp_path: Path) -> None:
    library = built()
    files = {"files": [inspected(library, lacking=("ubi8",))]}
    known = shown(write(tmp_path / "a", build={"libraries": [library]}, inspect=files, test=proof(row())))
    assert states(known) == {
        (level, base): "fails" if base == "ubi8" else "loads"
        for level in ("sse42", "avx2", "avx512f")
        for base in BASES
    }
    by_level = {line.level: line.cells for line in grid_of(known)}
    assert "it needs GLIBC_2.99" in by_level["avx2"]["ubi8"].reason
    assert "avx2 was executed on CPU" in by_level["avx2"]["ubuntu22"].reason
    assert "sse42 was not executed" in by_level["sse42"]["ubuntu22"].reason


def test_what_failed_in_a_matrix_is_in_the_grid(tmp_path: Path) -> None:
    cell = {
        "cell": "ops-ubi8",
        "project": "/x/a_folder",
        "name": "my-ops",
        "base-os": "ubi8",
        "openvino": "2026.4.1",
        "build-type": "Release",
    }
    library = built("my-ops")
    contents: dict[str, Any] = {"build": {"libraries": [library]}, "inspect": {"files": [inspected(library)]}}
    summary = {"cells": [{**cell, "result": "failed", "reason": "the disk is full"}]}
    known = shown(write(tmp_path / "a", **contents, summary=summary))
    assert states(known)["avx2", "ubi8"] == "failed"
    assert states(known)["avx2", "ubi9"] == "loads"
    assert len(grid_of(known)) == 3
    debug = {"cells": [{**cell, "result": "failed", "build-type": "Debug"}]}
    assert states(shown(write(tmp_path / "b", **contents, summary=debug)))["avx2", "ubi8"] == "loads"
    os.utime(tmp_path / "a" / "summary.json", (1, 1))
    assert states(shown(tmp_path / "a"))["avx2", "ubi8"] == "failed"  # the library was built for another base OS
    later = built("my-ops", "ubi8")
    write(tmp_path / "a", own={"libraries": [later]}, seen={"files": [inspected(later)]})
    assert states(shown(tmp_path / "a"))["avx2", "ubi8"] == "loads"  # it was built since


def test_an_inspection_of_another_file_says_nothing(tmp_path: Path) -> None:
    """The library was built again since."""
    files = {"files": [inspected(built(openvino="2026.2.1"))]}
    known = shown(write(tmp_path / "a", build={"libraries": [built()]}, inspect=files))
    assert known.libraries[0].inspected is None


def test_a_library_without_an_inspection_is_inspected_once(custom_relu: Path, ovext: Ovext) -> None:
    pyproject = custom_relu / "pyproject.toml"
    row_of_own = '[[tool.ovext.base-os]]\nid = "ours"\nglibc = "2.34"\n'
    accepted = '[[tool.ovext.accept]]\nfinding = "too-new"\nin = "*"\nreason = "it is a test"\n'
    pyproject.write_text(f"{pyproject.read_text()}\n{row_of_own}\n{accepted}")
    assert ovext("build", "--isa", "avx2", cwd=custom_relu).returncode == 0
    first = ovext("report", cwd=custom_relu)
    assert first.returncode == 0, first.stderr
    assert "Inspecting " in first.stderr
    assert first.stdout == "build/report.html\n"
    again = ovext("report", cwd=custom_relu)
    assert "Inspecting " not in again.stderr
    (line,) = grid_of(shown(custom_relu))
    assert {cell.state for cell in line.cells.values()} == {"loads"}
    assert set(line.cells) == {*BASES, "ours"}
    decisions = {one.subject for one in shown(custom_relu).libraries[0].decisions}
    assert {"base OS", "engine", "compiler"} <= decisions


def test_what_failed_is_shown_with_its_command(tmp_path: Path, ovext: Ovext) -> None:
    folder = write(tmp_path / "a", test=proof(row(), FAILED))
    texts = " ".join(Page(page_of(folder, ovext)).texts)
    assert "1 of 3 elements wrong" in texts
    assert """ovext test ops --op Scale --case '{"a": 1}'""" in texts
    markdown = ovext("report", folder, "--format", "markdown").stdout
    assert "- ❌ Scale, numbers: 1 of 3 elements wrong" in markdown
    assert "| Scale | 6 | 1 | ❌ 1 | 0 |" in markdown
    folder = write(tmp_path / "b", test=proof(row(), row(variant="sse42", cases=0, points=[], skipped="no CPU")))
    assert "| Scale | 3 | 1 | 0 | 1 |" in ovext("report", folder, "--format", "markdown").stdout


def test_names_are_escaped(tmp_path: Path, ovext: Ovext) -> None:
    library = built(EVIL, ops=[{"type": EVIL, "opset": EVIL}])
    finding = {"code": EVIL, "level": EVIL, "text": EVIL, "fix": EVIL, "file": EVIL, "line": 1}
    found = inspected(library, exports=[EVIL], findings=[finding], sections={EVIL: 4}, highest_versions={EVIL: "1"})
    folder = write(
        tmp_path / "a",
        build={"libraries": [library]},
        inspect={"files": [found]},
        test=proof(row(EVIL, check=EVIL, variant=EVIL, types=EVIL, note=EVIL), project=EVIL),
        bench=bench(EVIL),
        gpu={"layers": [EVIL], "findings": [finding]},
    )
    page = page_of(folder, ovext)
    assert "script" not in Page(page).tags
    assert "<script" not in page
    assert "{{ 7*7 }}" in " ".join(Page(page).texts)  # it is no template
    markdown = ovext("report", folder, "--format", "markdown").stdout
    assert "<script" not in markdown.replace("\\<", "")
    assert "\\<script\\>" in markdown


HOSTILE: dict[str, Any] = {
    "a list": [1, 2],
    "no objects": {"libraries": [1]},
    "not finite": {"project": "a", "rows": [row(points=[{"elements": 1, "of_tolerance": float("inf")}])]},
    "no number": {"results": [{"op": "a", "rows": [{"case": 1}]}]},
    "null": {"files": None},
    "a large number": bench(microseconds=1e300),
    "zero": bench(microseconds=0.0),
    "a negative number": bench(microseconds=-1.0),
    "no rows": {"results": [{"op": "a", "rows": []}]},
    "no versions": {"files": [inspected(built(), highest_versions={"GLIBC": "abc", "GLIBCXX": "2.²"})]},
    "huge versions": {"files": [inspected(built(), highest_versions={"GLIBC": "2." + "9" * 400})]},
    "empty names": proof(row("", check="", variant="", types="", device="")),
    "a control character": proof(row("a\x00\x1b[31mb")),
    "half a character": proof(row("a\udc80")),
    "no points": proof(row(points=[], cases=0)),
    "a size of 0": proof(row(points=[{"elements": 0, "of_tolerance": 0.0}])),
    "a size beyond all": proof(row(points=[{"elements": 10**400, "of_tolerance": 1e308}])),
    "an error beyond all": proof(row(points=[{"elements": 1, "of_tolerance": 1e308}])),
    "no roof": {"results": [{**bench(gigaflops=1.0)["results"][0], "peak_gigaflops": 1.0}]},
    "a long name": bench("x" * 3000),
    "many variants": proof(*(row(variant=f"v{number}", types=f"t{number}") for number in range(1500))),
    "many ops": proof(*(row(f"Op{number}", points=[]) for number in range(3000))),
    "many files": {"files": [inspected(built(f"a{number}")) for number in range(1500)]},
    "many libraries": {"libraries": [built(f"a{number}") for number in range(1500)]},
    "a negative size": proof(row(points=[{"elements": -5, "of_tolerance": -1.0}])),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_files_made_to_hurt_give_a_page(name: str, tmp_path: Path, ovext: Ovext) -> None:
    folder = whole(tmp_path / "a")
    write(folder, hurt=HOSTILE[name])
    page = page_of(folder, ovext)
    assert len(page.encode()) < LARGEST
    assert built()["sha256"] in page


def test_what_cannot_be_read_is_named(tmp_path: Path, ovext: Ovext) -> None:
    folder = whole(tmp_path / "a")
    (folder / "cut.json").write_text('{"libraries": [')
    (folder / "deep.json").write_text("[" * 100_000)
    os.mkfifo(folder / "pipe.json")
    write(folder, wrong={"libraries": [{"file": 3}]}, other={"something": "else"})
    texts = " ".join(Page(page_of(folder, ovext)).texts)
    for name in ("cut.json", "deep.json", "pipe.json", "wrong.json"):
        assert name in texts
    assert "other.json" not in texts


def test_the_last_record_of_each_wins(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", b=proof(row(), FAILED), a=proof(row(), row(variant="sse42")))
    os.utime(folder / "b.json", (1, 1))
    assert not any(one.failures for _, one in shown(folder).proofs)
    os.utime(folder / "a.json", (0, 0))
    assert any(one.failures for _, one in shown(folder).proofs)


def test_a_copy_is_read_by_the_names_of_its_files(tmp_path: Path) -> None:
    """All files of a copy may have one time."""
    for day in (1, 3, 2):
        written = write(tmp_path / "a", **{f"build-2026110{day}T000000.000000": {"libraries": [built(size=day)]}})
    for file in written.iterdir():
        os.utime(file, (1, 1))
    assert [one.built.size for one in shown(written).libraries] == [3]


def test_what_nothing_executed_is_forgotten_once_it_ran(tmp_path: Path) -> None:
    never = row(
        types="", cases=0, points=[], failures=[{"check": "executed", "what": "avx2 was not executed anywhere"}]
    )
    folder = write(tmp_path / "a", **{"test-20261101T000000.000000": proof(never)})
    assert [one.failures != [] for _, one in shown(folder).proofs] == [True]
    write(folder, **{"test-20261102T000000.000000": proof(row())})
    assert [one.failures != [] for _, one in shown(folder).proofs] == [False]


def test_only_files_of_the_project_are_shown(tmp_path: Path, ovext: Ovext) -> None:
    kernel = tmp_path / "a" / "kernel.cl"
    secret = tmp_path / "secret.cl"
    finding = {"code": "x", "level": "error", "text": "wrong", "fix": "", "line": 2}
    findings = [{**finding, "file": str(one)} for one in (kernel, secret, tmp_path / "a" / ".." / "secret.cl")]
    folder = write(tmp_path / "a", gpu={"layers": ["Scale"], "findings": findings})
    kernel.write_text("one\ntwo shown\nthree\n")
    secret.write_text("one\ntwo hidden\nthree\n")
    page = page_of(folder, ovext)
    assert "two shown" in page
    assert "two hidden" not in page


def test_history_is_drawn_where_there_is_some(tmp_path: Path, ovext: Ovext) -> None:
    folder = whole(tmp_path / "a")
    assert "History" not in page_of(folder, ovext)
    write(folder, later={"libraries": [built(size=140000)]}, faster=bench(microseconds=20.0))
    assert "History" in page_of(folder, ovext)


def test_equal_builds_differ_in_nothing(tmp_path: Path, ovext: Ovext) -> None:
    folder = whole(tmp_path / "a")
    assert compare(shown(folder), shown(folder)) == ()
    done = ovext("report", folder, folder, "--format", "markdown")
    assert "Nothing has changed." in done.stdout
    assert "Nothing has changed." in page_of(folder, ovext, str(folder))


def test_a_comparison_tells_what_is_worse(tmp_path: Path) -> None:
    old, new = built(), built(size=150000, ops=[{"type": "Other", "opset": "opset1"}])
    after = inspected(new, lacking=("ubi8",), exports=["create_extensions"], sections={".text": 30000})
    after["highest_versions"] = {"GLIBC": "2.34", "GLIBCXX": "3.4.21"}
    contents = {"build": {"libraries": [old]}, "inspect": {"files": [inspected(old)]}, "test": proof(row())}
    before = write(tmp_path / "old", **contents, bench=bench())
    then = {
        "build": {"libraries": [new]},
        "inspect": {"files": [after]},
        "test": proof(row(failures=FAILED["failures"])),
    }
    now = write(tmp_path / "new", **then, bench=bench(microseconds=60.0))
    changes = {
        (one.what, one.before, one.after): one.is_worse
        for part in compare(shown(before), shown(now))
        for one in part.changes
    }
    assert changes["op", "-", "Other (opset1)"] is False
    assert changes["op", "Scale (opset1)", "-"] is True
    assert changes["symbol", "ovext_active_isa", "-"] is True
    assert changes["GLIBC", "2.14", "2.34"] is True
    assert changes["ubi8", "loads", "does not load"] is True
    assert changes["finding", "-", "it needs GLIBC_2.99 [too-new]"] is True
    assert changes["size of baseline", "27,694 bytes", "30,000 bytes"] is False
    assert changes["numbers CPU avx2 f32", "fine", "wrong"] is True
    slower = [key for key in changes if key[0].startswith(("sse42,", "avx2,"))]
    assert len(slower) == 2
    assert all(changes[key] for key in slower)


def test_a_comparison_misses_nothing(tmp_path: Path) -> None:
    """Of several releases, of rows that are left out, of errors within the tolerance, and of what cannot be read."""
    releases = [built(openvino=one) for one in ("2026.4.1", "2026.2.1")]
    grown = [releases[0], {**releases[1], "size": 999_999}]
    worst = [{"elements": 4, "of_tolerance": 0.9}]
    before = write(tmp_path / "old", build={"libraries": releases}, test=proof(row(), row(variant="sse42")))
    gone = row(variant="sse42", cases=0, points=[], skipped="no CPU")
    now = write(tmp_path / "new", build={"libraries": grown}, test=proof(row(cases=1, points=worst), gone))
    (now / "cut.json").write_text("{")
    changes = {one.what: one.is_worse for part in compare(shown(before), shown(now)) for one in part.changes}
    assert changes.pop(next(name for name in changes if "cut.json" in name)) is True
    assert changes == {
        "size": False,
        "numbers CPU avx2 f32: cases": True,
        "numbers CPU avx2 f32: worst error": True,
        "numbers CPU sse42 f32": True,
    }


def test_times_within_the_noise_are_no_change(tmp_path: Path) -> None:
    before = write(tmp_path / "old", bench=bench(noise=0.1))
    now = write(tmp_path / "new", bench=bench(microseconds=44.0, noise=0.1))
    assert compare(shown(before), shown(now)) == ()


def test_markdown_keeps_its_tables(tmp_path: Path, ovext: Ovext) -> None:
    library = built("a|b\nc`d")
    found = inspected(library)
    found["verdicts"][0]["target"] = "a|<img src=x>"
    folder = write(tmp_path / "a", build={"libraries": [library]}, inspect={"files": [found]})
    lines = [
        line for line in ovext("report", folder, "--format", "markdown").stdout.splitlines() if line.startswith("|")
    ]
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_what_is_kept(tmp_path: Path) -> None:
    for number in range(25):
        keep(tmp_path / "r", "test", proof(row(cases=number)))
    kept = sorted((tmp_path / "r").glob("test-*.json"))
    assert len(kept) == 20
    assert json.loads(kept[-1].read_text())["rows"][0]["cases"] == 24
    (tmp_path / "file").touch()
    keep_for_report(None, tmp_path / "file", "test", {})  # nobody asked for it
    with pytest.raises(FilesError):
        keep_for_report(tmp_path / "file" / "r", None, "test", {})


def test_commands_keep_their_results(custom_relu: Path, tmp_path: Path, ovext: Ovext) -> None:
    few = ["--isa", "avx2", "--types", "f32", "--examples", "0", "--check", "numbers", "--device", "CPU"]
    assert ovext("test", *few, cwd=custom_relu).returncode == 0
    reports = custom_relu / "build" / "reports"
    assert {file.name.partition("-")[0] for file in reports.glob("*.json")} == {"test"}
    assert not list(reports.glob("*running*.json"))
    library = next((custom_relu / "lib/ubuntu").glob("*.so"))
    elsewhere = tmp_path / "elsewhere"
    assert ovext("inspect", library, "--report-dir", elsewhere).returncode == 0
    assert ovext("gpu", "check", custom_relu, "--no-compile", OVEXT_REPORT_DIR=str(elsewhere)).returncode == 0
    names = sorted(re.sub(r"-2\d+T.*", "", file.name) for file in elsewhere.glob("*.json"))
    assert names == ["gpu-check", "inspect"]
    (op,) = {one.op for _, one in shown(custom_relu).proofs}
    assert op == "CustomReLU"
    assert ovext("inspect", library, "--report-dir", library).returncode == ExitCode.FILES


def fetch(address: str, host: str | None = None) -> str:
    request = urllib.request.Request(address, headers={"Host": host} if host else {})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  its address was printed
        return str(answer.read().decode())


def test_a_run_is_followed_to_its_end(tmp_path: Path) -> None:
    folder = whole(tmp_path / "a")
    with ExitStack() as run:
        tell = run.enter_context(running(folder / "reports", "test"))
        tell(proof(row("First")))
        with running_ovext("report", folder, "--serve", cwd=tmp_path) as process:
            assert process.stdout is not None
            address = process.stdout.readline().split()[0]
            assert address.startswith("http://127.0.0.1:")
            page = fetch(address)
            assert "First" in page
            assert page.count("<script>") == 1
            tell(proof(row("Second")))
            assert "Second" in fetch(address)
            for wrong, host in ((f"{address}etc/passwd", None), (address, "example.org")):
                with pytest.raises(urllib.error.HTTPError, match="404"):
                    fetch(wrong, host)
            assert process.poll() is None
            run.close()
            assert process.wait(timeout=DEADLINE) == 0


def test_nothing_is_served_where_nothing_runs(tmp_path: Path, ovext: Ovext) -> None:
    done = ovext("report", whole(tmp_path / "a"), "--serve")
    assert done.returncode == ExitCode.USAGE
    assert "no matrix and no proof runs in" in done.stderr


def test_what_a_killed_command_knew_goes_with_the_next(tmp_path: Path) -> None:
    write(tmp_path / "reports", **{"test-running-1": proof(FAILED)})
    with running(tmp_path / "reports", "test"):
        assert not list((tmp_path / "reports").glob("*running-1*"))


def test_a_pipe_and_a_device_are_written_to(tmp_path: Path, ovext: Ovext) -> None:
    folder = whole(tmp_path / "a")
    assert "<h1>" in ovext("report", folder, "-o", "/dev/stdout").stdout
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with running_ovext("report", folder, "-o", pipe, cwd=tmp_path) as process:
        assert "<h1>" in pipe.read_text()
        assert process.wait(timeout=DEADLINE) == 0
    assert pipe.is_fifo()
    full = ovext("report", folder, "-o", "/dev/full")
    assert full.returncode == ExitCode.FILES
    assert "No space left" in full.stderr


def test_a_folder_that_is_not_there(tmp_path: Path, ovext: Ovext) -> None:
    done = ovext("report", tmp_path / "nowhere")
    assert done.returncode == ExitCode.USAGE
    assert "there is no folder" in done.stderr
    empty = ovext("report", tmp_path, "-o", tmp_path / "page.html")
    assert empty.returncode == 0
    assert "There is nothing to show yet" in (tmp_path / "page.html").read_text()
