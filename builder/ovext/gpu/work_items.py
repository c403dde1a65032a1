"""A kernel's statements, computed for all of its work items at once, as far as they decide which elements it writes.

Whole numbers are known, and what comes out of memory or has a decimal point is not. Where an unknown value decides,
both ways are taken: then what is written is what may be written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pycparser import c_ast

from ovext.gpu.evaluator import Evaluator, Launch
from ovext.gpu.values_of_items import Integers, Pointer, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ovext.gpu.values_of_items import Mask

_MOST_ROUNDS = 1 << 12  # of a loop
_MOST_WORK = 1 << 28  # items times statements
_LEAST_WORK = 1 << 12  # of a statement


@dataclass(frozen=True)
class Accesses:
    """How many elements of each output are written, or may be, and how many accesses are outside of an argument."""

    written: dict[int, int]
    outside: dict[int, int]


@dataclass
class _Loop:
    """Which items left the loop by `break`, and which skip the rest of this round."""

    broken: Mask
    continued: Mask


class WorkItems(Evaluator):
    """All work items of a kernel, which execute each statement together."""

    def __init__(self, launch: Launch, elements: Mapping[int, int], outputs: Collection[int]) -> None:
        super().__init__(launch, elements, outputs)
        self._loops: list[_Loop] = []
        self._left = _MOST_WORK

    def run(self, kernel: c_ast.FuncDef) -> Accesses:
        """Run the kernel.

        Raises:
            UnreadableError: it writes to an unknown place, or has statements that are not understood.
        """
        parameters = kernel.decl.type.args.params if kernel.decl.type.args else []
        start = Integers(self._numbers(0))
        arguments = {number: Pointer(number, start) for number in self._elements}
        self._scopes = [{one.name: arguments.get(number) for number, one in enumerate(parameters)}]
        try:
            self._execute(kernel.body)
        except UnreadableError as reason:
            raise UnreadableError(str(reason), may_write_more=reason.may_write_more or bool(self._loops)) from None
        written = {argument: int(np.count_nonzero(elements)) for argument, elements in self._written.items()}
        return Accesses(written, self._outside)

    def _execute(self, node: Any) -> None:
        if node is None or not self._active.any():
            return
        self._left -= max(self._count, _LEAST_WORK)
        if self._left < 0:
            raise UnreadableError("it takes too long", may_write_more=True)
        method = getattr(self, f"_execute_{type(node).__name__.lower()}", None)
        if method is not None:
            method(node)
        else:
            self._value(node)

    def _execute_compound(self, node: c_ast.Compound) -> None:
        self._scopes.append({})
        for one in node.block_items or []:
            self._execute(one)
        self._scopes.pop()

    def _execute_decllist(self, node: c_ast.DeclList) -> None:
        for one in node.decls:
            self._execute(one)

    def _execute_decl(self, node: c_ast.Decl) -> None:
        value = self._value(node.init) if node.init is not None else None
        self._types[node.name] = node.type
        self._scopes[-1][node.name] = self._converted(value, node.type)

    def _execute_if(self, node: c_ast.If) -> None:
        condition = self._value(node.cond)
        if not isinstance(condition, Integers):
            self._maybe(node.iftrue, node.iffalse)
            return
        chosen, before = condition.numbers != 0, self._active
        left = self._branch(node.iftrue, before & chosen)
        self._active = left | self._branch(node.iffalse, before & ~chosen)

    def _branch(self, node: Any, active: Mask) -> Mask:
        """Execute a branch for these items; returns those that go on behind it."""
        self._active = active
        self._execute(node)
        return self._active

    def _maybe(self, *branches: Any) -> None:
        """Execute each branch from the same state; afterwards, what one of them changed is unknown."""
        before, active = [dict(scope) for scope in self._scopes], self._active
        self._is_exact = False
        changed: set[tuple[int, str]] = set()
        for branch in branches:
            self._scopes, self._active = [dict(scope) for scope in before], active
            self._execute(branch)
            changed |= {
                (depth, name)
                for depth, scope in enumerate(before)
                for name, value in scope.items()
                if self._scopes[depth][name] is not value
            }
        self._scopes, self._active = before, active
        for depth, name in changed:
            self._scopes[depth][name] = None

    def _execute_for(self, node: c_ast.For) -> None:
        self._scopes.append({})
        self._execute(node.init)
        self._repeat(node.cond, node.stmt, node.next, is_first_sure=False)
        self._scopes.pop()

    def _execute_while(self, node: c_ast.While) -> None:
        self._repeat(node.cond, node.stmt, None, is_first_sure=False)

    def _execute_dowhile(self, node: c_ast.DoWhile) -> None:
        self._repeat(node.cond, node.stmt, None, is_first_sure=True)

    def _repeat(self, condition: Any, body: Any, following: Any, *, is_first_sure: bool) -> None:
        before = self._active
        loop = _Loop(np.zeros(self._count, bool), np.zeros(self._count, bool))
        self._loops.append(loop)
        finished = np.zeros(self._count, bool)
        for rounds in range(_MOST_ROUNDS + 1):
            if not (is_first_sure and rounds == 0):
                goes_on = self._value(condition) if condition is not None else Integers(self._numbers(1))
                if not isinstance(goes_on, Integers):
                    self._unknown_rounds(body, following)
                    break
                finished |= self._active & (goes_on.numbers == 0)
                self._active = self._active & (goes_on.numbers != 0)
            if not self._active.any():
                break
            if rounds == _MOST_ROUNDS:
                raise UnreadableError("a loop has too many rounds", may_write_more=True)
            self._execute(body)
            self._active = self._active | loop.continued
            loop.continued = np.zeros(self._count, bool)
            self._execute(following)
        self._loops.pop()
        self._active = before & (finished | loop.broken | self._active)

    def _unknown_rounds(self, body: Any, following: Any) -> None:
        """A loop of unknown length: each variable that it changes is unknown in it."""
        for name in _assigned(body) | _assigned(following):
            for scope in self._scopes:
                if name in scope:
                    scope[name] = None
        self._maybe(body)

    def _execute_break(self, _: c_ast.Break) -> None:
        self._loops[-1].broken |= self._active
        self._active = np.zeros(self._count, bool)

    def _execute_continue(self, _: c_ast.Continue) -> None:
        self._loops[-1].continued |= self._active
        self._active = np.zeros(self._count, bool)

    def _execute_return(self, _: c_ast.Return) -> None:
        self._active = np.zeros(self._count, bool)

    def _execute_emptystatement(self, _: c_ast.EmptyStatement) -> None:
        pass

    def _execute_switch(self, _: c_ast.Switch) -> None:
        raise UnreadableError("it has a switch", may_write_more=True)

    def _execute_goto(self, _: c_ast.Goto) -> None:
        raise UnreadableError("it has a goto", may_write_more=True)


def _assigned(node: Any) -> set[str]:
    """The names of the variables that statements change."""
    if node is None:
        return set()
    names = {name for _, child in node.children() for name in _assigned(child)}
    target = node.lvalue if isinstance(node, c_ast.Assignment) else None
    if isinstance(node, c_ast.UnaryOp) and node.op in {"++", "--", "p++", "p--"}:
        target = node.expr
    return names | ({target.name} if isinstance(target, c_ast.ID) else set())
