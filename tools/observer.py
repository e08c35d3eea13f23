"""Who watches the work: told of each piece by its kind, counts and outcome, and never what any of it is about.

The records have no field for a patient, an address, a query or a text, so whatever is made of them (a log, a trace, a
metric) holds none. What stands in a field comes from a closed set or is a number.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal, Protocol

Interaction = Literal[
    "read",
    "vread",
    "history",
    "search",
    "create",
    "update",
    "transaction",
    "capabilities",
    "$everything",
    "$validate",
    "$export",
    "other",
]
"""What a FHIR request does."""
Finish = Literal["stop", "length", "other"]
"""Why a model's answer ended."""
Operation = Literal[
    "ping",
    "load",
    "evaluate",
    "explain",
    "value_sets",
    "add_measure",
    "add_plan",
    "measure",
    "plan",
    "explain_plan",
    "explain_measure",
    "other",
]
"""What the CQL engine is asked for."""


@dataclass(kw_only=True, slots=True)
class Work:
    """A piece of work; what is known at its end is filled in by then."""

    error: str | None = None
    """The class of what ended it, where it did not end well."""


@dataclass(kw_only=True, slots=True)
class FhirRequest(Work):
    """One HTTP request to a FHIR server."""

    method: str
    """GET, PUT or POST."""
    interaction: Interaction
    """What it does."""
    resource_type: str
    """A type of FHIR R4, or `other`."""
    host: str
    """The server's host, as it is set."""
    port: int | None
    """Its port."""
    status: int | None = None
    """The HTTP status."""
    answer_bytes: int = 0
    """Bytes of the answer, decompressed."""


@dataclass(kw_only=True, slots=True)
class ModelCall(Work):
    """One call of a model."""

    system: str
    """`vllm`, `transformers` or `scripted`."""
    model: str
    """Its name in the registry or on its server."""
    sent: int = 0
    """Tokens of the prompt."""
    cached: int = 0
    """How many of those the server had in its cache."""
    made: int = 0
    """Tokens of the answer."""
    finish: Finish | None = None
    """Why the answer ended."""


@dataclass(kw_only=True, slots=True)
class EngineCall(Work):
    """One question to the CQL engine in its Node process."""

    operation: Operation
    """Which."""


@dataclass(kw_only=True, slots=True)
class NodeStep(Work):
    """One node of a round."""

    node: str
    """Its name in the graph."""


@dataclass(kw_only=True, slots=True)
class RoundDrive(Work):
    """One round, driven to its next stop."""

    run_id: str
    """The round; no patient can be told from it."""
    status: str | None = None
    """Where it stands then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What the verifier made of one draft."""

    task: str
    """Which draft."""
    standing: int
    """Claims that stand."""
    removed: int
    """Claims that were taken out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineStarted:
    """The CQL engine's process was started."""

    again: bool
    """Whether it had run before and ended."""


Event = Verified | EngineStarted
"""What happens at one moment."""


class Observer(Protocol):
    """Whoever watches."""

    def watch(self, work: Work) -> AbstractContextManager[None]:
        """Watch a piece of work for as long as the block lasts."""
        ...

    def note(self, event: Event) -> None:
        """Be told of what happened."""
        ...


class Nobody:
    """Watches nothing."""

    def watch(self, work: Work) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()

    def note(self, event: Event) -> None:
        """Nothing."""


NOBODY = Nobody()
"""Where nobody watches."""
