"""The suggestions draft: one line for each due recommendation, and one for those that could not be checked or were withheld."""

from __future__ import annotations

from itertools import count

from agents.reasoner import Material
from agents.suggest import suggestions
from claims.claim import Claim, Draft, Section
from claims.suggestion import Suggestion


def suggestion_draft(material: Material) -> Draft:
    """What is due by the guidelines in force."""
    ids = count(1)
    due, _ = suggestions(material)
    claims = tuple(_due(s, f"u{next(ids)}") for s in due)
    sections = (Section(title="Due by guideline", claims=claims),) if claims else ()
    return Draft(task="suggestions", sections=sections, tainted=material.tainted)


def _due(suggestion: Suggestion, claim_id: str) -> Claim:
    # The guideline's own title may hold numbers (40–75 years) that the chart does not; they are cited by version, not by fact,
    # so the sentence about the chart is the rationale alone.
    return Claim(id=claim_id, text=suggestion.rationale, kind="inference", salience=2, citations=suggestion.because)
