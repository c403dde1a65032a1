"""What is known of a value in a kernel: a whole number of each work item, or an address in an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Numbers = np.ndarray[Any, np.dtype[np.int64]]
    Mask = np.ndarray[Any, np.dtype[np.bool_]]


class UnreadableError(Exception):
    """The text does not show what is written. `may_write_more`: one item may write several elements."""

    def __init__(self, reason: str, *, may_write_more: bool = False) -> None:
        super().__init__(reason)
        self.may_write_more = may_write_more


@dataclass(frozen=True)
class Integers:
    """A whole number of each work item."""

    numbers: Numbers
    is_unsigned: bool = False


@dataclass(frozen=True)
class Pointer:
    """An address in the memory of an argument, in elements."""

    argument: int
    offset: Integers


Value = Integers | Pointer | None  # None: unknown


def is_same(one: Value, other: Value) -> bool:
    if isinstance(one, Integers) and isinstance(other, Integers):
        return one.is_unsigned == other.is_unsigned and np.array_equal(one.numbers, other.numbers)
    if isinstance(one, Pointer) and isinstance(other, Pointer):
        return one.argument == other.argument and is_same(one.offset, other.offset)
    return one is other


COMPARISONS: dict[str, Callable[[Numbers, Numbers], Mask]] = {
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
    "&&": np.logical_and,
    "||": np.logical_or,
}


def arithmetic(operation: str, left: Numbers, right: Numbers) -> Numbers:
    if operation in COMPARISONS:
        return COMPARISONS[operation](left, right).astype(np.int64)
    if operation in {"/", "%"}:
        divisor = np.where(right == 0, 1, right)
        quotient = np.abs(left) // np.abs(divisor) * np.sign(left) * np.sign(divisor)
        return quotient if operation == "/" else left - quotient * divisor
    shift = np.clip(right, 0, 62)
    results: dict[str, Callable[[], Numbers]] = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "&": lambda: left & right,
        "|": lambda: left | right,
        "^": lambda: left ^ right,
        "<<": lambda: left << shift,
        ">>": lambda: left >> shift,
    }
    return results[operation]()
