"""FHIR search, read slowly and plainly from lists of resources: what a server's answer is compared with.

Written from the specification and without a look at the sandbox's own code: every search goes through all resources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

Resource = dict[str, Any]
Kind = Literal["token", "date", "string", "quantity", "reference", "uri"]
Match = Callable[[Resource], bool]
Span = tuple[datetime, datetime]

PARAMETERS: dict[str, dict[str, tuple[Kind, str]]] = {
    "AllergyIntolerance": {
        "category": ("token", "category"),
        "clinical-status": ("token", "clinicalStatus"),
        "code": ("token", "code"),
        "criticality": ("token", "criticality"),
        "date": ("date", "recordedDate"),
        "patient": ("reference", "patient"),
    },
    "CarePlan": {
        "care-team": ("reference", "careTeam"),
        "category": ("token", "category"),
        "condition": ("reference", "addresses"),
        "date": ("date", "period"),
        "encounter": ("reference", "encounter"),
        "status": ("token", "status"),
        "subject": ("reference", "subject"),
    },
    "Condition": {
        "abatement-date": ("date", "abatementDateTime"),
        "clinical-status": ("token", "clinicalStatus"),
        "code": ("token", "code"),
        "encounter": ("reference", "encounter"),
        "onset-date": ("date", "onsetDateTime"),
        "patient": ("reference", "subject"),
        "recorded-date": ("date", "recordedDate"),
    },
    "DiagnosticReport": {
        "category": ("token", "category"),
        "code": ("token", "code"),
        "date": ("date", "effectiveDateTime"),
        "issued": ("date", "issued"),
        "performer": ("reference", "performer"),
        "result": ("reference", "result"),
        "subject": ("reference", "subject"),
    },
    "Encounter": {
        "class": ("token", "class"),
        "date": ("date", "period"),
        "identifier": ("token", "identifier"),
        "location": ("reference", "location.location"),
        "participant": ("reference", "participant.individual"),
        "service-provider": ("reference", "serviceProvider"),
        "subject": ("reference", "subject"),
        "type": ("token", "type"),
    },
    "Immunization": {
        "date": ("date", "occurrenceDateTime"),
        "location": ("reference", "location"),
        "patient": ("reference", "patient"),
        "status": ("token", "status"),
        "vaccine-code": ("token", "vaccineCode"),
    },
    "Location": {
        "address-city": ("string", "address.city"),
        "identifier": ("token", "identifier"),
        "name": ("string", "name"),
        "organization": ("reference", "managingOrganization"),
        "status": ("token", "status"),
    },
    "MedicationRequest": {
        "authoredon": ("date", "authoredOn"),
        "code": ("token", "medicationCodeableConcept"),
        "encounter": ("reference", "encounter"),
        "intent": ("token", "intent"),
        "medication": ("reference", "medicationReference"),
        "requester": ("reference", "requester"),
        "status": ("token", "status"),
        "subject": ("reference", "subject"),
    },
    "Observation": {
        "_profile": ("uri", "meta.profile"),
        "category": ("token", "category"),
        "code": ("token", "code"),
        "component-code": ("token", "component.code"),
        "component-value-quantity": ("quantity", "component.valueQuantity"),
        "date": ("date", "effectiveDateTime"),
        "encounter": ("reference", "encounter"),
        "patient": ("reference", "subject"),
        "status": ("token", "status"),
        "value-concept": ("token", "valueCodeableConcept"),
        "value-quantity": ("quantity", "valueQuantity"),
    },
    "Patient": {
        "address-city": ("string", "address.city"),
        "birthdate": ("date", "birthDate"),
        "family": ("string", "name.family"),
        "gender": ("token", "gender"),
        "given": ("string", "name.given"),
        "identifier": ("token", "identifier"),
        "language": ("token", "communication.language"),
    },
    "Practitioner": {
        "active": ("token", "active"),
        "family": ("string", "name.family"),
        "gender": ("token", "gender"),
        "given": ("string", "name.given"),
        "identifier": ("token", "identifier"),
    },
    "Procedure": {
        "code": ("token", "code"),
        "date": ("date", "performedPeriod"),
        "encounter": ("reference", "encounter"),
        "reason-reference": ("reference", "reasonReference"),
        "status": ("token", "status"),
        "subject": ("reference", "subject"),
    },
}
"""Search parameters by type and name: their kind, and where FHIR finds them in these charts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One filter: how it is written, and what it means."""

    name: str
    """Parameter with its modifier."""
    value: str
    """Value as it stands in a query, not yet encoded."""
    match: Match
    """What it means."""


def at(node: Any, path: str) -> Iterator[Any]:
    """Everything at a dotted path, lists flattened."""
    if isinstance(node, list):
        for item in node:
            yield from at(item, path)
    elif not path:
        yield node
    elif isinstance(node, dict):
        name, _, rest = path.partition(".")
        if name in node:
            yield from at(node[name], rest)


def codes(resource: Resource, path: str) -> list[tuple[str | None, str]]:
    """System and code of every token."""
    found: list[tuple[str | None, str]] = []
    for value in at(resource, path):
        if isinstance(value, bool):
            found.append((None, str(value).lower()))
        elif isinstance(value, str):
            found.append((None, value))
        elif "coding" in value:
            found += [(one.get("system"), one["code"]) for one in value["coding"] if "code" in one]
        elif "code" in value:
            found.append((value.get("system"), value["code"]))
        elif "value" in value:
            found.append((value.get("system"), value["value"]))
    return found


def span(text: str) -> Span:
    """From its first moment to the first one after."""
    if len(text) == 4:
        return datetime(int(text), 1, 1, tzinfo=UTC), datetime(int(text) + 1, 1, 1, tzinfo=UTC)
    if len(text) == 7:
        year, month = int(text[:4]), int(text[5:])
        return datetime(year, month, 1, tzinfo=UTC), datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    start = datetime.fromisoformat(text)
    if len(text) == 10:
        return start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + timedelta(days=1)
    return start, start + (timedelta(milliseconds=1) if "." in text else timedelta(seconds=1))


def spans(resource: Resource, path: str) -> list[Span]:
    """The extent of every date and period."""
    found = []
    for value in at(resource, path):
        if isinstance(value, str):
            found.append(span(value))
        else:
            start = span(value["start"])[0] if "start" in value else datetime(1, 1, 1, tzinfo=UTC)
            end = span(value["end"])[1] if "end" in value else datetime(9999, 1, 1, tzinfo=UTC)
            found.append((start, end))
    return found


def by_code(path: str, system: str | None, code: str | None) -> Match:
    """A token: the system counts where one is given, the code too."""
    return lambda resource: any(
        (system is None or system == whose) and (code is None or code == its) for whose, its in codes(resource, path)
    )


def by_date(path: str, prefix: str, asked: str) -> Match:
    """A date with its prefix."""
    low, high = span(asked)
    holds: dict[str, Callable[[datetime, datetime], bool]] = {
        "eq": lambda a, b: low <= a and b <= high,
        "ne": lambda a, b: not (low <= a and b <= high),
        "gt": lambda a, b: b > high,
        "ge": lambda a, b: b > high or (low <= a and b <= high) or (a < high and b > low),
        "lt": lambda a, b: a < low,
        "le": lambda a, b: a < low or (low <= a and b <= high) or (a < high and b > low),
        "sa": lambda a, b: a >= high,
        "eb": lambda a, b: b <= low,
    }
    return lambda resource: any(holds[prefix](*one) for one in spans(resource, path))


def by_text(path: str, modifier: str, asked: str) -> Match:
    """A string: the beginning, whatever the case; anywhere with `contains`, letter for letter with `exact`."""

    def match(resource: Resource) -> bool:
        texts = [text for text in at(resource, path) if isinstance(text, str)]
        if modifier == "exact":
            return asked in texts
        if modifier == "contains":
            return any(asked.casefold() in text.casefold() for text in texts)
        return any(text.casefold().startswith(asked.casefold()) for text in texts)

    return match


def by_number(path: str, prefix: str, asked: str, code: str | None) -> Match:
    """A quantity: equal is what rounds to what was written."""
    number = Decimal(asked)
    half = Decimal((0, (5,), int(number.as_tuple().exponent) - 1))
    holds: dict[str, Callable[[Decimal], bool]] = {
        "eq": lambda value: number - half <= value < number + half,
        "ne": lambda value: not (number - half <= value < number + half),
        "gt": lambda value: value > number,
        "ge": lambda value: value >= number,
        "lt": lambda value: value < number,
        "le": lambda value: value <= number,
    }

    def match(resource: Resource) -> bool:
        found = [one for one in at(resource, path) if "value" in one and code in (None, one.get("code"))]
        return any(holds[prefix](Decimal(str(one["value"]))) for one in found)

    return match


def targets(resource: Resource, path: str) -> list[str]:
    """The literal references at a path."""
    return [one["reference"] for one in at(resource, path) if isinstance(one, dict) and "reference" in one]


def by_target(path: str, target: str) -> Match:
    """A reference, as `Type/id`."""
    return lambda resource: target in targets(resource, path)


def is_there(kind: Kind, path: str, resource: Resource) -> bool:
    """Whether a resource has a value that the parameter finds."""
    if kind == "reference":
        return bool(targets(resource, path))
    if kind == "token":
        return bool(codes(resource, path))
    return any(True for _ in at(resource, path))


def one_of(matches: Iterable[Match]) -> Match:
    """Alternatives."""
    held = list(matches)
    return lambda resource: any(match(resource) for match in held)
