"""Work-size expressions, parsed and evaluated as the plugin does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = "BFYX"
ALL_ONES = (1, 1, 1, 1)  # the dimensions with which the plugin tries an expression when it loads a layer
_WORD = re.compile(r"[ \t]*(?:(\d+)|([BFYXbfyx])|([-+*/%()]))")
_LONGEST = 200
_LARGEST_NUMBER = 2**31 - 1


class ExpressionError(ValueError):
    """The plugin does not accept the expression."""


class DivisionByZeroError(ExpressionError):
    """The expression divides by zero, which kills the plugin's process."""


def split(text: str) -> list[str]:
    """The expressions of a comma-separated list; none for an empty text."""
    return text.split(",") if text else []


def evaluate(expression: str, dims: tuple[int, int, int, int]) -> int:
    """The value for the dimensions b, f, y, x. Division works as in C.

    Raises:
        ExpressionError: it is not a valid expression, or divides by zero.
    """
    known = dict(zip(VARIABLES, dims, strict=True))
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
            value = value + self._product() if self._take() == "+" else value - self._product()
        return value

    def _product(self) -> int:
        value = self._atom()
        while self.rest and self.rest[0] in "*/%":
            operation, operand = self._take(), self._atom()
            if operation == "*":
                value *= operand
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
        problem = "a sign before a value is not allowed" if word in "+-" else f"a value is missing before '{word}'"
        raise ExpressionError(problem)

    def _take(self) -> str:
        if not self.rest:
            raise ExpressionError("a value is missing at its end")
        return self.rest.pop(0)
