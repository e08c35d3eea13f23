"""What the API takes: one round to start, one decision, who ends a round."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from agents.offline.reasoner import OfflineReasoner
from claims.claim import Task
from preround.doing import rounds
from review.decision import Verb

_TASKS: dict[str, JsonValue] = {"items": {"type": "string", "enum": list(OfflineReasoner().tasks)}}
"""What every reasoner drafts; one of a site's own may do more."""


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewRun(_Body):
    """One round to start."""

    patient: str = Field(description="Patient id, with or without Patient/.", min_length=1, max_length=80)
    tasks: tuple[Task, ...] = Field(
        default=rounds.DEFAULT_TASKS,
        min_length=1,
        max_length=20,
        description="What to draft.",
        json_schema_extra=_TASKS,
    )
    question: str | None = Field(default=None, max_length=2000, description="For the task question.")
    since: str | None = Field(
        default=None, json_schema_extra={"format": "date"}, description="Start of the comparison window, a date."
    )
    as_of: str | None = Field(
        default=None,
        json_schema_extra={"format": "date-time"},
        description="Clinical now; later facts are not seen. Now without it.",
    )


class NewDecision(_Body):
    """One decision on one item."""

    person: str = Field(min_length=1, max_length=200, description="Who decides; signed into the record.")
    verb: Verb = Field(description="approve, reject, revise or edit.")
    proposal_sha256: str = Field(description="The proposal that the person was shown.")
    only: tuple[int, ...] | None = Field(default=None, description="With approve: only these entries.")
    code: str | None = Field(default=None, description="With reject: the coded reason.")
    words: str | None = Field(default=None, max_length=10_000, description="The person's own words.")
    edited: dict[int, dict[str, Any]] | None = Field(
        default=None,
        description="With edit: resource by entry number.",
        json_schema_extra={"propertyNames": {"pattern": "^[1-9][0-9]{0,3}$"}},
    )
    ask: str | None = Field(
        default=None, min_length=1, max_length=200, description="With approve: who is to sign too, a name or a role."
    )
    ask_words: str | None = Field(default=None, max_length=10_000, description="What those should look at.")


class NewAsk(_Body):
    """One request for a second signature."""

    person: str = Field(min_length=1, max_length=200, description="Who asks.")
    ask: str = Field(min_length=1, max_length=200, description="Who is to sign too, a name or a role.")
    words: str = Field(min_length=1, max_length=10_000, description="What those should look at.")


class NewOpening(_Body):
    """One source to open."""

    person: str = Field(min_length=1, max_length=200, description="Who opens it; goes on record.")
    source: str = Field(
        min_length=1, max_length=300, description="Type/id, with or without its version, from an entry's sources."
    )


class Ending(_Body):
    """Who ends a round."""

    person: str = Field(min_length=1, max_length=200, description="Who ends it; noted in the audit.")
