"""The appraisal: everything that code can tell from a chart before anybody words it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from chart.accounted import Accounted, account
from chart.chart import Chart
from chart.child_dose import ChildDoses, DoseRules, child_doses, dose_rules
from chart.concept import Concept, concepts
from chart.courses import Course, build_courses
from chart.drug import Drugs, drugs
from chart.fact import Fact
from chart.finding import RANK, Finding
from chart.gaps import missing_therapy, never_recorded, unmonitored, unrepeated
from chart.instructions import instructions
from chart.lapses import lapsed, only_as_needed, recurrent, risky_stale
from chart.measurement import Measurements, Range, measurements
from chart.note_conflicts import note_conflicts
from chart.notes import repeated
from chart.pending import preliminary
from chart.plausibility import doubt
from chart.pregnancy import Pregnancy, pregnancy_of
from chart.problems import Problem, build_problems
from chart.rules import Rules, rules
from chart.series import Series, build_series
from chart.stay import Stay, stay_of
from chart.therapy import avoided, blood_pressure, contradictions, duplicates, pairs
from chart.trends import acute, critical, for_age, slow_trends

ADULT = 18
"""Years; below, adult ranges, targets and doses are not applied."""


@dataclass(frozen=True, kw_only=True)
class Appraisal:
    """The chart and what was computed from it."""

    chart: Chart
    """The facts."""
    table: Measurements
    """The measurement table it was made with."""
    drug_table: Drugs
    """The medication table it was made with."""
    concepts: tuple[Concept, ...]
    """The problem table it was made with."""
    book: Rules
    """The rules it was made with."""
    series: Mapping[str, Series]
    """By measurement key, doubtful points marked."""
    ranges: Mapping[str, Range]
    """The reference range of each measured thing for this patient, by key."""
    courses: tuple[Course, ...]
    """Medicines."""
    problems: tuple[Problem, ...]
    """Problems by class."""
    findings: tuple[Finding, ...]
    """Everything found, those for "Act on / verify first" in their order first."""
    accounted: tuple[Accounted, ...]
    """What became of each active entry."""
    pairs_checked: int
    """How many named drug pairs were checked."""
    copied: frozenset[str]
    """Sentences of notes that are copied forward."""
    stay: Stay | None
    """The hospital stay under way, if there is one."""
    pregnancy: Pregnancy | None
    """The pregnancy under way, if the record shows one."""
    doses: ChildDoses | None
    """For a child, which doses were held to the weight; ``None`` for an adult."""
    dose_table: DoseRules
    """The table of a child's doses that it was made with."""

    def range_of(self, fact: Fact) -> Range | None:
        """The table's reference range for a result, by age and sex on its day and by trimester; not its own."""
        return _range_of(self.chart, self.table, fact, self.pregnancy)

    @property
    def act_first(self) -> tuple[Finding, ...]:
        """The findings that rank for the top of the page, in order; the page shows at most four."""
        return tuple(f for f in self.findings if f.kind in RANK)

    def of(self, *kinds: str) -> tuple[Finding, ...]:
        """The findings of some kinds."""
        return tuple(f for f in self.findings if f.kind in kinds)

    @property
    def doubtful(self) -> frozenset[str]:
        """References of resources that are not relied on; guidelines must not use them."""
        return frozenset(p.fact.reference for s in self.series.values() for p in s.doubtful) | frozenset(
            f.reference for s in self.series.values() for f in s.unconverted
        )

    @property
    def days(self) -> tuple[date, ...]:
        """The days on which something was measured, oldest first."""
        return tuple(sorted({p.day for s in self.series.values() for p in s.points}))


