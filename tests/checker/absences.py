"""Whether what a sentence calls absent is absent from the raw chart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from tests.checker.raw import RawChart, Resource, instant, when
from tests.checker.values import WORDS, values_of

CLASSES = {
    "ACE inhibitor": r"\w+pril\b",
    "ARB": r"\w+sartan\b",
    "statin": r"\w*statin\b(?<!nystatin)",
    "other lipid-lowering": r"ezetimibe|fenofibrate|gemfibrozil|evolocumab|alirocumab|niacin|icosapent|bempedoic",
    "antiplatelet": r"aspirin|clopidogrel|ticagrelor|prasugrel|dipyridamole|cilostazol",
    "anticoagulant": r"warfarin|\w+xaban\b|dabigatran|\w*heparin\b|\w+parin\b|fondaparinux",
    "bisphosphonate": r"\w+dron(ate|ic)\b",
    "inhaled corticosteroid": r"beclomethasone|budesonide|ciclesonide|fluticasone|mometasone",
}
"""Drug classes by the stems of their names."""
_KINDS = {
    "allergy": ("AllergyIntolerance",),
    "problem": ("Condition",),
    "medication": ("MedicationRequest", "MedicationStatement"),
    "encounter": ("Encounter",),
    "note": ("DocumentReference",),
    "procedure": ("Procedure",),
    "immunization": ("Immunization",),
    "care_plan": ("CarePlan",),
}
_OBSERVATIONS = {"lab": "laboratory", "vital": "vital-signs"}
_NEEDS = {
    "measurement": "Observation",
    "dosage": "MedicationRequest",
    "class": "MedicationRequest",
    "current_class": "MedicationRequest",
    "ingredient": "MedicationRequest",
    "current_ingredient": "MedicationRequest",
    "listed_problem": "Condition",
    "later": "Observation",
    "named": "Procedure",
}


class NotKnown(LookupError):
    """This checker has no rule for such an absence."""


def present(what: str, chart: RawChart, references: Mapping[str, str]) -> Iterator[str]:
    """What speaks against an absence.

    Args:
        what: `kind:allergy`, `measurement:ldl`, `class:statin`, `dosage:M3`, `later:V7`, `named:retina|fundus` …
        chart: the raw chart.
        references: fact ids to references, as the result cites them.

    Raises:
        NotKnown: no rule here knows such an absence.
    """
    kind, _, key = what.partition(":")
    if kind == "kind":
        yield from _of_kind(key, chart)
    elif kind == "measurement":
        yield from _measured(key, chart)
    elif kind in ("class", "current_class", "ingredient", "current_ingredient"):
        yield from _medicines(kind, key, chart)
    elif kind == "listed_problem":
        yield from _listed(key, chart)
    elif kind == "later":
        yield from _later(chart.resources[references[key]], chart)
    elif kind == "named":
        yield from _named(key, chart)
    elif kind == "dosage":
        yield from _dosed(chart.resources[references[key]])
    else:
        raise NotKnown(what)


def needs(what: str) -> tuple[str, ...]:
    """The resource types of which one must have been read."""
    kind, _, key = what.partition(":")
    if kind == "kind":
        return ("Observation",) if key in _OBSERVATIONS else _KINDS[key]
    return (_NEEDS[kind],)


def _of_kind(key: str, chart: RawChart) -> Iterator[str]:
    if key in _OBSERVATIONS:
        for resource in chart.standing("Observation"):
            if f'"{_OBSERVATIONS[key]}"' in json.dumps(resource.get("category", [])):
                yield f"{resource['id']} is a {key}"
        return
    if key not in _KINDS:
        raise NotKnown(f"kind:{key}")
    for kind in _KINDS[key]:
        for resource in chart.standing(kind):
            if not re.search(r"no known", json.dumps(resource.get("code", {})), re.I):
                yield f"there is {kind}/{resource['id']}"


def _measured(key: str, chart: RawChart) -> Iterator[str]:
    if key not in WORDS:
        raise NotKnown(f"measurement:{key}")
    for resource in chart.standing("Observation"):
        for _, value in values_of(resource):
            if value.about == key:
                yield f"{value.reference} is a {key}"


def _medicines(kind: str, key: str, chart: RawChart) -> Iterator[str]:
    if not kind.endswith("ingredient") and key not in CLASSES:
        raise NotKnown(f"{kind}:{key}")
    pattern = re.compile(rf"\b{re.escape(key)}\b" if kind.endswith("ingredient") else rf"\b(?:{CLASSES[key]})", re.I)
    since = chart.months_ago(15)
    for resource_kind in ("MedicationRequest", "MedicationStatement", "MedicationAdministration"):
        for resource in chart.standing(resource_kind):
            if kind.startswith("current_") and not _current(resource, str(since)):
                continue
            if pattern.search(_medicine_words(resource, chart)):
                yield f"there is {resource_kind}/{resource['id']}"


def _current(order: Resource, since: str) -> bool:
    return order.get("status") == "active" and str(order.get("authoredOn", ""))[:10] >= since


def _medicine_words(resource: Resource, chart: RawChart) -> str:
    pointed = str((resource.get("medicationReference") or {}).get("reference", ""))
    other = next(
        (r for n, r in chart.resources.items() if pointed and n == f"Medication/{re.split('[/:]', pointed)[-1]}"), {}
    )
    parts = [
        resource.get("medicationCodeableConcept"),
        resource.get("medicationReference"),
        other.get("code"),
        resource.get("contained"),
    ]
    return json.dumps([p for p in parts if p], ensure_ascii=False)


def _listed(key: str, chart: RawChart) -> Iterator[str]:
    words = key.replace("_", " ")
    for resource in chart.standing("Condition"):
        active = '"active"' in json.dumps(resource.get("clinicalStatus", {}))
        if active and words in json.dumps(resource.get("code", {})).lower():
            yield f"there is Condition/{resource['id']}"


def _later(last: Resource, chart: RawChart) -> Iterator[str]:
    about = {value.about for _, value in values_of(last)}
    for resource in chart.standing("Observation"):
        for _, value in values_of(resource):
            if value.about in about and instant(value.date or "0001") > instant(when(last)):
                yield f"{value.reference} is later"


def _named(pattern: str, chart: RawChart) -> Iterator[str]:
    """Any coded act, result or report that carries the words."""
    for kind in ("Procedure", "Observation", "DiagnosticReport"):
        for resource in chart.standing(kind):
            parts = [resource.get("code"), *(c.get("code") for c in resource.get("component", []))]
            if resource.get("status") != "not-done" and re.search(pattern, json.dumps(parts), re.I):
                yield f"there is {kind}/{resource['id']}"


def _dosed(order: Resource) -> Iterator[str]:
    for instruction in (order.get("dosageInstruction") or order.get("dosage") or [])[:1]:
        timing = instruction.get("timing", {})
        if instruction.get("text") or timing.get("code") or timing.get("repeat", {}).get("frequency"):
            yield f"{order['id']} says how often it is taken"
