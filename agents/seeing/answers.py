"""The forms that a model fills in about pictures: small, bounded, closed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from claims.seen import Change, Side, State

ChestFinding = Literal[
    "opacity",
    "consolidation",
    "atelectasis",
    "pleural effusion",
    "pneumothorax",
    "pulmonary oedema",
    "enlarged heart",
    "wide mediastinum",
    "nodule or mass",
    "fracture",
    "line or tube",
    "implanted device",
]
"""What chest films are read for; `claims/findings.toml` has the words for each."""
Edge = Annotated[int, Field(ge=0, le=1000)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _SeenForm(_Form):
    """One finding."""

    state: State
    """Whether it is there."""
    side: Side
    """Of the patient's body."""
    box_2d: list[Edge] = Field(max_length=4)
    """Top, left, bottom, right in thousandths of its picture; empty where there is nothing to point at."""
    words: str = Field(max_length=160)
    """What is seen, in a few words."""


class ChestSeenForm(_SeenForm):
    """One finding of a chest film."""

    finding: ChestFinding
    """What."""


class ChestSinceForm(ChestSeenForm):
    """One finding of two chest films."""

    change: Change
    """From the earlier film to the current one."""


class OtherSeenForm(_SeenForm):
    """One finding of another picture, or of one of several."""

    finding: str = Field(min_length=3, max_length=60)
    """What, in one to five words."""
    picture: int = Field(ge=1, le=99_999)
    """The number of the picture, slice or patch that shows it best: its place in all of the volume or slide."""


class OtherSinceForm(OtherSeenForm):
    """One finding of another picture that was also taken before."""

    change: Change
    """From the earlier picture to the current one."""


class ChestForm(_Form):
    """What a chest film shows."""

    findings: list[ChestSeenForm] = Field(max_length=12)
    """The most important first."""


class ChestSince(_Form):
    """What a chest film shows, and since the one before."""

    findings: list[ChestSinceForm] = Field(max_length=12)
    """The most important first."""


class OtherForm(_Form):
    """What other pictures show."""

    findings: list[OtherSeenForm] = Field(max_length=10)
    """The most important first."""


class OtherSince(_Form):
    """What another picture shows, and since the one before."""

    findings: list[OtherSinceForm] = Field(max_length=10)
    """The most important first."""


AnyForm = ChestForm | ChestSince | OtherForm | OtherSince
AnySeen = ChestSeenForm | ChestSinceForm | OtherSeenForm | OtherSinceForm
