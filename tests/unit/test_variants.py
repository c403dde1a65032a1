"""A variant is identified by the name of its section, which is data from a file that may be hostile."""

from __future__ import annotations

import pytest

from ovext.inspect.elf_file import Section
from ovext.inspect.variants import variant_of


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("ovext_text_avx2", "avx2"),
        ("ovext_text_", None),
        (".text", None),
        (".ovext_text_avx2", None),
        ("ovext_init_avx2", None),
        ("ovext_text_\x1b[2J", None),
        ("ovext_text_avx2\nloads on: everything", None),
    ],
)
def test_name_of_a_section(name: str, variant: str | None) -> None:
    assert variant_of(Section(name, type="other", flags=6, address=0, offset=0, size=0, link=0)) == variant
