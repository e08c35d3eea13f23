"""Conditions: problems and diagnoses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chart.extract.statement import Origin, Said, clinical_status, said, told, verification_status
from chart.extract.when import NEVER, When, dated, point_of
from chart.fact import Fact
from chart.node import Node
from chart.remembered import remembered

_BEGAN, _ENDED = dated("Condition", "onset"), dated("Condition", "abatement")
ACTIVE = frozenset({"active", "recurrence", "relapse"})
"""Clinical statuses of a Condition that count as active."""


def facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """The problem; ``refuted`` and ``entered-in-error`` come through as status, to be left out by name."""
    root = Node(resource, "Condition")
    onset, abated = _BEGAN(resource), _ENDED(resource)
    when = onset
    if abated is not NEVER or onset.end is not None:
        when = When(
            start=onset.start,
            start_cell=onset.start_cell,
            end=abated.start or abated.end,
            end_cell=abated.start_cell or abated.end_cell,
        )
    stated, said_status = _stated(root)
    if not said_status and stated and root.choose("abatement")[0]:
        # A Condition without a clinical status is active unless it has an end: the record never said it was over.
        stated = tuple(replace(one, says="resolved", status=when.end_cell) for one in stated)
    return told(origin, stated, when=when, recorded=point_of(root, "recordedDate"))


@remembered("clinicalStatus", "verificationStatus", "category", "severity", "code", "onsetString")
def _stated(root: Node) -> tuple[tuple[Said, ...], bool]:
    """What it states, and whether it has a status of its own."""
    status, status_cell = clinical_status(root)
    verification, verification_cell = verification_status(root)
    tags = set()
    if verification in ("refuted", "entered-in-error"):
        status, status_cell = verification, verification_cell
        tags.add("negated")
    elif verification in ("unconfirmed", "provisional", "differential"):
        tags.add("unconfirmed")
    code = root.coded("code")
    if _is_concern(root):
        tags.add("health-concern")
    stated = said(
        "problem",
        code.cell,
        code.codings,
        status=status_cell,
        says=status or "active",
        cells={
            "verification": verification_cell,
            "severity": root.coded("severity").cell,
            "onset_text": root.cell_of("onsetString"),
        },
        tags=tags,
    )
    return stated, bool(status)


def _is_concern(root: Node) -> bool:
    return any(c.code == "health-concern" for category in root.items("category") for c in category.codings())
