"""The words that pages use for states, tiers, times and computations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from chart.moment import moment_of, parse_moment
from review.policy import Policy

STATES: Mapping[str, str] = {
    "open": "waiting",
    "approved": "approved",
    "rejected": "rejected",
    "revised": "sent back",
    "expired": "expired",
    "stale": "chart changed",
    "superseded": "replaced",
    "cancelled": "cancelled",
}
TIERS: Mapping[int, str] = {
    1: "text only",
    2: "routine proposal",
    3: "needs care",
    4: "high risk",
}
TASKS: Mapping[str, str] = {
    "summary": "summary",
    "comparison": "comparison",
    "suggestions": "suggestions",
    "question": "answer to a question",
    "imaging": "reading of pictures",
    "note": "note",
}
VERBS: Mapping[str, str] = {"approve": "signed", "reject": "rejected", "revise": "sent back", "edit": "edited"}
DOUBTS: Mapping[str, str] = {
    "conflict": "another value at the same moment",
    "outside_limits": "outside what is possible",
    "repeated_decimals": "the same decimals again and again",
    "contradicted": "contradicted by another result",
    "unit_slip": "looks like a slip of the unit",
    "unit_unknown": "no unit recorded",
}
OPERATIONS: Mapping[str, str] = {
    "difference": "the last minus the first of",
    "percent_change": "the change in per cent from the first to the last of",
    "count": "a count of",
    "age": "completed years since",
    "days_since": "days up to the round's date since",
    "months_since": "months up to the round's date since",
    "days_between": "days between",
    "months_between": "months between",
    "mean": "the mean of",
    "minimum": "the smallest of",
    "maximum": "the largest of",
    "quotient_percent": "the first as a share of the second, of",
    "implied_glucose": "the average glucose that it implies, from",
}
REFUSED: Mapping[str, str] = {
    "done": "done already",
    "excluded": "does not apply",
    "declined": "declined",
    "not_in_force": "not in force on that day",
    "could_not_check": "could not be checked",
    "withheld": "withheld",
}


def tier_words(policy: Policy, tier: int) -> str:
    """A tier as a reader needs it: how risky, and who must sign."""
    needed = " and ".join(str(slot) for slot in policy.assign(tier, []).missing)  # type: ignore[arg-type]
    return f"tier {tier}, {TIERS[tier]}: signed by {needed}"


def span_words(span: timedelta) -> str:
    """A length of time in its largest sensible unit."""
    minutes = int(abs(span).total_seconds()) // 60
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if hours < 10 and rest else f"{hours} h"
    return f"{minutes // (24 * 60)} days"


SEEDS: Mapping[str, str] = {
    "wrong-value": "a wrong value",
    "wrong-unit": "a wrong unit",
    "wrong-side-or-age": "a wrong side or age",
    "negation-lost": "a lost negation",
    "stale-date": "a wrong date",
}
"""Kinds of known errors in words."""


def seed_words(seed: Mapping[str, Any]) -> str:
    """What a reviewer is told of a known error after they decided."""
    found = {"caught": "was not signed", "left out": "was left out", "missed": "was signed"}[seed["result"]]
    kind = SEEDS.get(seed["kind"], seed["kind"])
    return f"This copy held {kind} on purpose, in entry {seed['entry']}, which {found}. Nothing of it is written."


def waited_words(seconds: float) -> str:
    """A length of time from seconds, as short as a figure in a table."""
    return f"{max(0, round(seconds))} s" if seconds < 90 else span_words(timedelta(seconds=seconds))


def instant_words(instant: datetime) -> str:
    """An instant as people write it, in UTC."""
    moment = moment_of(instant)
    return f"{moment.words()}, {moment.start:%H:%M} UTC"


def date_words(text: str | None) -> str:
    """A FHIR date as people write it; the text itself where it is none."""
    moment = parse_moment(text) if text else None
    return moment.words() if moment else text or ""


def author_words(result: Mapping[str, Any]) -> str:
    """Who wrote the drafts."""
    if prepared := result.get("prepared"):
        return f"{prepared['by']}, not a round"
    model = (result.get("model") or {}).get("name")
    if model is None:
        return "rules only, not a model"
    return f"worded by {model}, every sentence checked by code"
