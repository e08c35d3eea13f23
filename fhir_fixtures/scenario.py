"""A scenario: a story, what is asked about it, what a reviewer decides, and what must come of that."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from fhir_fixtures.entries import Entry
from fhir_fixtures.moment import Time, with_offset
from fhir_fixtures.story import Pattern
from fhir_fixtures.wording import Text

Task = Literal["summary", "comparison", "suggestions", "imaging", "question"]
Verb = Literal["approve", "reject", "revise", "edit"]
STEPS = ("round", "decide", "happens", "server", "later", "undo", "go_on")
"""The word that each step begins with."""
_SPAN = re.compile(r"^(\d+) (min|h|d)$")
_UNITS = {"min": "minutes", "h": "hours", "d": "days"}


def _span(text: str) -> str:
    if not _SPAN.fullmatch(text):
        raise ValueError(f"'{text}' is no time span; write 30 min, 5 h or 3 d")
    return text


class Step(Entry):
    """What every step may say."""

    at: Time | None = None
    """When it happens; the time of the step before without it."""
    why: Text | None = None
    """What to look at here, in words for whoever plays it."""


class RoundStep(Step):
    """A round, up to its approval, and what must come of it."""

    round: tuple[Task, ...]
    """The drafts wanted."""
    question: Text | None = None
    since: Text | None = None
    """Start of the comparison window, a date."""
    status: Text = "awaiting_review"
    """How the round must stand."""
    tier: int | None = None
    """The tier that its proposal must have."""
    must_say: tuple[Pattern, ...] = ()
    """Each must be found in the page, a sentence or a suggestion."""
    must_not_say: tuple[Pattern, ...] = ()
    """None may be found there."""
    suggests: tuple[Pattern, ...] = ()
    """Each must be found in a suggestion's title."""
    must_not_suggest: tuple[Pattern, ...] = ()
    """None may be found in a suggestion's title or proposed resource."""
    not_suggested: tuple[Pattern, ...] = ()
    """Each must be found among what was weighed and not suggested, with why."""
    removed: tuple[Pattern, ...] = ()
    """Each must be found among the sentences that did not stand, with the reason."""


class DecideStep(Step):
    """What a reviewer decides about the item at hand."""

    decide: Verb
    by: Text
    """The name that is signed."""
    only: tuple[Pattern, ...] = ()
    """Titles of the entries that are approved; all without it."""
    code: Text | None = None
    """A coded reason, with `reject`."""
    words: Text | None = None
    """The reviewer's own words."""
    edit: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """With `edit`: elements to put in place, by a pattern that finds the entry's title."""
    then: Literal["signed", "approved", "rejected", "revised", "superseded"] | None = None
    """What must come of it."""
    refused: Pattern | None = None
    """Or: what the refusal must say."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.then is None) == (self.refused is None):
            raise ValueError("say what comes of the decision: `then`, or `refused` with what the refusal says")
        return self


class HappensStep(Step):
    """The chart goes on without us: entries that others make meanwhile."""

    happens: dict[str, Any]
    """Sections of a story, such as `results` or `medications`; their entries are added."""


class ServerStep(Step):
    """The FHIR server goes away, or comes back."""

    server: Literal["down", "up"] | Annotated[int, Field(ge=1)]
    """Down, up, or: down after so many more answers."""


class LaterStep(Step):
    """Time passes."""

    later: Annotated[Text, AfterValidator(_span)]
    """Such as `30 min`, `5 h`, `3 d`."""

    @property
    def span(self) -> timedelta:
        """How long."""
        found = _SPAN.fullmatch(self.later)
        return timedelta() if found is None else timedelta(**{_UNITS[found[2]]: int(found[1])})


class UndoStep(Step):
    """Somebody asks for a write to be taken back."""

    undo: Pattern
    """Finds the reference of what was written, such as `ServiceRequest`."""
    refused: Pattern | None = None
    """What a refusal must say."""


class GoOnStep(Step):
    """What waits for nobody is driven on, as `preround resume` and `serve` do."""

    go_on: Literal[True]
    status: Text | None = None
    """How the round at hand must stand then."""


def _kind(value: object) -> str | None:
    if isinstance(value, dict):
        return next((name for name in STEPS if name in value), None)
    return next((name for name in STEPS if hasattr(value, name)), None)


AnyStep = Annotated[
    Annotated[RoundStep, Tag("round")]
    | Annotated[DecideStep, Tag("decide")]
    | Annotated[HappensStep, Tag("happens")]
    | Annotated[ServerStep, Tag("server")]
    | Annotated[LaterStep, Tag("later")]
    | Annotated[UndoStep, Tag("undo")]
    | Annotated[GoOnStep, Tag("go_on")],
    Discriminator(
        _kind,
        custom_error_type="step",
        custom_error_message=f"begin the step with one of {', '.join(f'`{name}:`' for name in STEPS)}",
    ),
]


class Script(Entry):
    """What a scripted model answers, by what it is asked; it says nothing where nothing is written."""

    more: tuple[Any, ...] = ()
    notes: tuple[Any, ...] = ()
    summary: tuple[Any, ...] = ()
    comparison: tuple[Any, ...] = ()
    suggestions: tuple[Any, ...] = ()
    question: tuple[Any, ...] = ()
    repair: tuple[Any, ...] = ()
    seeing: tuple[Any, ...] = ()


class AtTheEnd(Entry):
    """What must be on the server when all is done."""

    written: dict[str, tuple[Pattern, ...]] = Field(default_factory=dict)
    """By resource type, a pattern for each resource that came or changed: those and no others. Device and Provenance
    come along with what is signed and are counted only where they are named."""


class Scenario(Entry):
    """A whole scenario."""

    scenario: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    """Its short name, the same as its file's."""
    title: Text
    teaches: Text
    """What it is for, in words."""
    story: Text | None = None
    """The patient: a file of `patients/`, without its ending."""
    patient: Text | None = None
    """In place of a story: the id of a patient on the server that the scenario is recorded from."""
    before: dict[str, Any] = Field(default_factory=dict)
    """Sections of a story, whose entries are added before all begins."""
    starts: Time | None = None
    """When it begins; the story's clinical now without it."""
    offset: Text = "-05:00"
    """Offset from UTC of every time that writes none; the story's own, where there is one."""
    model: Script | None = None
    """What a model answers in this scenario; without it the offline reasoner drafts, unless it is recorded."""
    steps: Annotated[tuple[AnyStep, ...], Field(min_length=1)]
    at_the_end: AtTheEnd = AtTheEnd()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.story is None) == (self.patient is None):
            raise ValueError("name a `story`, or a `patient` of the server that it is recorded from")
        if self.patient is not None and (self.before or self.starts is None):
            raise ValueError("a `patient` needs `starts`, and has no `before`: the chart is the server's")
        return self

    def moment(self, written: str) -> datetime:
        """A time of the scenario, aware."""
        return datetime.fromisoformat(with_offset(written, self.offset))
