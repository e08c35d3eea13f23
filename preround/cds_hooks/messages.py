"""What a client sends: one call of a service, and what became of its cards."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9\-.]{1,64}$")]
Short = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Hook = Literal["patient-view", "encounter-start", "order-select", "order-sign"]


class _Message(BaseModel):
    """Clients may send fields of their own (`extension`): they are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class FhirAuthorization(_Message):
    """A token for the client's FHIR server."""

    access_token: Annotated[str, StringConstraints(min_length=1, max_length=16_000)] = Field(repr=False)
    """The token; never kept, never shown."""
    token_type: Literal["Bearer"]
    """How it is sent."""
    expires_in: int
    """Seconds that it lives."""
    scope: str
    """What it may read."""
    subject: str
    """The client id under which it was issued."""
    patient: Id | None = None
    """The one patient that it may read, where it is bound to one."""


class Bundle(BaseModel):
    """Drafts that a clinician is about to select or sign."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    resourceType: Literal["Bundle"]
    """Always `Bundle`."""
    entry: tuple[dict[str, Any], ...] = Field(default=(), max_length=200)
    """One for each draft, under `resource`."""

    @property
    def resources(self) -> tuple[dict[str, Any], ...]:
        """The drafts."""
        found = (one.get("resource") for one in self.entry)
        return tuple(one for one in found if isinstance(one, dict) and isinstance(one.get("resourceType"), str))


class Context(_Message):
    """What happens in the client."""

    userId: Short
    """Who works there, such as `Practitioner/12`."""
    patientId: Id
    """The patient that the call is about."""
    encounterId: Id | None = None
    """The encounter under way."""
    draftOrders: Bundle | None = None
    """`order-select`, `order-sign`: what is not signed yet."""
    selections: tuple[str, ...] = Field(default=(), max_length=200)
    """`order-select`: which of the drafts were just selected, as `Type/id`."""


class HookCall(_Message):
    """One call of a service."""

    hook: str
    """The hook that fired."""
    hookInstance: UUID
    """The client's own id of this firing."""
    fhirServer: Annotated[str, StringConstraints(max_length=2000)] | None = None
    """Base URL of the client's FHIR server."""
    fhirAuthorization: FhirAuthorization | None = None
    """A token for it."""
    context: Context
    """What happens there."""
    prefetch: dict[str, Any] = Field(default_factory=dict)
    """By the key of a prefetch template a resource, a Bundle, or null where there is nothing."""


class Coding(_Message):
    """A code."""

    code: Short
    """The code."""
    system: Short | None = None
    """Its system."""
    display: Short | None = None
    """In words."""


class OverrideReason(_Message):
    """Why a card was not followed."""

    reason: Coding | None = None
    """One of the reasons that the card offered."""
    userComment: Annotated[str, StringConstraints(max_length=4000)] | None = None
    """In the clinician's words."""


class AcceptedSuggestion(_Message):
    """One suggestion that was taken."""

    id: Short
    """Its uuid."""


class CardFeedback(_Message):
    """What became of one card."""

    card: UUID
    """The card's uuid."""
    outcome: Literal["accepted", "overridden"]
    """Whether a suggestion was taken, or the card was overridden."""
    acceptedSuggestions: tuple[AcceptedSuggestion, ...] = Field(default=(), max_length=50)
    """Which suggestions were taken."""
    overrideReason: OverrideReason | None = None
    """Why not."""
    outcomeTimestamp: datetime
    """When it was decided there."""


class Feedback(_Message):
    """What became of some cards."""

    feedback: tuple[CardFeedback, ...] = Field(min_length=1, max_length=500)
    """One for each card."""
