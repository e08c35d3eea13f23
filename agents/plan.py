"""The plan of a round: typed tool calls with reasons, and the set that code adds whatever anybody plans."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from claims.claim import Record

ToolName = Literal["fhir_search", "guidelines"]
MUST_LOOK: tuple[str, ...] = (
    "AllergyIntolerance",
    "Condition",
    "MedicationRequest",
    "MedicationStatement",
    "MedicationAdministration",
    "Observation",
    "DiagnosticReport",
    "Encounter",
    "Procedure",
    "Immunization",
    "DocumentReference",
    "CarePlan",
    "ServiceRequest",
)
"""Omission is the commonest severe harm, so these are always read."""
NO_SUGGESTIONS_WITHOUT: frozenset[str] = frozenset({"AllergyIntolerance", "Condition", "MedicationRequest"})
"""Where one of these could not be read, nothing is suggested and the page says so on top."""


MOST_CALLS = 40
"""Calls of one round."""


class ToolCall(Record):
    """One call that the round will make for its own patient; there is no way to name another."""

    tool: ToolName
    """Which tool."""
    resource_type: str = Field(default="", pattern=r"^[A-Za-z]{0,40}$")
    """For ``fhir_search``: what to look for."""
    code: str = Field(default="", pattern=r"^[A-Za-z0-9|:/.,_-]{0,120}$")
    """For ``fhir_search``: a token search on ``code``; empty for all."""
    reason: str = Field(default="", max_length=200)
    """Why, in a few words."""

    @property
    def key(self) -> str:
        """What makes two calls the same."""
        return f"{self.tool}:{self.resource_type}:{self.code}"


class Plan(Record):
    """What will be looked at."""

    calls: tuple[ToolCall, ...] = Field(max_length=MOST_CALLS)
    """In order of interest; they run side by side."""
    tainted: bool = False
    """Whether it was made after reading text that tried to give instructions."""


def with_must_look(plan: Plan, *, done: frozenset[str] = frozenset()) -> Plan:
    """The plan with every must-look call that neither it nor an earlier pass has made, and without repeats.

    Args:
        plan: what was planned.
        done: keys of calls already made in this round.
    """
    must = (ToolCall(tool="fhir_search", resource_type=kind, reason="always looked at") for kind in MUST_LOOK)
    calls: dict[str, ToolCall] = {}
    for call in (*must, *plan.calls):
        if call.key not in done:
            calls.setdefault(call.key, call)
    return Plan(calls=tuple(calls.values()), tainted=plan.tainted)