def appraise(chart: Chart, *, site: Path | None = None) -> Appraisal:
    """Appraise a chart. Pure: the same chart gives the same appraisal.

    Args:
        chart: facts up to ``as_of``.
        site: a folder with a site's own tables, laid over the package's.
    """
    table = measurements(site)
    born = chart.patient.when
    series, implausible = doubt(
        build_series(chart, table), sex=chart.sex, born=born.date if born and born.day else None
    )
    drug_table, concept_table, dose_table = drugs(site), concepts(site), dose_rules(site)
    pregnancy = pregnancy_of(chart, concept_table)
    ranges = _ranges(chart, table, series, pregnancy)
    courses = build_courses(chart, drug_table)
    problems = build_problems(chart, series, concept_table, ranges)
    book = rules(site)
    adult = chart.age is not None and chart.age >= ADULT
    child = chart.age is not None and not adult and not chart.deceased
    doses = _doses(chart, courses, series, dose_table) if child else None
    found: list[Finding] = [*implausible, *duplicates(courses)]
    found.extend(_course_findings(courses))
    found.extend(instructions(chart))
    found.extend(note_conflicts(chart, courses, drug_table, concept_table))
    pairs_found, pairs_checked = pairs(courses, book)
    if not chart.deceased:
        last = max((p.day for s in series.values() for p in s.points), default=None)
        found.extend(critical(series, table.critical, chart.today, last))
        found.extend(contradictions(courses, problems, series, book, chart.today))
        found.extend(
            blood_pressure(courses, problems, series, chart.today, adult=adult, pregnant=pregnancy is not None)
        )
        found.extend(doses.findings if doses else ())
        found.extend(for_age(series, ranges, chart.today) if child else ())
        found.extend(missing_therapy(problems, courses, series, book, chart.as_of))
        found.extend(avoided(courses, problems, book, chart.age, pregnancy))
        found.extend(pairs_found)
        found.extend(unmonitored(courses, series, book, chart.today))
        found.extend(unrepeated(series, problems, ranges, book, chart.today))
        found.extend(_unsaid(never_recorded(chart, problems, series, book), found))
        found.extend(lapsed(chart, courses, book))
        found.extend(risky_stale(chart, courses, concept_table, book, drug_table.high_risk))
        found.extend(only_as_needed(courses, problems, book))
        found.extend(recurrent(chart, concept_table))
        failing = any(p.concept.key == "heart_failure" and p.listed == "active" for p in problems)
        fast = acute(series, chart.today, heart_failure=failing)
        told = {f.key for f in fast}
        found.extend(fast)
        found.extend(
            f for f in slow_trends(series, ranges, chart.today, steady=adult and not pregnancy) if f.key not in told
        )
        found.extend(preliminary(chart))
        found.extend(
            Finding(
                kind="unlisted",
                key=p.concept.key,
                when=p.facts[-1].when.start if p.facts[-1].when else None,
                problems=(p,),
            )
            for p in problems
            if p.listed == "unlisted"
        )
    return Appraisal(
        chart=chart,
        table=table,
        drug_table=drug_table,
        concepts=concept_table,
        book=book,
        series=series,
        ranges=ranges,
        courses=courses,
        problems=problems,
        findings=tuple(sorted(found, key=_rank)),
        accounted=account(chart, problems, courses),
        pairs_checked=pairs_checked,
        copied=repeated(chart.notes),
        stay=stay_of(chart),
        pregnancy=pregnancy,
        doses=doses,
        dose_table=dose_table,
    )


def _unsaid(missing: list[Finding], found: list[Finding]) -> list[Finding]:
    """What was never measured, without what the monitoring of a drug already asks for."""
    asked = {k for f in found if f.kind == "unmonitored" for k in f.words["measurements"].split(",")}
    return [f for f in missing if f.words.get("looked_for", "").removeprefix("measurement:") not in asked]


def _rank(finding: Finding) -> tuple[int, float, str]:
    return (
        RANK.get(finding.kind, 99),
        -(finding.when.timestamp() if finding.when else 0.0),
        f"{finding.kind}:{finding.key}",
    )


def _range_of(chart: Chart, table: Measurements, fact: Fact, pregnancy: Pregnancy | None) -> Range | None:
    measured = table.measured_by(fact)
    if measured is None:
        return None
    age = chart.age_on(fact.when.date if fact.when else chart.today)
    trimester = pregnancy.trimester if pregnancy else None
    return table.range_for(measured.key, sex=chart.sex, age=age, trimester=trimester)


def _ranges(
    chart: Chart, table: Measurements, series: Mapping[str, Series], pregnancy: Pregnancy | None
) -> dict[str, Range]:
    """By measurement the range of its latest value: a child's by the age on that day."""
    found = {}
    for key, one in series.items():
        latest = one.points[-1].fact if one.points else None
        own = table.range_for(key, sex=chart.sex, age=None, fact=latest) if latest else None
        if own is None or own.source != "result":
            own = _range_of(chart, table, latest, pregnancy) if latest else None
        if own:
            found[key] = own
    return found


def _doses(chart: Chart, courses: tuple[Course, ...], series: Mapping[str, Series], rules: DoseRules) -> ChildDoses:
    weight = series["weight"].latest if "weight" in series else None
    return child_doses(courses, weight, chart.age_on(chart.today), rules)


def _course_findings(courses: tuple[Course, ...]) -> list[Finding]:
    found = []
    for course in courses:
        when = course.renewed.start if course.renewed else None
        if course.state == "stale":
            found.append(Finding(kind="stale_course", key=course.drug.key, when=when, courses=(course,)))
        elif course.state == "current" and not course.dosed:
            found.append(Finding(kind="undosed_course", key=course.drug.key, when=when, courses=(course,)))
    return found
