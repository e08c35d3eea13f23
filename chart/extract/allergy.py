"""Allergies and intolerances, and the coded statement that there are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chart.extract.statement import concept_status, statement, when_of
from chart.fact import Fact, tags_of
from chart.node import Node

NO_KNOWN = frozenset({"716186003", "409137002", "428607008", "429625007", "428197003", "716184000", "716185004"})
"""SNOMED CT codes that say "no known allergy" of some scope."""


def facts(resource: Mapping[str, Any]) -> list[Fact]:
    """The allergy with its criticality and reactions; a coded "no known allergy" is tagged ``negated``."""
    root = Node.root(resource)
    status, status_cell = concept_status(root, "clinicalStatus")
    verification, verification_cell = concept_status(root, "verificationStatus")
    tags = set()
    if verification in ("refuted", "entered-in-error"):
        status, status_cell = verification, verification_cell
        tags.add("negated")
    code = root.get("code")
    reactions = root.items("reaction")
    name = code.concept_cell()
    if name is None and reactions:
        name = reactions[0].get("substance").concept_cell()
    codes = code.codings()
    if any(c.code in NO_KNOWN for c in codes) or (name and name.text.lower().startswith("no known")):
        tags.add("none_known")
    manifestation = reactions[0].get("manifestation").concept_cell() if reactions else None
    fact = statement(
        resource,
        kind="allergy",
        name=name,
        codes=codes,
        when=when_of(root, "onset", "recordedDate"),
        recorded=root.get("recordedDate"),
        status=status or "active",
        status_cell=status_cell,
        cells={
            "criticality": root.get("criticality").cell,
            "category": root.get("category").cell,
            "reaction": manifestation,
            "severity": reactions[0].get("severity").cell if reactions else None,
        },
        tags=tags_of(tags),
    )
    return [fact] if fact else []
