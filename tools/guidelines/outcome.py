"""What came out of a recommendation for one patient, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tools.guidelines.recommendation import Recommendation

Why = Literal[
    "due",
    "done",
    "excluded",
    "declined",
    "not_in_force",
    "could_not_check",
    "withheld",
    "silent",
    "not_applicable",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One place in the chart that the outcome stands on."""

    reference: str
    """Type and id, e.g. `Observation/1`."""
    path: str
    """FHIRPath of the element that decides, with list indexes, e.g. `Condition.code.coding[0].code`."""
    value: str | None
    """The text of that element as it stands in the JSON; none where the resource has no such element."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """One define of the CQL that was evaluated."""

    library: str
    """The CQL library it stands in."""
    define: str
    """Its name, in words."""
    value: bool | str | None
    """True or false; for anything else its text, for lists how many; none where the chart could not decide it."""
    looked_at: tuple[str, ...]
    """References of the resources in its value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One recommendation, one patient, one moment."""

    recommendation: Recommendation
    """The version that was in force, or the nearest where none was."""
    why: Why
    """What came out."""
    detail: str
    """One sentence; its numbers and dates come from the chart."""
    because: tuple[Evidence, ...] = ()
    """What of the chart decided."""
    action: Mapping[str, Any] | None = None
    """Where due: the proposed resource, status draft, intent proposal, without id."""
    clauses: tuple[Clause, ...] = ()
    """The clauses that decided, true or false."""
