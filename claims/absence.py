"""Whether something is absent from a chart: recomputed, never believed."""

from __future__ import annotations

from chart.appraisal import Appraisal
from chart.concept import concept_of
from chart.courses import is_live
from chart.fact import Fact
from chart.gaps import named_as
from chart.moment import Moment, parse_moment
from chart.spelling import is_named, spelled

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
    "result": ("Observation",),
    "report": ("DiagnosticReport",),
    "imaging": ("ImagingStudy",),
}
"""Which resource types must have been read before something of a kind can be said to be absent."""

_RESULTS = frozenset({"lab", "vital", "survey", "other"})
_UNDONE = frozenset({"none_known", "negated"})


def named_in(what: str) -> set[tuple[str, str]]:
    """Kind and key of what is said to be absent, without its period: ``measurement:hba1c@2019-01-01/`` names HbA1c."""
    kind, _, key = what.partition("@")[0].removeprefix("current_").partition(":")
    return {("ingredient", key), ("class", key)} if kind == "allergy_to" else {(kind, key)}


def looked_for(word: str, what: str) -> bool:
    """Whether a name in a sentence is part of the words that were looked for."""
    how, _, key = what.partition("@")[0].partition(":")
    words = key.partition(":")[2].replace("+", " ")
    return how == "worded" and (word in words or is_named(spelled(word), words))


def is_absent(what: str, appraisal: Appraisal, query: str) -> bool:
    """Whether ``what`` (``measurement:creatinine``, ``class:statin``, ``kind:allergy`` …) is nowhere in the chart.

    The coverage line's query must be about the resource type that would hold it. ``worded:procedure:bone+scan`` is
    anything of a kind whose name holds these words, ``tagged:encounter:emergency`` anything with this mark;
    ``…@2019-01-01/2019-12-31`` asks for these days only, and then something without a date may be of them.
    """
    what, _, span = what.partition("@")
    kind, _, key = what.partition(":")
    types = RESOURCES.get(key.partition(":")[0] if kind in ("kind", "worded", "tagged") else kind)
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
        return query.startswith("AllergyIntolerance") and not any(key in d.substances | d.classes for d in listed)
    if kind == "named":
        return query.startswith("Procedure") and not named_as(appraisal.chart, key)
    if types is None or not query.startswith(types):
        return False
    unread = appraisal.chart.left_out.get("not_understood", ())
    if any(reference.partition("/")[0] in types for reference in unread):
        return False
    return not any(_is(fact, kind, key, appraisal) and _may_be_in(fact, span) for fact in appraisal.chart.facts)


def _may_be_in(fact: Fact, span: str) -> bool:
    start, _, end = span.partition("/")
    if fact.when is None:
        return True
    first, last = parse_moment(start), parse_moment(end)
    return not (first and _before(fact.when, first)) and not (last and _before(last, fact.when))


def _before(one: Moment, other: Moment) -> bool:
    """By the day in the record's own zone, or by the second where both are known to it."""
    if "second" in (one.precision, other.precision) and one.precision == other.precision:
        return one.start < other.start
    return one.date < other.date


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
    if kind == "problem":
        return fact.kind == "problem" and concept_of(fact, appraisal.concepts).key == key
    if kind in ("worded", "tagged"):
        return _is_called(fact, kind, key)
    if fact.kind not in ("medication", "administration"):
        return False
    if kind.startswith("current_") and not _in_use(fact, appraisal):
        return False
    drug = appraisal.drug_table.read(fact.name)
    return key in (drug.substances if kind.endswith("ingredient") else drug.classes)


def _is_called(fact: Fact, how: str, key: str) -> bool:
    kind, _, rest = key.partition(":")
    of_kind = fact.kind in _RESULTS if kind == "result" else fact.kind == kind
    if not of_kind or fact.tags & _UNDONE:
        return False
    return rest in fact.tags if how == "tagged" else is_named(rest.split("+"), fact.name)


def _in_use(fact: Fact, appraisal: Appraisal) -> bool:
    return is_live(fact) and any(fact in c.orders for c in appraisal.courses if c.state == "current")
