"""Expressions of a kernel, computed for all of its work items at once."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pycparser import c_ast

from ovext.gpu.values_of_items import COMPARISONS, Integers, Pointer, UnreadableError, arithmetic, is_same

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from ovext.gpu.values_of_items import Mask, Numbers, Value

# The bits of whole numbers' types, and those that have no sign.
_BITS = {
    "char": 8,
    "uchar": 8,
    "short": 16,
    "ushort": 16,
    "bool": 32,
    "signed": 32,
    "unsigned": 32,
    "int": 32,
    "uint": 32,
}
_BITS |= dict.fromkeys(("long", "ulong", "size_t", "ptrdiff_t"), 62)
_UNSIGNED = {"unsigned", "uchar", "ushort", "uint", "ulong", "size_t"}
_LARGEST = 1 << 31  # results beyond it may have wrapped
_CHOICES: dict[str, Callable[..., Numbers]] = {"min": np.minimum, "max": np.maximum, "clamp": np.clip}
_VECTOR = re.compile(r"(vload|vstore)(2|3|4|8|16)")
_STEPS = {"++": "+", "p++": "+", "--": "-", "p--": "-"}


@dataclass(frozen=True)
class Launch:
    """How a kernel is launched.

    Attributes:
        sizes: the global work sizes.
        local_sizes: the local ones; without, the driver chooses.
        tables: the arrays by which the plugin describes tensors and sizes, such as OUTPUT0_DIMS.
    """

    sizes: Sequence[int]
    local_sizes: Sequence[int]
    tables: Mapping[str, Sequence[int]]


class Evaluator:
    """The variables of all work items, and what each has written.

    Args:
        launch: how many there are.
        elements: the number of elements of each argument that is a tensor, by the argument's number.
        outputs: the arguments that are outputs.
    """

    def __init__(self, launch: Launch, elements: Mapping[int, int], outputs: Collection[int]) -> None:
        self._launch = launch
        self._count = math.prod(launch.sizes)
        self._active: Mask = np.ones(self._count, bool)
        self._is_exact = True  # False once the active items are only those that may be active
        self._scopes: list[dict[str, Value]] = []
        self._types: dict[str, Any] = {}  # the latest declared type of each variable
        self._elements_of: dict[int, list[str]] = {}  # the names of the type of each argument's elements
        self._shared: set[str] = set()  # variables that change through pointers
        self._elements = elements
        self._written = {argument: np.zeros(elements[argument], bool) for argument in outputs}
        self._outside: dict[int, int] = {}  # accesses outside of an argument's memory

    def _numbers(self, value: int) -> Numbers:
        return np.full(self._count, value, np.int64)

    def _value(self, node: Any) -> Value:
        method = getattr(self, f"_value_{type(node).__name__.lower()}", None)
        if method is not None:
            value: Value = method(node)
            return value
        for _, child in node.children():
            self._refuse_outputs(f"an output is in a {type(node).__name__}", self._value(child))
        return None

    def _value_id(self, node: c_ast.ID) -> Value:
        return next((scope[node.name] for scope in reversed(self._scopes) if node.name in scope), None)

    def _value_constant(self, node: c_ast.Constant) -> Value:
        if "int" not in node.type:
            return None
        text = node.value.lower()
        base = 16 if text.startswith("0x") else 8 if text.startswith("0") else 10
        return Integers(self._numbers(int(text.rstrip("ul"), base)), "u" in text)

    def _value_typename(self, _: c_ast.Typename) -> Value:
        return None

    def _value_cast(self, node: c_ast.Cast) -> Value:
        return self._converted(self._value(node.expr), node.to_type.type)

    def _value_ternaryop(self, node: c_ast.TernaryOp) -> Value:
        condition = self._value(node.cond)
        chosen = condition.numbers != 0 if isinstance(condition, Integers) else None
        one = self._value_where(chosen, node.iftrue)
        other = self._value_where(None if chosen is None else ~chosen, node.iffalse)
        self._refuse_outputs("an output is chosen by a condition", one, other)
        if chosen is not None and isinstance(one, Integers) and isinstance(other, Integers):
            return Integers(np.where(chosen, one.numbers, other.numbers), one.is_unsigned or other.is_unsigned)
        return None

    def _value_where(self, chosen: Mask | None, node: Any) -> Value:
        """The value for those items only that compute it; None: nobody knows which."""
        if chosen is None:
            self._uncertain(lambda: self._refuse_outputs("an output is used by some", self._value(node)))
            return None
        active = self._active
        self._active = active & chosen
        value = self._value(node)
        self._active = active
        return value

    def _uncertain(self, *ways: Callable[[], object]) -> None:
        """Go each way from the same state; afterwards, what one of them changed is unknown."""
        before, active, is_exact = [dict(scope) for scope in self._scopes], self._active, self._is_exact
        after = []
        for way in ways:
            self._scopes, self._active, self._is_exact = [dict(scope) for scope in before], active, False
            way()
            after.append(self._scopes)
        for scopes in after:
            for depth, scope in enumerate(before):
                for name, value in scope.items():
                    if not is_same(value, scopes[depth][name]):
                        self._forget(scope, name)
                        self._refuse_outputs("an output's address depends on memory", scopes[depth][name])
        self._scopes, self._active, self._is_exact = before, active, is_exact

    def _forget(self, scope: dict[str, Value], name: str) -> None:
        self._refuse_outputs("an output's address depends on memory", scope[name])
        scope[name] = None

    def _refuse_outputs(self, problem: str, *values: Value, may_write_more: bool = True) -> None:
        if any(isinstance(value, Pointer) and value.argument in self._written for value in values):
            raise UnreadableError(problem, may_write_more=may_write_more)

    def _value_exprlist(self, node: c_ast.ExprList) -> Value:
        return [self._value(one) for one in node.exprs][-1]

    def _value_arrayref(self, node: c_ast.ArrayRef) -> Value:
        index = self._value(node.subscript)
        if isinstance(node.name, c_ast.ID) and (table := self._launch.tables.get(node.name.name)):
            return self._element(table, index)
        if pointer := self._address(node):
            self._touch(pointer, 1)
        return None  # what memory holds

    def _element(self, table: Sequence[int], index: Value) -> Value:
        if not isinstance(index, Integers):
            return None
        return Integers(np.array(table, np.int64)[np.clip(index.numbers, 0, len(table) - 1)])

    def _value_unaryop(self, node: c_ast.UnaryOp) -> Value:
        if node.op in _STEPS:
            return self._stepped(node)
        if node.op == "&":
            return self._address_of(node.expr)
        value = self._value(node.expr) if node.op != "sizeof" else None
        if isinstance(value, Pointer) and node.op == "*":
            self._touch(value, 1)
        if not isinstance(value, Integers):
            return None
        if node.op == "!":
            return Integers((value.numbers == 0).astype(np.int64))
        if node.op == "-":
            return self._computed("-", Integers(self._numbers(0)), value)
        return value if node.op == "+" else None

    def _stepped(self, node: c_ast.UnaryOp) -> Value:
        old = self._value(node.expr)
        new = self._computed(_STEPS[node.op], old, Integers(self._numbers(1)))
        self._assign(node.expr, new)
        return old if node.op.startswith("p") else new

    def _address_of(self, node: Any) -> Value:
        if isinstance(node, c_ast.ArrayRef):
            return self._address(node)
        self._refuse_outputs("the address of a pointer is taken", self._value(node))
        return None

    def _value_binaryop(self, node: c_ast.BinaryOp) -> Value:
        left = self._value(node.left)
        if node.op not in {"&&", "||"}:
            return self._computed(node.op, left, self._value(node.right))
        chosen = (left.numbers != 0) == (node.op == "&&") if isinstance(left, Integers) else None
        return self._computed(node.op, left, self._value_where(chosen, node.right))

    def _computed(self, operation: str, left: Value, right: Value) -> Value:
        if isinstance(left, Pointer) or isinstance(right, Pointer):
            return self._moved(operation, left, right)
        if left is None or right is None:
            return None
        is_unsigned = left.is_unsigned or right.is_unsigned
        result = arithmetic(operation, left.numbers, right.numbers)
        if is_unsigned and any((one[self._active] < 0).any() for one in (left.numbers, right.numbers, result)):
            return None  # it wraps
        if (np.abs(result[self._active]) >= _LARGEST).any():
            return None
        return Integers(result, is_unsigned and operation not in COMPARISONS)

    def _moved(self, operation: str, left: Value, right: Value) -> Pointer | None:
        """An address plus or minus a number."""
        pointer, number = (left, right) if isinstance(left, Pointer) else (right, left)
        if isinstance(pointer, Pointer) and isinstance(number, Integers) and operation in {"+", "-"}:
            signed = number.numbers if operation == "+" else -number.numbers
            return Pointer(pointer.argument, Integers(pointer.offset.numbers + signed))
        self._refuse_outputs("an address in an output is unknown", left, right, may_write_more=False)
        return None

    def _value_assignment(self, node: c_ast.Assignment) -> Value:
        value = self._value(node.rvalue)
        if node.op != "=":
            if has_side_effects(node.lvalue):
                raise UnreadableError("a place is computed and changed at once", may_write_more=True)
            value = self._computed(node.op[:-1], self._value(node.lvalue), value)
        self._assign(node.lvalue, value)
        return value

    def _assign(self, target: Any, value: Value) -> None:
        if isinstance(target, c_ast.ID):
            self._set(target.name, value)
            return
        self._refuse_outputs("an output's address is stored", value)
        if isinstance(target, c_ast.ArrayRef):
            if pointer := self._address(target):
                self._touch(pointer, 1, writes=True)
        elif isinstance(target, c_ast.UnaryOp) and target.op == "*":
            if isinstance(place := self._value(target.expr), Pointer):
                self._touch(place, 1, writes=True)
        elif isinstance(target, c_ast.StructRef) and isinstance(target.name, (c_ast.ArrayRef, c_ast.UnaryOp)):
            self._assign(target.name, value)
        else:
            self._refuse_outputs("an output is used as another type", self._value(target))

    def _set(self, name: str, value: Value) -> None:
        scope = next((scope for scope in reversed(self._scopes) if name in scope), None)
        if scope is None:
            return
        old, value = scope[name], self._converted(value, self._types[name]) if name in self._types else value
        if name in self._shared:
            self._refuse_outputs("the address of an output's address is taken", value)
        elif self._active.all():
            scope[name] = value
        elif old is None:
            self._refuse_outputs("an output's address is set in some items", value)
        elif isinstance(old, Integers) and isinstance(value, Integers):
            scope[name] = Integers(np.where(self._active, value.numbers, old.numbers), old.is_unsigned)
        elif isinstance(old, Pointer) and isinstance(value, Pointer) and old.argument == value.argument:
            offset = np.where(self._active, value.offset.numbers, old.offset.numbers)
            scope[name] = Pointer(old.argument, Integers(offset))
        else:
            self._refuse_outputs("an address in an output is unknown", old, value)
            scope[name] = None

    def _address(self, node: c_ast.ArrayRef) -> Pointer | None:
        base, index = self._value(node.name), self._value(node.subscript)
        return self._moved("+", base, index) if isinstance(base, Pointer) else None

    def _touch(self, pointer: Pointer, width: int, *, writes: bool = False) -> None:
        """Access `width` elements from the address on."""
        size, first = self._elements[pointer.argument], pointer.offset.numbers[self._active]
        for step in range(width):
            at = first + step
            inside = (at >= 0) & (at < size)
            if writes and pointer.argument in self._written:
                self._written[pointer.argument][at[inside]] = True
            if self._is_exact and not inside.all():
                outside = self._outside.get(pointer.argument, 0)
                self._outside[pointer.argument] = outside + int(np.count_nonzero(~inside))

    def _value_funccall(self, node: c_ast.FuncCall) -> Value:
        name = node.name.name if isinstance(node.name, c_ast.ID) else ""
        values = [self._value(one) for one in node.args.exprs] if node.args else []
        if match := _VECTOR.fullmatch(name):
            self._vector(int(match[2]), values[-2], values[-1], writes=match[1] == "vstore")
            return None
        self._refuse_outputs(f"an output is handed to {name}", *values)
        numbers = [value for value in values if isinstance(value, Integers)]
        if name.startswith("get_"):
            return self._of_item(name, numbers)
        return self._function(name, numbers) if len(numbers) == len(values) else None

    def _function(self, name: str, numbers: Sequence[Integers]) -> Value:
        """What one of OpenCL's functions makes of whole numbers."""
        if name in _CHOICES:
            is_unsigned = any(one.is_unsigned for one in numbers)
            return Integers(_CHOICES[name](*(one.numbers for one in numbers)), is_unsigned)
        if name in {"mul24", "mad24"}:
            product = self._computed("*", numbers[0], numbers[1])
            return self._computed("+", product, numbers[2]) if name == "mad24" else product
        return None

    def _vector(self, width: int, offset: Value, pointer: Value, *, writes: bool) -> None:
        """What vloadN and vstoreN access."""
        if isinstance(pointer, Pointer) and isinstance(offset, Integers):
            start = Integers(pointer.offset.numbers + offset.numbers * width)
            self._touch(Pointer(pointer.argument, start), width, writes=writes)
        else:
            self._refuse_outputs("an address in an output is unknown", pointer)

    def _of_item(self, name: str, numbers: Sequence[Integers]) -> Value:
        """What OpenCL's functions tell a work item of itself."""
        axes = set(np.unique(numbers[0].numbers)) if numbers else {0}
        if len(axes) > 1:
            return None
        axis = int(axes.pop())
        if name == "get_work_dim":
            return Integers(self._numbers(len(self._launch.sizes)), True)
        if name == "get_global_offset":
            return Integers(self._numbers(0), True)
        size = self._launch.sizes[axis] if axis < len(self._launch.sizes) else 1
        before = math.prod(self._launch.sizes[:axis])
        position = np.arange(self._count) // before % size if axis < len(self._launch.sizes) else self._numbers(0)
        if name in {"get_global_id", "get_global_size"}:
            return Integers(position if name.endswith("id") else self._numbers(size), True)
        if not self._launch.local_sizes:
            return None  # the driver chooses the groups
        local = self._launch.local_sizes[axis] if axis < len(self._launch.local_sizes) else 1
        found = {
            "get_local_id": position % local,
            "get_group_id": position // local,
            "get_local_size": self._numbers(local),
            "get_num_groups": self._numbers(-(-size // local)),
        }.get(name)
        return None if found is None else Integers(found, True)

    def _converted(self, value: Value, to_type: Any) -> Value:
        """A value as another type: an address stays one, and a number is known as a whole number only."""
        if isinstance(value, Pointer):
            if names_behind(to_type) == self._elements_of.get(value.argument):
                return value
            self._refuse_outputs("an output is used as another type", value)
            return None
        names = getattr(getattr(to_type, "type", None), "names", [])
        if not isinstance(value, Integers) or not names or not _BITS.keys() >= set(names):
            return None
        is_unsigned = not _UNSIGNED.isdisjoint(names)
        if names == ["bool"]:
            return Integers((value.numbers != 0).astype(np.int64))
        bits = (
            max(map(_BITS.__getitem__, names))
            if {"char", "short"}.isdisjoint(names)
            else min(map(_BITS.__getitem__, names))
        )
        lowest, highest = (0, 1 << bits) if is_unsigned else (-(1 << bits - 1), 1 << bits - 1)
        numbers = value.numbers[self._active]
        return Integers(value.numbers, is_unsigned) if ((numbers >= lowest) & (numbers < highest)).all() else None


def has_side_effects(node: Any) -> bool:
    is_change = isinstance(node, c_ast.Assignment) or (isinstance(node, c_ast.UnaryOp) and node.op in _STEPS)
    return is_change or any(has_side_effects(child) for _, child in node.children())


def names_behind(pointer: Any) -> list[str] | None:
    """The names of the type that a pointer points to; None for what is no pointer to a plain type."""
    is_plain = isinstance(pointer, c_ast.PtrDecl) and isinstance(pointer.type, c_ast.TypeDecl)
    return getattr(pointer.type.type, "names", None) if is_plain else None
