"""Problems: what the list calls active, put into classes by what the rest of the chart shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from chart.chart import Chart
from chart.concept import OTHER, Concept, concept_of, degree_of, plain_name
from chart.extract.condition import ACTIVE
from chart.fact import Fact
from chart.measurement import Range
from chart.moment import months_before
from chart.series import Point, Series

ProblemClass = Literal[
    "active", "not_borne_out", "superseded", "past", "social", "duplicate", "folded", "unlisted", "directive"
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One problem with its class and what shows its state."""

    concept: Concept
    """What it is."""
    facts: tuple[Fact, ...]
    """The list entries or encounter reasons, oldest first."""
    listed: ProblemClass
    """The class."""
    shows: tuple[Point, ...] = ()
    """Latest trusted values that show its state, the controlling one first."""
    because: tuple[Point, ...] = ()
    """For ``not_borne_out``: the values that contradict it."""
    by: str | None = None
    """For ``superseded``, ``folded``, ``duplicate``: the concept that covers it."""

    @property
    def name(self) -> str:
        """What a clinician calls it: the table's words by degree, else the record's without a terminology's suffix."""
        state = next((p for p in self.shows if p.doubt is None), None)
        degree = degree_of(self.concept, state.value) if state and self.listed == "active" else None
        return degree or str(self.concept.rules.get("says", plain_name(self.facts[-1].name)))


def build_problems(
    chart: Chart, series: Mapping[str, Series], table: Sequence[Concept], ranges: Mapping[str, Range]
) -> tuple[Problem, ...]:
    """Classify every active problem of the list, and add those that only encounter reasons show.

    Args:
        chart: the chart.
        series: by measurement key, doubtful points already marked.
        table: the concepts.
        ranges: the reference range of each measurement for this patient.
    """
    groups: dict[str, list[Fact]] = {}
    kinds: dict[str, Concept] = {}
    for fact in chart.of("problem"):
        if fact.status not in ACTIVE:
            continue
        concept = concept_of(fact, table)
        # Problems outside the table, and those of a catch-all row, are told apart by name.
        broad = (
            concept is OTHER
            or concept.kind in ("symptom", "social")
            or concept.key in ("infection", "injury", "dental")
        )
        key = f"{concept.key}:{plain_name(fact.name).lower()}" if broad else f"{concept.key}:{_variant(fact)}"
        groups.setdefault(key, []).append(fact)
        kinds[key] = concept
    present = {c.key for c in kinds.values()}
    found = [_classify(chart, kinds[key], tuple(facts), series, ranges, present) for key, facts in groups.items()]
    return (*found, *_unlisted(chart, table, present))


def _variant(fact: Fact) -> str:
    """Two entries of one concept are one problem only when they say the same: a colon's polyp is not a rectal polyp."""
    return plain_name(fact.name).lower()


def _classify(
    chart: Chart,
    concept: Concept,
    facts: tuple[Fact, ...],
    series: Mapping[str, Series],
    ranges: Mapping[str, Range],
    present: set[str],
) -> Problem:
    shows = tuple(p for key in concept.shows if (s := series.get(key)) is not None and (p := s.speaking) is not None)
    listed: ProblemClass = "active"
    because: tuple[Point, ...] = ()
    by = next((k for k in concept.rules.get("superseded_by", ()) if k in present), None)
    folds = [k for k in concept.rules.get("folded_by", ()) if k in present]
    if concept.kind == "social":
        listed = "social"
    elif concept.kind == "directive":
        listed = "directive"
    elif by:
        listed = "superseded"
    elif len(folds) >= 2:
        listed, by = "folded", folds[0]
    elif _is_past(concept, facts, chart) and not _still_shown(concept, series, ranges):
        listed = "past"
    elif concept.rules.get("borne_out"):
        because = _contradiction(concept.rules["borne_out"], series, ranges)
        listed = "not_borne_out" if because else "active"
    return Problem(concept=concept, facts=facts, listed=listed, shows=shows, because=because, by=by)


def _is_past(concept: Concept, facts: Sequence[Fact], chart: Chart) -> bool:
    """An event or an acute illness that began long ago is history, whatever its status says."""
    months = {"symptom": 6, "acute": 12, "event": 12}.get(concept.kind)
    if months is None or concept.key in (
        "stroke",
        "myocardial_infarction",
        "tia",
        "pulmonary_embolism",
        "venous_thrombosis",
    ):
        return False
    cutoff = months_before(_last_day(chart), months)
    return all(f.when is not None and f.when.date < cutoff for f in facts)


def _still_shown(concept: Concept, series: Mapping[str, Series], ranges: Mapping[str, Range]) -> bool:
    """Whether the last value that shows an illness is still abnormal: nobody has shown that it is over."""
    if concept.kind != "acute" or not concept.shows:
        return False
    one, own = series.get(concept.shows[0]), ranges.get(concept.shows[0])
    last = one.points[-1] if one and one.points else None
    return last is not None and own is not None and own.side(last.value) != "within"


def _last_day(chart: Chart) -> date:
    return chart.patient.ended.date if chart.patient.ended and chart.deceased else chart.today


def _contradiction(
    rule: Mapping[str, Any], series: Mapping[str, Series], ranges: Mapping[str, Range]
) -> tuple[Point, ...]:
    """The latest trusted values when none of them bears the problem out; empty when one does or none is there."""
    found: list[Point] = []
    for test in rule.get("any", [rule]):
        one = series.get(test["measurement"])
        latest = one.speaking if one else None
        if latest is None:
            continue
        if _bears_out(test, latest.value, ranges.get(test["measurement"])):
            return ()
        found.append(latest)
    return tuple(found)


def _bears_out(test: Mapping[str, Any], value: Decimal, own: Range | None) -> bool:
    if "range" in test:
        return own is None or own.side(value) == test["range"]
    if "below" in test:
        return value < Decimal(str(test["below"]))
    return value >= Decimal(str(test["at_least"]))


def _unlisted(chart: Chart, table: Sequence[Concept], present: set[str]) -> list[Problem]:
    """Lasting problems that emergency or repeated encounter reasons of three years show and the list does not.

    A disease that never goes away (``lasting``) counts from whatever year it was treated in.
    """
    since = months_before(_last_day(chart), 36)
    groups: dict[str, list[Fact]] = {}
    kinds: dict[str, Concept] = {}
    for fact in chart.of("encounter"):
        if "reason" not in fact.tags or fact.when is None:
            continue
        concept = concept_of(fact, table)
        if fact.when.date < since and not concept.rules.get("lasting"):
            continue
        if concept.kind not in ("chronic", "event") or concept.key in present or concept.key == "injury":
            continue
        groups.setdefault(concept.key, []).append(fact)
        kinds[concept.key] = concept
    return [
        Problem(concept=kinds[key], facts=tuple(facts), listed="unlisted")
        for key, facts in groups.items()
        if len(facts) > 1 or any(f.tags & {"emergency", "inpatient"} for f in facts)
    ]
