"""What all tables of the user's files are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Strict(BaseModel):
    """A frozen table in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
