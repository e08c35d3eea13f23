"""Changes of a chart: each gives new resources and leaves the ones it was given alone."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from benchmarks.chart_page import Resource, Sample, Shown, material_of, show
from claims.claim import Claim, Draft

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


def page_of(sample: Sample, **failed: str) -> Shown:
    """The page of a sample; keywords name searches that failed."""
    return show(material_of(sample.resources, sample.as_of, failed=failed))


def result(
    name: str, sample: Sample, code: str, value: str, unit: str, when: datetime, *, category: str = "laboratory"
) -> Resource:
    """A plain numeric Observation."""
    return {
        "resourceType": "Observation",
        "id": name,
        "meta": {"versionId": "1"},
        "status": "final",
        "category": [{"coding": [{"code": category}]}],
        "code": {"coding": [{"system": LOINC, "code": code}], "text": f"measured {code}"},
        "subject": {"reference": patient(sample)},
        "effectiveDateTime": when.isoformat(),
        "valueQuantity": {"value": Decimal(value), "unit": unit, "system": UCUM, "code": unit},
    }


def condition(name: str, sample: Sample, words: str, when: datetime) -> Resource:
    """An active problem by name."""
    return {
        "resourceType": "Condition",
        "id": name,
        "meta": {"versionId": "1"},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": words},
        "subject": {"reference": patient(sample)},
        "onsetDateTime": when.isoformat(),
    }


def allergy(name: str, sample: Sample, words: str) -> Resource:
    """An active allergy by name."""
    return {
        "resourceType": "AllergyIntolerance",
        "id": name,
        "meta": {"versionId": "1"},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": words},
        "patient": {"reference": patient(sample)},
        "recordedDate": "2001-03-04",
    }


def order(name: str, sample: Sample, words: str, when: datetime) -> Resource:
    """An active order."""
    return {
        "resourceType": "MedicationRequest",
        "id": name,
        "meta": {"versionId": "1"},
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": words},
        "subject": {"reference": patient(sample)},
        "authoredOn": when.isoformat(),
    }


def note(name: str, sample: Sample, text: str, when: datetime) -> Resource:
    """A note in plain text."""
    return {
        "resourceType": "DocumentReference",
        "id": name,
        "meta": {"versionId": "1"},
        "status": "current",
        "type": {"text": "Progress note"},
        "subject": {"reference": patient(sample)},
        "date": when.isoformat(),
        "content": [{"attachment": {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}}],
    }


def patient(sample: Sample) -> str:
    """``Patient/id``."""
    return next(f"Patient/{r['id']}" for r in sample.resources if r["resourceType"] == "Patient")


def with_more(sample: Sample, *resources: Resource) -> Sample:
    """The sample with further resources."""
    return replace(sample, resources=(*sample.resources, *resources))


def without(sample: Sample, wrong: Callable[[Resource], bool]) -> Sample:
    """The sample without some resources."""
    return replace(sample, resources=tuple(r for r in sample.resources if not wrong(r)))


def changed(sample: Sample, reference: str, change: Callable[[dict[str, Any]], object]) -> Sample:
    """The sample with one resource changed in place of the old one."""

    def one(resource: Resource) -> Resource:
        if f"{resource['resourceType']}/{resource['id']}" != reference:
            return resource
        own = dict(deepcopy(resource))
        change(own)
        return own

    return replace(sample, resources=tuple(one(r) for r in sample.resources))


def codes_of(resource: Resource) -> set[str]:
    """The codes of a result and of its parts."""
    parts = (resource, *resource.get("component", ()))
    return {str(c.get("code")) for p in parts for c in p.get("code", {}).get("coding", ())}


_STATUSES = {
    "MedicationRequest": ("active", "stopped", "completed", "cancelled", "entered-in-error", "on-hold", "unknown"),
    "Observation": ("preliminary", "amended", "registered", "entered-in-error"),
    "Encounter": ("planned", "in-progress", "cancelled", "entered-in-error"),
    "Procedure": ("not-done", "preparation", "entered-in-error"),
}


def at_another_time(sample: Sample, random: Random) -> Sample:
    """The same chart as of a day of its own past, with a part of it lost and some numbers moved."""
    kept = tuple(r for r in sample.resources if r["resourceType"] == "Patient" or random.random() > 0.15)
    back = timedelta(days=random.choice((0, 1, 30, 200, 400, 1000, 2500)))
    moved = tuple(_moved(r, random) if random.random() < 0.1 else r for r in kept)
    return replace(sample, resources=moved, as_of=sample.as_of - back)


def _moved(resource: Resource, random: Random) -> Resource:
    """A number scaled, a status flipped, or a date made partial."""
    own = dict(deepcopy(resource))
    quantity = own.get("valueQuantity")
    if isinstance(quantity, dict) and "value" in quantity:
        factor = Decimal(random.choice(("0.5", "0.8", "1.1", "1.3", "2.2", "10")))
        quantity["value"] = (Decimal(str(quantity["value"])) * factor).quantize(Decimal("0.01"))
    elif own["resourceType"] in _STATUSES:
        own["status"] = random.choice(_STATUSES[own["resourceType"]])
    elif own["resourceType"] in ("Condition", "AllergyIntolerance"):
        own["clinicalStatus"] = {"coding": [{"code": random.choice(("active", "inactive", "resolved"))}]}
        own.pop("abatementDateTime", None)
    return own


def shuffled(sample: Sample, random: Random) -> Sample:
    """The same chart in another order, with every id renamed and every reference with it."""
    resources = list(deepcopy(sample.resources))
    random.shuffle(resources)
    names = {f"{r['resourceType']}/{r['id']}": f"{random.getrandbits(60):x}" for r in resources}

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            found = {k: renamed(v) for k, v in value.items()}
            link = value.get("reference")
            if isinstance(link, str) and link in names:
                found["reference"] = f"{link.partition('/')[0]}/{names[link]}"
            return found
        return [renamed(v) for v in value] if isinstance(value, list) else value

    return replace(
        sample,
        resources=tuple({**renamed(r), "id": names[f"{r['resourceType']}/{r['id']}"]} for r in resources),
    )


def in_notes(sample: Sample, sentence: str, which: Sequence[str]) -> Sample:
    """The sample with a sentence put at the end of some notes, by reference."""

    def put(resource: dict[str, Any]) -> None:
        content = resource.get("content") or [{"attachment": resource["presentedForm"][0]}]
        attachment = content[0]["attachment"]
        text = base64.b64decode(attachment["data"]).decode() + f"\n{sentence}\n"
        attachment["data"] = base64.b64encode(text.encode()).decode()

    for reference in which:
        sample = changed(sample, reference, put)
    return sample


# What a broken program would show: a page with a sentence taken out, or with one put in.


def dropped(shown: Shown, wrong: Callable[[Claim], bool]) -> Shown:
    """The page without some sentences."""
    gone = {c.text for c in shown.claims if wrong(c)}
    return _with(shown, lambda title, claims: tuple(c for c in claims if c.text not in gone), gone)


def told_again(shown: Shown, which: Callable[[Claim], bool], title: str) -> Shown:
    """The page with a sentence that it has, put under a heading a second time."""
    claim = next(c for c in shown.claims if which(c))
    again = claim.model_copy(update={"text": f"Again: {claim.text}", "id": "again"})
    return _with(shown, lambda t, claims: (*claims, again) if t == title else claims, set(), (again.text,))


def worded(shown: Shown, which: Callable[[Claim], bool], words: Callable[[str], str]) -> Shown:
    """The page with the words of some sentences changed."""
    old = {c.text: words(c.text) for c in shown.claims if which(c)}
    lines = [next((line.replace(a, b) for a, b in old.items() if a in line), line) for line in shown.lines]
    return replace(
        _with(shown, lambda t, cs: tuple(c.model_copy(update={"text": old.get(c.text, c.text)}) for c in cs), set()),
        result={**shown.result, "page": lines},
    )


def _with(
    shown: Shown,
    change: Callable[[str, tuple[Claim, ...]], tuple[Claim, ...]],
    gone: set[str],
    more: tuple[str, ...] = (),
) -> Shown:
    def one(draft: Draft) -> Draft:
        found = tuple(s.model_copy(update={"claims": change(s.title, s.claims)}) for s in draft.sections)
        return draft.model_copy(update={"sections": found})

    lines = [x for x in shown.lines if (x.partition(". ")[2] if x[:1].isdigit() else x) not in gone]
    return replace(shown, drafts=tuple(one(d) for d in shown.drafts), result={**shown.result, "page": [*lines, *more]})
