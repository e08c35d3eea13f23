"""What already stands in the chart about something that a plan would propose: ordered, done or refused."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tools.guidelines.outcome import Why
from tools.guidelines.recommendation import Recommendation
from tools.guidelines.tags import negated

Resource = Mapping[str, Any]
OPEN = frozenset({"draft", "active", "on-hold"})
ABOUT: Mapping[str, str] = {
    "ServiceRequest": "code",
    "Procedure": "code",
    "MedicationRequest": "medicationCodeableConcept",
    "Immunization": "vaccineCode",
    "Task": "code",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Why nothing more is proposed."""

    why: Why
    """`excluded` where it is ordered or proposed already, `declined` where it was refused."""
    words: str
    """The sentence."""
    reference: str
    """The resource that says so."""


def standing(recommendation: Recommendation, resources: Sequence[Resource], as_of: datetime) -> Standing | None:
    """What the chart holds of the same thing: an open request, or a refusal within the interval.

    The same is what names the same plan, or carries one of the codes of what would be proposed.
    """
    wanted = _codes(recommendation.activity.get("productCodeableConcept") or recommendation.activity.get("code"))
    since = as_of - timedelta(days=recommendation.interval_days)
    for each in _newest(resources):
        kind = str(each.get("resourceType"))
        same = wanted & _codes(each.get(ABOUT[kind])) or _instantiates(each, recommendation)
        day = _day(each)
        if not same or (day and day < since.date().isoformat()):
            continue
        reference, on = f"{kind}/{each.get('id')}", f" on {day}" if day else ""
        if negated(each):
            return Standing(why="declined", words=f"It was declined or not done{on}.", reference=reference)
        if kind in ("ServiceRequest", "MedicationRequest", "Task") and each.get("status") in OPEN:
            return Standing(why="excluded", words=f"It is already ordered or proposed{on}.", reference=reference)
    return None


def _newest(resources: Iterable[Resource]) -> list[Resource]:
    return sorted((each for each in resources if each.get("resourceType") in ABOUT), key=_day, reverse=True)


def _instantiates(resource: Resource, recommendation: Recommendation) -> bool:
    given = resource.get("instantiatesCanonical", ())
    addresses = [given] if isinstance(given, str) else given
    return any(str(each).partition("|")[0] == recommendation.canonical for each in addresses)


def _codes(concept: Any) -> set[tuple[str, str]]:  # noqa: ANN401 - JSON
    return set(_codings(concept))


def _codings(concept: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    for each in (concept or {}).get("coding", ()):
        if each.get("code"):
            yield str(each.get("system", "")), str(each["code"])


def _day(resource: Resource) -> str:
    for name in ("authoredOn", "performedDateTime", "occurrenceDateTime", "recorded"):
        if name in resource:
            return str(resource[name])[:10]
    return str((resource.get("performedPeriod") or {}).get("start", ""))[:10]
