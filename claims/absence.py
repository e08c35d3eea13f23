"""Whether something is absent from a chart: recomputed, never believed."""

from __future__ import annotations

from chart.appraisal import Appraisal
from chart.courses import is_live
from chart.fact import Fact
from chart.gaps import named_as

RESOURCES = {
    "allergy": ("AllergyIntolerance",),
    "problem": ("Condition",),
    "medication": ("MedicationRequest", "MedicationStatement"),
    "measurement": ("Observation",),
    "code": ("Observation",),
    "lab": ("Observation",),
    "vital": ("Observation",),
    "procedure": ("Procedure",),
    "immunization": ("Immunization",),
    "encounter": ("Encounter",),
    "note": ("DocumentReference", "DiagnosticReport"),
    "care_plan": ("CarePlan",),
    "class": ("MedicationRequest",),
    "ingredient": ("MedicationRequest",),
    "current_class": ("MedicationRequest",),
    "current_ingredient": ("MedicationRequest",),
}
"""Which resource types must have been read before something of a kind can be said to be absent."""


def is_absent(what: str, appraisal: Appraisal, query: str) -> bool:
    """Whether ``what`` (``measurement:creatinine``, ``class:statin``, ``kind:allergy`` …) is nowhere in the chart.

    The coverage line's query must be about the resource type that would hold it.
    """
    kind, _, key = what.partition(":")
    types = RESOURCES.get(key if kind == "kind" else kind)
    if kind == "dosage":
        fact = appraisal.chart.by_id.get(key)
        return fact is not None and not any(r in fact.cells for r in ("dosage", "frequency", "timing"))
    if kind == "later":
        return query.startswith("Observation") and _is_last(appraisal, key)
    if kind == "listed_problem":
        return query.startswith("Condition") and not any(
            p.concept.key == key and p.listed != "unlisted" for p in appraisal.problems
        )
    if kind == "allergy_to":
        listed = [appraisal.drug_table.read(f.name) for f in appraisal.chart.of("allergy")]
        return query.startswith("AllergyIntolerance") and not any(key in d.substances for d in listed)
    if kind == "named":
        return query.startswith("Procedure") and not named_as(appraisal.chart, key)
    if types is None or not query.startswith(types):
        return False
    unread = appraisal.chart.left_out.get("not_understood", ())
    if any(reference.partition("/")[0] in types for reference in unread):
        return False
    return not any(_is(fact, kind, key, appraisal) for fact in appraisal.chart.facts)


def _is_last(appraisal: Appraisal, fact_id: str) -> bool:
    """Whether nothing later measures what this fact measures, doubtful values included."""
    points = next((s.points for s in appraisal.series.values() if any(p.fact.id == fact_id for p in s.points)), ())
    return bool(points) and points[-1].fact.id == fact_id


def _is(fact: Fact, kind: str, key: str, appraisal: Appraisal) -> bool:
    if kind == "kind":
        return fact.kind == key and not fact.tags & {"none_known", "negated"}
    if kind == "measurement":
        measured = appraisal.table.measured_by(fact)
        return measured is not None and measured.key == key
    if kind == "code":
        return any(c.code == key for c in fact.codes)
    if fact.kind not in ("medication", "administration"):
        return False
    if kind.startswith("current_") and not _in_use(fact, appraisal):
        return False
    drug = appraisal.drug_table.read(fact.name)
    return key in (drug.substances if kind.endswith("ingredient") else drug.classes)


def _in_use(fact: Fact, appraisal: Appraisal) -> bool:
    return is_live(fact) and any(fact in c.orders for c in appraisal.courses if c.state == "current")
