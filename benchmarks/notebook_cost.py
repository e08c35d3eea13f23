"""What Google's EHR Navigator notebook would send a model for a question: its cost model, with an oracle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.models.asking import about_tokens
from benchmarks.charts import Sample

_TYPES = (
    "AllergyIntolerance",
    "CarePlan",
    "CareTeam",
    "Condition",
    "DiagnosticReport",
    "Encounter",
    "Goal",
    "ImagingStudy",
    "MedicationAdministration",
    "MedicationRequest",
    "Observation",
    "Procedure",
)
"""The twelve types of the Navigator's manifest; it reads neither notes nor immunizations."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question, and what an oracle would fetch for it."""

    key: str
    """Stable name."""
    text: str
    """The words."""
    types: tuple[str, ...]
    """Types that hold the answer; all that the chart has for a full summary."""
    codes: frozenset[str]
    """Codes within those types; empty for all."""


QUESTIONS = (
    Question(
        key="medications",
        text="Which medications is the patient taking now?",
        types=("MedicationRequest",),
        codes=frozenset(),
    ),
    Question(
        key="hba1c", text="How has the HbA1c changed over time?", types=("Observation",), codes=frozenset({"4548-4"})
    ),
    Question(key="summary", text="Give me a full summary of this patient.", types=_TYPES, codes=frozenset()),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What one question costs."""

    calls: int
    """Model calls."""
    requests: int
    """FHIR requests."""
    prompt_tokens: int
    """All prompts together."""
    largest: int
    """The longest prompt."""


def navigator_cost(sample: Sample, question: Question) -> Cost:
    """The Navigator's cost for one question (formula as measured against its own node functions)."""
    by_type: dict[str, list[Mapping[str, Any]]] = {}
    for resource in sample.resources:
        by_type.setdefault(str(resource["resourceType"]), []).append(resource)
    chosen = [t for t in question.types if t in by_type]
    asked = f"{question.text}. Patient ID {sample.patient}."
    manifest = {t: _manifest(t, by_type[t]) for t in _TYPES if t in by_type}
    whole = "\n".join(manifest.values())
    fetched = [_bundle(_answering(by_type[t], question.codes)) for t in chosen]
    # What its model would write between the steps (the extracted facts) is not counted: a lower bound for its side.
    prompts = [
        about_tokens(whole) + about_tokens("x" * (1371 + 3 * len(asked) + 2 * max(0, len(chosen) - 1))),
        *(about_tokens(manifest[t]) + about_tokens("x" * (1106 + 2 * len(t) + len(asked))) for t in chosen),
        *(about_tokens(bundle) + about_tokens("x" * (754 + len(asked))) for bundle in fetched),
    ]
    return Cost(calls=3 + 2 * len(chosen), requests=12 + len(chosen), prompt_tokens=sum(prompts), largest=max(prompts))


def _manifest(kind: str, resources: Iterable[Mapping[str, Any]]) -> str:
    """The Navigator's manifest of a type: ``display=code`` for every resource, repeats included."""
    codes = []
    for resource in resources:
        concept = resource.get("code") or resource.get("medicationCodeableConcept") or {}
        for coding in concept.get("coding", ())[:1]:
            codes.append(f"{coding.get('display')}={coding.get('code')}")
    return f"**{kind}**: Available codes include: {', '.join(codes)}"


def _answering(resources: Sequence[Mapping[str, Any]], codes: frozenset[str]) -> list[Mapping[str, Any]]:
    if not codes:
        return list(resources)
    return [r for r in resources if any(c.get("code") in codes for c in r.get("code", {}).get("coding", ()))]


def _bundle(resources: Sequence[Mapping[str, Any]]) -> str:
    """One fetch as the Navigator pastes it: whole resources as JSON, without meta."""
    rows = [{k: v for k, v in r.items() if k != "meta"} for r in resources]
    return json.dumps({"resourceType": "Bundle", "entry": [{"resource": r} for r in rows]}, default=str)
