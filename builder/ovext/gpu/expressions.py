"""Work-size expressions, parsed and evaluated as the plugin does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = "BFYX"
ALL_ONES = dict.fromkeys(VARIABLES, 1)  # with these the plugin tries an expression when it loads a layer
_WORD = re.compile(r"[ \t]*(?:(\d+)|([BFYXbfyx])|([-+*/%()]))")
_LONGEST = 200
_LARGEST_NUMBER = 2**31 - 1


class ExpressionError(ValueError):
    """The plugin does not accept the expression."""


class DivisionByZeroError(ExpressionError):
    """The expression divides by zero, which kills the plugin's process."""


def split(text: str) -> list[str]:
    """The expressions of a comma-separated list, which may end with a comma; none for an empty text."""
    return text.removesuffix(",").split(",") if text else []


def of_dims(dims: tuple[int, int, int, int]) -> dict[str, int]:
    """The values of B, F, Y and X."""
    return dict(zip(VARIABLES, dims, strict=True))


def evaluate(expression: str, known: Mapping[str, int]) -> int:
    """The value for these values of variables. Numbers have 32 bits, and division works as in C.

    Raises:
        ExpressionError: it is not a valid expression, or divides by zero.
    """
    parser = _Parser(_words(expression), known)
    value = parser.sum()
    if parser.rest:
        raise ExpressionError(f"'{expression}' has more text after its end, at '{parser.rest[0]}'")
    return value


def _words(expression: str) -> list[str]:
    if len(expression) > _LONGEST:
        raise ExpressionError(f"it is longer than {_LONGEST} characters")
    if expression != expression.rstrip():
        raise ExpressionError(f"'{expression}' ends with a space, which the plugin does not accept")
    words = []
    position = 0
    while position < len(expression):
        match = _WORD.match(expression, position)
        if match is None:
            odd = expression[position:].strip()[0]
            raise ExpressionError(
                f"'{odd}' is not allowed in '{expression}'; allowed are B F Y X, digits, + - * / % ( )"
            )
        word = match[match.lastindex or 0]
        if match[1] and int(word) > _LARGEST_NUMBER:
            raise ExpressionError(f"{word} is too large a number")
        words.append(word)
        position = match.end()
    if not words:
        raise ExpressionError("an expression is empty")
    return words


@dataclass
class _Parser:
    rest: list[str]
    known: Mapping[str, int]

    def sum(self) -> int:
        value = self._product()
        while self.rest and self.rest[0] in "+-":
            value = _wrapped(value + self._product() if self._take() == "+" else value - self._product())
        return value

    def _product(self) -> int:
        value = self._atom()
        while self.rest and self.rest[0] in "*/%":
            operation, operand = self._take(), self._atom()
            if operation == "*":
                value = _wrapped(value * operand)
                continue
            if operand == 0:
                raise DivisionByZeroError("divides by zero")
            quotient = abs(value) // abs(operand) * (1 if (value < 0) == (operand < 0) else -1)
            value = quotient if operation == "/" else value - quotient * operand
        return value

    def _atom(self) -> int:
        word = self._take()
        if word == "(":
            value = self.sum()
            if not self.rest or self._take() != ")":
                raise ExpressionError("a closing parenthesis is missing")
            return value
        if word.isdigit():
            return int(word)
        if word.upper() in self.known:
            return self.known[word.upper()]
        if word.isalpha():
            raise ExpressionError(f"'{word}' has no value here")
        problem = "a sign before a value is not allowed" if word in "+-" else f"a value is missing before '{word}'"
        raise ExpressionError(problem)

    def _take(self) -> str:
        if not self.rest:
            raise ExpressionError("a value is missing at its end")
        return self.rest.pop(0)


def _wrapped(value: int) -> int:
    """The value that an int of 32 bits has after an overflow."""
    return (value + 2**31) % 2**32 - 2**31
