"""Therapy that lapsed or runs on unseen: old rescue drugs, risky orders nobody ended, controllers as needed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chart.chart import Chart
from chart.concept import Concept, concept_of
from chart.courses import Course
from chart.extract.condition import ACTIVE
from chart.fact import Fact
from chart.finding import Finding
from chart.problems import Problem
from chart.rules import Rules

_NOT_IN_FORCE = frozenset({"inactive", "resolved"})


def lapsed(chart: Chart, courses: Sequence[Course], rules: Rules) -> list[Finding]:
    """Rescue drugs ordered once and never renewed while the allergy that asks for them stands."""
    found = []
    for rule in rules.rescue:
        words = re.compile("|".join(rule.row["allergy"]), re.I)
        asking = [a for a in in_force(chart) if words.search(a.name)]
        held = [c for c in courses if rule.applies_to(c)]
        stale = [c for c in held if c.state in ("stale", "finished")]
        if asking and stale and len(stale) == len(held):
            last = max(stale, key=_renewed)
            found.append(
                Finding(
                    kind="lapsed",
                    key=next(iter(sorted(last.drug.substances))),
                    when=last.renewed.start if last.renewed else None,
                    courses=(last,),
                    facts=tuple(asking),
                )
            )
    return found


def in_force(chart: Chart) -> list[Fact]:
    """Allergies that the list holds as active and real."""
    return [f for f in chart.of("allergy") if f.status not in _NOT_IN_FORCE and not f.tags & {"negated", "none_known"}]


def risky_stale(
    chart: Chart, courses: Sequence[Course], table: Sequence[Concept], rules: Rules, high_risk: frozenset[str]
) -> list[Finding]:
    """Orders of high-risk classes still called active after fifteen months, with what they may have been for."""
    groups: dict[str, list[Course]] = {}
    for course in courses:
        if course.state == "stale" and course.drug.classes & high_risk:
            groups.setdefault("+".join(sorted(course.drug.substances)), []).append(course)
    found = []
    for key, some in groups.items():
        classes = frozenset().union(*(c.drug.classes for c in some))
        reasons = {k for rule in rules.reasons if classes & set(rule.row["class"]) for k in rule.row["problem"]}
        why = [f for f in chart.of("problem") if concept_of(f, table).key in reasons]
        last = max(some, key=_renewed)
        found.append(
            Finding(
                kind="risky_stale",
                key=key,
                when=last.renewed.start if last.renewed else None,
                courses=(last, *(c for c in some if c is not last)),
                facts=tuple(why[-1:]),
            )
        )
    return found


def only_as_needed(courses: Sequence[Course], problems: Sequence[Problem], rules: Rules) -> list[Finding]:
    """Drugs that work only when taken regularly, ordered as needed, while the disease that needs them stands."""
    found = []
    for rule in rules.regular:
        because = [p for p in problems if p.concept.key in rule.row["problem"] and p.listed in ("active", "unlisted")]
        taking = [c for c in courses if c.state == "current" and rule.applies_to(c)]
        if because and taking and all("as_needed" in c.last.tags for c in taking):
            last = taking[-1]
            found.append(
                Finding(
                    kind="as_needed",
                    key=last.drug.key,
                    when=last.renewed.start if last.renewed else None,
                    courses=(last,),
                    problems=tuple(because[:1]),
                )
            )
    return found


def recurrent(chart: Chart, table: Sequence[Concept]) -> list[Finding]:
    """Events that brought the patient to hospital more often than the problem list says."""
    visits: dict[str, list[Fact]] = {}
    for fact in chart.of("encounter"):
        if "reason" in fact.tags and fact.tags & {"emergency", "inpatient"}:
            concept = concept_of(fact, table)
            if concept.rules.get("recurs"):
                visits.setdefault(concept.key, []).append(fact)
    found = []
    for key, facts in visits.items():
        listed = [f for f in chart.of("problem") if f.status in ACTIVE and concept_of(f, table).key == key]
        days = {f.when.date for f in facts if f.when}
        if listed and len(days) > max(1, len(listed)):
            last = facts[-1].when
            found.append(
                Finding(kind="recurrent", key=key, when=last.start if last else None, facts=(*listed[-1:], *facts))
            )
    return found


def _renewed(course: Course) -> float:
    return course.renewed.start.timestamp() if course.renewed else 0.0
