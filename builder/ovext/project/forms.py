"""The forms of an op: which inputs a model has, if some are optional or there can be any number of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ovext.project.op import Input, OpDescription

_SOME = 5  # inputs of one that can be there any number of times


def forms(op: OpDescription) -> list[OpDescription]:
    """The op with each number of inputs that it is tried with, in which all inputs are there once.

    The tensors of an input `xs` that can be there many times are xs_0, xs_1 and so on there.
    """
    if not has_forms(op):
        return [op]
    return [_form(op, inputs) for inputs in _counts(op)]


def has_forms(op: OpDescription) -> bool:
    return any(one.optional or one.many for one in op.inputs)


def usual_form(op: OpDescription) -> OpDescription:
    """The form of the first test case; without cases, the one with the most inputs."""
    return form_with(op, op.test.cases[0].shapes) if op.test.cases else forms(op)[-1]


def form_with(op: OpDescription, names: Collection[str]) -> OpDescription:
    """The form that has inputs of these names.

    Raises:
        ValueError: the op has no such form.
    """
    if not has_forms(op):
        if wrong := sorted(set(names) ^ {one.name for one in op.inputs}):
            raise ValueError(f"it must give one shape for each input, but not so for {', '.join(wrong)}")
        return op
    inputs: list[tuple[Input, list[str]]] = []
    for one in op.inputs:
        if one.many:
            numbered = [name for name in names if tensor_number(one, name) is not None]
            inputs.append((one, tensor_names(one, len(numbered))))
        elif one.name in names or not one.optional:
            inputs.append((one, [one.name]))
    wanted = [name for _, tensors in inputs for name in tensors]
    if set(wanted) != set(names) or not _is_form(op, inputs):
        raise ValueError(f"it must give shapes for {_all_forms(op)}, and gives them for {', '.join(names) or 'none'}")
    return _form(op, inputs)


def form_with_first(op: OpDescription, count: int) -> OpDescription:
    """The form that has the first `count` inputs. Raises the same error as form_with."""
    names = [one.name for one in op.inputs if not one.many][:count]
    many = next((one for one in op.inputs if one.many), None)
    return form_with(op, [*names, *(tensor_names(many, count - len(names)) if many else [])])


def form_on_gpu(op: OpDescription) -> OpDescription:
    """The form that the op's GPU layer is for, since a layer binds each input.

    Raises:
        ValueError: the table [gpu] says a number of inputs that the op does not have, or none where it must.
    """
    if not has_forms(op):
        return op
    count = op.gpu.inputs if op.gpu else None
    if count is None and any(one.many for one in op.inputs):
        raise ValueError("models on GPUs have a fixed number of inputs: say how many with `inputs = 2` or the like")
    form = form_with_first(op, len(op.inputs) if count is None else count)
    if count is not None and len(form.inputs) != count:
        raise ValueError(f"the op has at most {len(form.inputs)} inputs, not {count}")
    return form


def tensor_names(tensor: Input, count: int) -> list[str]:
    return [f"{tensor.name}_{number}" for number in range(count)]


def tensor_number(tensor: Input, name: str) -> int | None:
    """The number of a tensor of an input that can be there many times; None for another name."""
    start, _, number = name.rpartition("_")
    return int(number) if start == tensor.name and number.isdigit() else None


def arguments_of(op: OpDescription) -> list[int | list[int] | None]:
    """What each argument of the reference is in a form of the op: the number of an input, several, or None."""
    ports = {one.name: number for number, one in enumerate(op.inputs)}
    found: list[int | list[int] | None] = []
    for one in op.whole.inputs:
        if one.many:
            found.append([port for name, port in ports.items() if tensor_number(one, name) is not None])
        else:
            found.append(ports.get(one.name))
    return found


def form_text(op: OpDescription) -> str:
    """What a form of an op has that others do not, such as "without bias" or "with 3 xs"; empty for the only one."""
    whole = op.whole
    names = {one.name for one in op.inputs}
    absent = [one.name for one in whole.inputs if one.optional and one.name not in names]
    several = [
        f"with {sum(tensor_number(one, name) is not None for name in names)} {one.name}"
        for one in whole.inputs
        if one.many
    ]
    return " ".join([*([f"without {' and '.join(absent)}"] if absent else []), *several])


def _counts(op: OpDescription) -> Iterator[list[tuple[Input, list[str]]]]:
    """The names of the tensors of each input, in each form; the form with the fewest inputs first."""
    always = [(one, [one.name]) for one in op.inputs if not (one.optional or one.many)]
    optional = [(one, [one.name]) for one in op.inputs if one.optional]
    for number in range(len(optional) + 1):
        many = [one for one in op.inputs if one.many]
        if not many:
            yield [*always, *optional[:number]]
        for one in many:
            least, most = one.counts
            counts = {least, least + 1, _SOME, *({most} if most else ())}
            for count in sorted(count for count in counts if least <= count <= (most or max(_SOME, least + 1))):
                yield [*always, (one, tensor_names(one, count))]


def _is_form(op: OpDescription, inputs: Sequence[tuple[Input, list[str]]]) -> bool:
    there = [one.name for one, tensors in inputs]
    optional = [one.name in there for one in op.inputs if one.optional]
    counts = [(one.counts, len(tensors)) for one, tensors in inputs if one.many]
    return optional == sorted(optional, reverse=True) and all(
        least <= count and (most is None or count <= most) for (least, most), count in counts
    )


def _all_forms(op: OpDescription) -> str:
    def text(one: Input) -> str:
        if one.many:
            return f"{one.name}_0, {one.name}_1 ..."
        return f"{one.name} (optional)" if one.optional else one.name

    return ", ".join(map(text, op.inputs))


def _form(op: OpDescription, inputs: Sequence[tuple[Input, list[str]]]) -> OpDescription:
    firsts = {one.name: tensors[0] for one, tensors in inputs if tensors}
    tensors = [
        one.model_copy(update={"name": name, "optional": False, "many": "", "types": _types(one, name, firsts)})
        for one, names in inputs
        for name in names
    ]
    outputs = [
        one.model_copy(
            update={
                "type": firsts.get(one.type, one.type),
                "shape": firsts.get(one.shape, one.shape) if isinstance(one.shape, str) else one.shape,
            }
        )
        for one in op.outputs
    ]
    names = {one: owner.name for owner, every in inputs for one in every}
    test = op.test.model_copy(
        update={
            "cases": [one for one in op.test.cases if set(one.shapes) == {*names}],
            "ranges": {name: op.test.ranges[own] for name, own in names.items() if own in op.test.ranges},
            "values": {name: op.test.values[own] for name, own in names.items() if own in op.test.values},
        }
    )
    return op.model_copy(update={"inputs": tensors, "outputs": outputs, "test": test}).made_of(op)


def _types(tensor: Input, name: str, firsts: dict[str, str]) -> object:
    """An input's types in a form; all tensors of one input have the type of the first."""
    if tensor.many and name != firsts[tensor.name]:
        return firsts[tensor.name]
    return firsts.get(tensor.types, tensor.types) if isinstance(tensor.types, str) else tensor.types
