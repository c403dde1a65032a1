"""The tables of base operating systems, instruction sets and OpenVINO versions."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from ovext.errors import UnknownNameError, UsageError
from ovext.package.requirements import requirement_of
from ovext.resources import cmake_dir
from ovext.targets.base_os import find_base_os, names_of_base_oses
from ovext.targets.isa import host_cpuinfo_flags, isa_table, parse_isa
from ovext.targets.openvino_version import KNOWN_RELEASES, OpenVINOVersion


@pytest.mark.parametrize(
    ("spelled", "id_"),
    [("ubuntu", "ubuntu24"), ("ubuntu22", "ubuntu22"), ("redhat", "ubi9"), ("ubi8", "ubi8"), ("ubi9", "ubi9")],
)
def test_base_os_is_found_by_id_and_alias(spelled: str, id_: str) -> None:
    assert find_base_os(spelled).id == id_


def test_unknown_base_os_names_the_nearest_and_all() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'ubuntu22'") as caught:
        find_base_os("ubunto22")
    assert all(name in str(caught.value) for name in names_of_base_oses())


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("multi", ("multi",)),
        ("native", ("native",)),
        ("avx2", ("avx2",)),
        ("avx512f, sse42", ("sse42", "avx512f")),
        ("avx2;sse42;avx2", ("sse42", "avx2")),
    ],
)
def test_isa_lists_come_out_in_the_order_of_the_table(text: str, parsed: tuple[str, ...]) -> None:
    assert parse_isa(text) == parsed


def test_unknown_isa_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'avx512f'"):
        parse_isa("avx512")


@pytest.mark.parametrize("text", ["", " , ", "multi,avx2", "native,sse42"])
def test_isa_that_is_no_choice_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a choice"):
        parse_isa(text)


def test_each_wider_row_needs_all_features_of_the_narrower() -> None:
    rows = list(isa_table().values())
    for narrow, wide in pairwise(rows):
        assert set(narrow.features) < set(wide.features)


def test_features_that_use_wide_registers_ask_for_their_saved_state() -> None:
    features = json.loads((cmake_dir() / "isa.json").read_text())["features"]
    for name, feature in features.items():
        expected = 0xE6 if name.startswith("avx512") else 0x6 if name in {"avx", "avx2", "fma", "f16c"} else 0
        assert feature["xcr0"] == expected, name


def test_cpu_flags_are_read_from_the_first_processor(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nflags\t\t: pni ssse3 sse4_1 sse4_2 popcnt\nprocessor\t: 1\nflags\t\t: avx2\n")
    flags = host_cpuinfo_flags(cpuinfo)
    assert [row.id for row in isa_table().values() if row.is_supported(flags)] == ["sse42"]


def test_openvino_versions_are_ordered_as_they_were_made() -> None:
    texts = [
        "2024.6.0",
        "2026.4.0",
        "2026.4.1.dev20260901",
        "2026.4.1rc1",
        "2026.4.1rc2.dev3",
        "2026.4.1rc2",
        "2026.4.1",
    ]
    versions = [OpenVINOVersion.parse(f" {text} ") for text in [*texts, "2026.10.0"]]
    assert [str(one) for one in versions] == [*texts, "2026.10.0"]
    assert versions == sorted(versions)
    assert len({one.numbers for one in versions}) == 4


@pytest.mark.parametrize("text", ["", "26.4", "2026", "2026.4", "latest", "2026.4.1-dev", "2026.4.1.1", "2026.4.1; rm"])
def test_other_texts_are_no_openvino_version(text: str) -> None:
    with pytest.raises(UsageError, match="is not an OpenVINO version"):
        OpenVINOVersion.parse(text)


@settings(deadline=None)
@given(releases=st.sets(st.sampled_from(KNOWN_RELEASES), min_size=1))
def test_a_package_requires_the_releases_that_its_library_loads_in(releases: set[str]) -> None:
    allowed = Requirement(requirement_of(sorted(releases))).specifier
    assert set(allowed.filter(KNOWN_RELEASES)) == releases
    newest = max(map(OpenVINOVersion.parse, releases))
    assert f"{replace(newest, patch=newest.patch + 1)}" not in allowed


def test_a_development_build_is_required_exactly() -> None:
    build = "2024.4.1.dev20240926"
    assert requirement_of([build]) == f"openvino=={build}"
    allowed = Requirement(requirement_of([build, "2024.6.0"])).specifier
    assert [
        one
        for one in (build, "2024.4.0", "2024.5.0", "2024.6.0", "2024.6.1")
        if allowed.contains(one, prereleases=True)
    ] == [build, "2024.6.0"]
