"""The building blocks of all tables in the user's files."""

from __future__ import annotations

import keyword
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema

_NAME = "^[A-Za-z_][A-Za-z0-9_]*$"
_CPP_KEYWORDS = frozenset(
    """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class
    compl concept const const_cast consteval constexpr constinit continue co_await co_return co_yield decltype
    default delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline
    int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public
    register reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch
    template this thread_local throw true try typedef typeid typename union unsigned using virtual void volatile
    wchar_t while xor xor_eq
    """.split()  # noqa: SIM905  a list of them would be a hundred lines
)
_MACROS = frozenset(
    """
    BUFSIZ DOMAIN EOF FALSE HUGE_VAL INFINITY INT_MAX INT_MIN NAN NULL OVERFLOW PI RAND_MAX SIGN TRUE UNDERFLOW
    assert errno linux stderr stdin stdout unix
    """.split()  # noqa: SIM905
)


def _checked_name(name: str) -> str:
    """The name, if it is valid in C++, OpenCL C and Python.

    Raises:
        ValueError: it is not valid; the text names the nearest valid one.
    """
    if not re.match(_NAME, name):
        instead = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
        instead = f"_{instead}" if instead[:1].isdigit() else instead
        hint = f"; write '{instead}'" if instead else ""
        raise ValueError(f"'{name}' is no name: it is made of the letters a-z and A-Z, digits and _{hint}")
    if language := keyword_language(name):
        raise ValueError(f"'{name}' is a keyword of {language}; write '{name}_'")
    return name


def keyword_language(name: str) -> str:
    """The language in which the name is a keyword or a macro; empty if there is none."""
    languages = {"C++": _CPP_KEYWORDS | _MACROS, "Python": keyword.kwlist}
    return next((language for language, words in languages.items() if name in words), "")


Name = Annotated[str, AfterValidator(_checked_name), WithJsonSchema({"type": "string", "pattern": _NAME})]


def _checked_text(text: str) -> str:
    if not all(character.isprintable() or character == "\n" for character in text):
        raise ValueError("there is a character in it that cannot be printed")
    return text


Text = Annotated[str, AfterValidator(_checked_text)]


class Strict(BaseModel):
    """A frozen table in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
