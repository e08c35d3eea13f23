"""The forms that a model may fill in: small, bounded, closed, so that a server can constrain its output to them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

FactId = Annotated[str, StringConstraints(max_length=8)]
Title = Literal[
    "Act on / verify first",
    "Changed",
    "Active problems",
    "Medicines",
    "Allergies",
    "Due, or never recorded",
    "Do not rely on",
    "From the notes",
    "Who",
    "Literature",
    "Answer",
]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SentenceForm(_Form):
    """One sentence: a prepared one taken over by its id, or an own one with its facts."""

    use: str = Field(default="", max_length=8)
    """Id of a prepared sentence; then nothing else counts."""
    text: str = Field(default="", max_length=400)
    """The own sentence."""
    facts: list[FactId] = Field(default_factory=list, max_length=8)
    """Ids of the facts it stands on."""
    quotes: list[FactId] = Field(default_factory=list, max_length=3)
    """Ids of sentences of the literature; code repeats them whole behind the text."""
    kind: Literal["fact", "computed", "inference"] = "fact"
    """How it is meant."""
    op: Literal["", "difference", "percent_change", "count", "months_between", "days_between"] = ""
    """What was computed."""
    of: list[FactId] = Field(default_factory=list, max_length=20)
    """The facts it was computed from, oldest first."""


class SectionForm(_Form):
    """A titled group."""

    title: Title
    """Where on the page."""
    sentences: list[SentenceForm] = Field(max_length=12)
    """In order."""


class DraftForm(_Form):
    """A whole draft."""

    sections: list[SectionForm] = Field(max_length=9)
    """In order."""


class AnswerForm(_Form):
    """An answer to a question, or a refusal."""

    sentences: list[SentenceForm] = Field(default_factory=list, max_length=6)
    """In order."""
    refusal: str = Field(default="", max_length=200)
    """What is missing, when the chart does not answer."""


class MendedForm(_Form):
    """One corrected sentence."""

    id: str = Field(max_length=8)
    """Which sentence it replaces; ids of refused sentences differ from draft to draft."""
    sentence: SentenceForm
    """The correction."""


class RepairForm(_Form):
    """The corrected sentences."""

    sentences: list[MendedForm] = Field(max_length=30)
    """Those that could be mended."""


FurtherType = Literal[
    "ImagingStudy",
    "FamilyMemberHistory",
    "Goal",
    "CareTeam",
    "Device",
    "Specimen",
    "MedicationDispense",
    "RelatedPerson",
]
"""Types beyond the must-look set that may hold an answer."""


class CallForm(_Form):
    """A further read."""

    resource_type: FurtherType
    """What to read."""
    reason: str = Field(max_length=100)
    """Why."""


class MoreForm(_Form):
    """What else is needed."""

    calls: list[CallForm] = Field(default_factory=list, max_length=4)
    """Empty when the evidence is enough."""


class NoteFactForm(_Form):
    """A sentence of a note that matters, and what it is about."""

    sentence: str = Field(max_length=12)
    """Its id, such as ``N12.3``."""
    about: str = Field(max_length=60)
    """The words of the sentence that name the matter."""
    topic: Literal["symptom", "medicine", "allergy", "problem", "result", "event", "plan", "home", "other"]
    """What kind of matter."""
    meaning: Literal["now", "denied", "past", "planned", "relative"]
    """How the sentence means it."""


class NotesForm(_Form):
    """What the notes say that matters."""

    facts: list[NoteFactForm] = Field(default_factory=list, max_length=10)
    """The most telling first."""
