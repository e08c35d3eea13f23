"""What of a chart is no evidence, and why: said to be wrong, not yet known, our own words, not understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from chart.extract.dispatch import POINTED_AT, READ, is_nobodys
from chart.fact import Fact

LeftOut = Literal["entered-in-error", "refuted", "cancelled", "after_as_of", "own_text", "not_understood", "not_read"]
"""Why a resource gives no fact: said to be wrong, a result that never came, later than the round, a text of an earlier
round, not understood."""

STANDS_FOR = "urn:preround:stands-for"
"""System of the tag on a document that carries the text of a summary or of a proposal of ours. It is no evidence: what
a round once said must not come back to the next one as what somebody noted."""

_NEVER_WAS: Mapping[str, LeftOut] = {
    "entered-in-error": "entered-in-error",
    "refuted": "refuted",
    "cancelled": "cancelled",
}
_KNOWN_WHEN_WRITTEN = frozenset({"problem", "allergy"})
"""They were not known before they were written down. Results are dated by when they were true."""
_RESULTS = frozenset({"lab", "vital", "survey", "other", "report", "imaging"})
"""A cancelled one of these was never made, whatever stands in it; a cancelled order or visit is a fact."""


def why_not(resource: Mapping[str, Any], found: list[Fact], now: float, *, marked: bool = True) -> LeftOut | None:
    """Why nothing of it is in the chart; ``None`` where something is, or where nothing was to be.

    Args:
        resource: what was read.
        found: its facts.
        now: the moment of the chart, in seconds since 1970.
        marked: whether it may carry a tag.
    """
    if found:
        return "own_text" if marked and _is_own(resource) else left_out(found[0], now)
    kind = resource.get("resourceType")
    if isinstance(kind, str) and kind in READ and not is_nobodys(resource):
        return "not_understood"
    return None if isinstance(kind, str) and kind in POINTED_AT else "not_read"


def _is_own(resource: Mapping[str, Any]) -> bool:
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    if not isinstance(tags, list):
        return False
    return any(isinstance(tag, dict) and tag.get("system") == STANDS_FOR for tag in tags)


def left_out(fact: Fact, now: float) -> LeftOut | None:
    """Why a fact is no evidence for a round as of a moment, given in seconds since 1970; ``None`` where it is."""
    status, kind = fact.status, fact.kind
    if status in _NEVER_WAS and (status != "cancelled" or kind in _RESULTS):
        return _NEVER_WAS[status]
    when = fact.when
    if when is not None and when.stamp > now:
        return "after_as_of"
    if kind not in _KNOWN_WHEN_WRITTEN:
        return None
    written = fact.recorded
    return "after_as_of" if written and written.stamp > now else None
