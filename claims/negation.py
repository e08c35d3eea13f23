"""Negations and endings: a sentence negates only what the record does, and speaks of what ended as ended."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chart.fact import Fact
from claims.claim import Claim
from claims.mention import Mentions

_NEGATION = re.compile(
    r"\b(no|not|never|none|without|denies|denied|absent|negative|stopped|refuted|resolved|discontinued|finished|nobody|neither|nor)\b"
)
_PAST = re.compile(
    r"\b(stopped|resolved|finished|ended|past|earlier|before|until|was|were|had|history|inactive|completed|previous"
    r"|previously|not|never|no|not-taken|on[- ]hold|cancelled|stale|refuted|draft|went)\b"
)
_JUDGEMENT = re.compile(r"\bnot borne out\b|\bcannot be relied on\b|\bnot relied on\b|\bnot on the problem list\b")
"""What code says of values it has compared; it negates nothing that the record states."""
_QUIET_STATUSES = frozenset(
    {
        "active",
        "recurrence",
        "relapse",
        "",
        "final",
        "amended",
        "corrected",
        "completed",
        "finished",
        "current",
        "alive",
        "deceased",
        "intended",
        "superseded",
        "in-progress",
        "unknown",
    }
)


def negations(found: Mentions, claim: Claim, facts: Sequence[Fact]) -> list[str]:
    """Why a sentence may not negate what it does, or may not speak of what ended as if it were in force.

    Args:
        found: what the sentence says.
        claim: the sentence with its citations.
        facts: what it cites.
    """
    reasons = []
    negated = _NEGATION.search(found.words)
    if negated and not claim.absent and not _may_negate(found.words, claim, facts):
        reasons.append(f"nothing it cites says “{negated[0]}”")
    ended = [f for f in facts if f.kind in ("problem", "medication", "allergy") and f.status not in _QUIET_STATUSES]
    if ended and not _PAST.search(found.words):
        reasons.append(f"it cites {ended[0].id}, which is {ended[0].status}, as if it were in force")
    return reasons


def _may_negate(words: str, claim: Claim, facts: Sequence[Fact]) -> bool:
    """A negation is backed by a status or by words of the record that negate; an inference may not add one."""
    if not _NEGATION.search(_JUDGEMENT.sub(" ", words)):
        return True
    said = " ".join((*(c.value for c in claim.citations), *(q.text for q in claim.quotes))).lower()
    return bool(_NEGATION.search(said)) or any(
        f.status not in _QUIET_STATUSES or f.tags & {"negated", "none_known"} or "absent" in f.cells for f in facts
    )
