"""A kernel's statements, computed for all of its work items at once, as far as they decide which elements it writes.

Whole numbers are known, and what comes out of memory or has a decimal point is not. Where an unknown value decides,
both ways are taken: then what is written is what may be written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from pycparser import c_ast

from ovext.gpu.evaluator import Evaluator, names_behind
from ovext.gpu.values_of_items import Integers, Pointer, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ovext.gpu.evaluator import Launch
    from ovext.gpu.values_of_items import Mask

_ELEMENT = re.compile(r"(IN|OUT)PUT\d+_TYPE|u?(char|short|int|long)|half|float|double")
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
    is_uncertain: bool = False  # whether nobody knows who left it


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
        self._shared = _shared(kernel.body)
        for number in self._elements:
            names = names_behind(parameters[number].type) if number < len(parameters) else None
            if names is None or not _is_element(names):
                raise UnreadableError("a tensor is not of single elements", may_write_more=True)
            self._elements_of[number] = names
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
        self._scopes[-1][node.name] = None
        converted = self._converted(value, node.type)
        if node.name in self._shared:
            self._refuse_outputs("the address of an output's address is taken", converted)
        else:
            self._scopes[-1][node.name] = converted

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
        """Execute branches of which nobody knows who takes which."""
        self._uncertain(*(partial(self._execute, branch) for branch in branches))
        if any(_has(branch, c_ast.Return) for branch in branches):
            self._is_exact = False
        if any(_has(branch, c_ast.Break, c_ast.Continue) for branch in branches):
            self._is_exact = False
            self._loops[-1].is_uncertain = True

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
            if loop.is_uncertain:  # nobody knows who is still in it
                self._unknown_rounds(body, following)
                break
            self._execute(following)
        self._loops.pop()
        self._active = before & (finished | loop.broken | self._active)

    def _unknown_rounds(self, body: Any, following: Any) -> None:
        """A loop of unknown length: each variable that it changes is unknown in it."""
        for name in _assigned(body) | _assigned(following):
            for scope in self._scopes:
                if name in scope:
                    self._forget(scope, name)
        self._is_exact = False
        self._uncertain(partial(self._execute, body))

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


def _has(node: Any, *kinds: type) -> bool:
    """Whether statements of these kinds are in it; a break or continue of a loop inside does not count."""
    if node is None:
        return False
    is_loop = isinstance(node, (c_ast.For, c_ast.While, c_ast.DoWhile))
    inner = () if is_loop and c_ast.Return not in kinds else node.children()
    return isinstance(node, kinds) or any(_has(child, *kinds) for _, child in inner)


def _shared(node: Any) -> set[str]:
    """The variables whose addresses are taken."""
    names = {name for _, child in node.children() for name in _shared(child)}
    is_taken = isinstance(node, c_ast.UnaryOp) and node.op == "&" and isinstance(node.expr, c_ast.ID)
    return names | ({node.expr.name} if is_taken else set())


def _is_element(names: Sequence[str]) -> bool:
    """Whether a type is that of a tensor's elements: the plugin's macro, or a plain type."""
    return len(names) == 1 and _ELEMENT.fullmatch(names[0]) is not None
