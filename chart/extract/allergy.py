"""Allergies and intolerances, and the coded statement that there are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chart.extract.statement import Origin, clinical_status, said, told, verification_status
from chart.extract.when import point_of, when_of
from chart.fact import Fact
from chart.node import Node

_SEVERITY = {"severe": 0, "moderate": 1, "mild": 2}
MOST_REACTIONS = 8
NO_KNOWN = frozenset({"716186003", "409137002", "428607008", "429625007", "428197003", "716184000", "716185004"})
"""SNOMED CT codes that say "no known allergy" of some scope."""


def facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """The allergy with its criticality and reactions; a coded "no known allergy" is tagged ``negated``."""
    root = Node.root(resource)
    status, status_cell = clinical_status(root)
    verification, verification_cell = verification_status(root)
    tags = set()
    if verification in ("refuted", "entered-in-error"):
        status, status_cell = verification, verification_cell
        tags.add("negated")
    elif verification == "unconfirmed":
        tags.add("unconfirmed")
    code = root.coded("code")
    # The worst reaction speaks; a rash beside an anaphylaxis must not hide it because it was written down first.
    reactions = sorted(root.items("reaction"), key=lambda r: _SEVERITY.get(r.text_of("severity"), 3))
    name = code.cell
    if name is None and reactions:
        name = reactions[0].coded("substance").cell
    if any(c.code in NO_KNOWN for c in code.codings) or (name and name.text.lower().startswith("no known")):
        tags.add("none_known")
    manifestations = [m.concept_cell() for r in reactions for m in r.items("manifestation")]
    stated = said(
        "allergy",
        name,
        code.codings,
        status=status_cell,
        says=status or "active",
        cells={
            "criticality": root.cell_of("criticality"),
            "category": root.cell_of("category"),
            "verification": verification_cell,
            "severity": reactions[0].cell_of("severity") if reactions else None,
            **{f"reaction_{n}" if n else "reaction": cell for n, cell in enumerate(manifestations[:MOST_REACTIONS])},
        },
        tags=tags,
    )
    when = when_of(root, "onset", "recordedDate")
    return told(origin, stated, when=when, recorded=point_of(root, "recordedDate"))
