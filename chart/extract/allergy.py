"""Allergies and intolerances, and the coded statement that there are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chart.extract.statement import clinical_status, concept_status, statement, when_of
from chart.fact import Fact, tags_of
from chart.node import Node

_SEVERITY = {"severe": 0, "moderate": 1, "mild": 2}
MOST_REACTIONS = 8
NO_KNOWN = frozenset({"716186003", "409137002", "428607008", "429625007", "428197003", "716184000", "716185004"})
"""SNOMED CT codes that say "no known allergy" of some scope."""


def facts(resource: Mapping[str, Any]) -> list[Fact]:
    """The allergy with its criticality and reactions; a coded "no known allergy" is tagged ``negated``."""
    root = Node.root(resource)
    status, status_cell = clinical_status(root)
    verification, verification_cell = concept_status(root, "verificationStatus")
    tags = set()
    if verification in ("refuted", "entered-in-error"):
        status, status_cell = verification, verification_cell
        tags.add("negated")
    elif verification == "unconfirmed":
        tags.add("unconfirmed")
    code = root.get("code")
    # The worst reaction speaks; a rash beside an anaphylaxis must not hide it because it was written down first.
    reactions = sorted(root.items("reaction"), key=lambda r: _SEVERITY.get(r.get("severity").text, 3))
    name = code.concept_cell()
    if name is None and reactions:
        name = reactions[0].get("substance").concept_cell()
    codes = code.codings()
    if any(c.code in NO_KNOWN for c in codes) or (name and name.text.lower().startswith("no known")):
        tags.add("none_known")
    manifestations = [m.concept_cell() for r in reactions for m in r.items("manifestation")]
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
            "verification": verification_cell,
            "severity": reactions[0].get("severity").cell if reactions else None,
            **{f"reaction_{n}" if n else "reaction": cell for n, cell in enumerate(manifestations[:MOST_REACTIONS])},
        },
        tags=tags_of(tags),
    )
    return [fact] if fact else []
