"""Conditions: problems and diagnoses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chart.extract.statement import When, clinical_status, concept_status, statement, when_of
from chart.fact import Fact, tags_of
from chart.node import Node

ACTIVE = frozenset({"active", "recurrence", "relapse"})
"""Clinical statuses of a Condition that count as active."""


def facts(resource: Mapping[str, Any]) -> list[Fact]:
    """The problem; ``refuted`` and ``entered-in-error`` come through as status, to be left out by name."""
    root = Node.root(resource)
    status, status_cell = clinical_status(root)
    verification, verification_cell = concept_status(root, "verificationStatus")
    onset, abated = when_of(root, "onset"), when_of(root, "abatement")
    when = When(
        start=onset.start,
        start_cell=onset.start_cell,
        end=abated.start or abated.end,
        end_cell=abated.start_cell or abated.end_cell,
    )
    tags = set()
    if verification in ("refuted", "entered-in-error"):
        status, status_cell = verification, verification_cell
        tags.add("negated")
    elif verification in ("unconfirmed", "provisional", "differential"):
        tags.add("unconfirmed")
    if not status:
        # A Condition without a clinical status is active unless it has an end: the record never said it was over.
        status, status_cell = ("resolved", when.end_cell) if root.choose("abatement")[0] else ("active", None)
    code = root.get("code")
    tags |= {c.code for category in root.items("category") for c in category.codings() if c.code == "health-concern"}
    fact = statement(
        resource,
        kind="problem",
        name=code.concept_cell(),
        codes=code.codings(),
        when=when,
        recorded=root.get("recordedDate"),
        status=status,
        status_cell=status_cell,
        cells={
            "verification": verification_cell,
            "severity": root.get("severity").concept_cell(),
            "onset_text": root.get("onsetString").cell,
        },
        tags=tags_of(tags),
    )
    return [fact] if fact else []
