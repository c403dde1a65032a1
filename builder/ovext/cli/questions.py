"""What `ovext new` asks in a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ovext.errors import OvextError
from ovext.project.attributes import ATTRIBUTE_TYPES
from ovext.project.frameworks import Frameworks
from ovext.scaffold.describe import DEFAULT_TYPES, OpRequest, op_from_request, parse_value
from ovext.scaffold.repository import LICENCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovext.scaffold.repository import Repository


def ask(request: OpRequest) -> OpRequest:
    """The request, completed with the user's answers.

    Raises:
        KeyboardInterrupt: the user cancelled.
    """
    import questionary

    request = replace(request, op=_text("What do models call the op?", request.op, lambda op: replace(request, op=op)))
    request = replace(request, doc=_text("What does it compute, in a sentence?", ""))
    request = replace(request, inputs=_inputs(request))
    shape = _text(
        "The output's shape: the name of an input, formulas such as N,C,(H-3)//2+1, broadcast, custom=RANK, "
        "data-dependent=RANK (empty: as the first input, or broadcast)",
        "",
        lambda text: replace(request, outputs=[f"output::{text}"]),
    )
    request = replace(request, outputs=[f"output::{shape}"] if shape else [])
    request = replace(request, attributes=_attributes(request))
    chosen = questionary.checkbox("Which frameworks have models with it?", list(Frameworks.model_fields)).unsafe_ask()
    request = replace(
        request, frameworks=[f"{name}={_text(f'What is it called in {name}?', request.op)}" for name in chosen]
    )
    return replace(request, gpu=questionary.confirm("A kernel for GPUs too?", default=False).unsafe_ask())


def ask_about_repository(chosen: Repository) -> Repository:
    """What the new project has beside its op, completed with the user's answers.

    Raises:
        KeyboardInterrupt: the user cancelled.
    """
    import questionary

    if not chosen.license:
        none = "none yet"
        license = questionary.select("Its licence?", [*LICENCES, none], default=LICENCES[0]).unsafe_ask()  # noqa: A001
        chosen = replace(chosen, license="" if license == none else license)
    if not chosen.ci and questionary.confirm("Workflows for GitHub?", default=False).unsafe_ask():
        chosen = replace(chosen, ci="github")
    if not chosen.conan:
        chosen = replace(chosen, conan=questionary.confirm("A Conan package too?", default=False).unsafe_ask())
    return chosen


def _text(question: str, default: str, check: Callable[[str], OpRequest] | None = None) -> str:
    """The user's answer. Asks again if the request that `check` makes of it does not describe an op."""
    import questionary

    answer: str = questionary.text(question, default=default, validate=_validator(check)).unsafe_ask()
    return answer.strip()


def _validator(check: Callable[[str], OpRequest] | None) -> Any:
    def validate(text: str) -> bool | str:
        if check is None or not text.strip():
            return True
        try:
            op_from_request(check(text.strip()))
        except OvextError as error:
            return error.what
        return True

    return validate


def _inputs(request: OpRequest) -> list[str]:
    inputs: list[str] = []
    while True:
        number = f"Input {len(inputs) + 1}"
        default = "data" if not inputs else ""
        name = _text(
            f"{number}: its name{' (empty: no more)' if inputs else ''}",
            default,
            lambda text: replace(request, inputs=[*inputs, text]),
        )
        if not name:
            return inputs
        types = _text(
            f"{number}: its element types, or an earlier input that has the same",
            ",".join(DEFAULT_TYPES) if not inputs else inputs[0].partition(":")[0],
            lambda text, name=name: replace(request, inputs=[*inputs, f"{name}:{text}"]),  # type: ignore[misc]
        )
        dims = _text(
            f"{number}: its dimensions, such as N,C,... (empty: any)",
            "",
            lambda text, name=name, types=types: replace(request, inputs=[*inputs, f"{name}:{types}:{text}"]),  # type: ignore[misc]
        )
        inputs.append(f"{name}:{types}:{dims}" if dims else f"{name}:{types}")


def _attributes(request: OpRequest) -> list[str]:
    import questionary

    attributes: list[str] = []
    while name := _text(
        f"Attribute {len(attributes) + 1}: its name (empty: no more)",
        "",
        lambda text: replace(request, attributes=[*attributes, f"{text}:float"]),
    ):
        type_name: str = questionary.select("Its type?", list(ATTRIBUTE_TYPES), default="float").unsafe_ask()
        values = f"({_text('Its values, with commas between', '')})" if type_name == "enum" else ""
        default = _text(
            "Its default (empty: models must give it)",
            "",
            lambda text, name=name, type_name=type_name, values=values: _with(  # type: ignore[misc]
                request, [*attributes, f"{name}:{type_name}{values}={text}"], (text, type_name)
            ),
        )
        attributes.append(f"{name}:{type_name}{values}" + (f"={default}" if default else ""))
    return attributes


def _with(request: OpRequest, attributes: list[str], last: tuple[str, str]) -> OpRequest:
    parse_value(*last, attributes[-1])
    return replace(request, attributes=attributes)
