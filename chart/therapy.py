"""Therapy and results side by side: contradictions, values over target on treatment, pairs that harm, duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from chart.courses import Course
from chart.finding import Finding
from chart.moment import months_before
from chart.pregnancy import Pregnancy
from chart.problems import Problem
from chart.rules import Rule, Rules
from chart.series import Point, Series

TARGET = (Decimal(140), Decimal(90))
"""Systolic and diastolic at or above which a reading is over target (two readings)."""
CRISIS = (Decimal(180), Decimal(120))
"""At or above which one reading is enough."""
SEVERE_IN_PREGNANCY = (Decimal(160), Decimal(110))
"""The same in pregnancy."""


def contradictions(
    courses: Sequence[Course], problems: Sequence[Problem], series: Mapping[str, Series], rules: Rules, today: date
) -> list[Finding]:
    """Drugs in use that a recent result speaks against; where results are doubtful, the doubt is what is said."""
    found = []
    for rule in rules.contradicts:
        if "problem" in rule.row and not _has(problems, rule.row["problem"]):
            continue
        taking = [c for c in courses if c.state == "current" and rule.applies_to(c)]
        one = series.get(rule.row["measurement"])
        if not taking or one is None:
            continue
        points = speaks_against(rule, one, today)
        if points:
            found.append(
                Finding(
                    kind="uncontrolled" if rule.row.get("uncontrolled") else "contradicts",
                    key=rule.row["measurement"],
                    when=points[-1].when.start,
                    points=points,
                    courses=tuple(taking),
                    problems=tuple(p for p in problems if p.concept.key in rule.row.get("problem", ())),
                    words={"fell": "yes"} if "fall" in rule.row else {},
                )
            )
    return found


def _has(problems: Sequence[Problem], keys: Sequence[str]) -> bool:
    return any(p.concept.key in keys and p.listed in ("active", "unlisted") for p in problems)


def speaks_against(rule: Rule, one: Series, today: date) -> tuple[Point, ...]:
    """The values of the last two years by which a rule of `contradicts` holds; none where it does not."""
    since = months_before(today, 24)
    last = one.points[-1] if one.points else None
    if last is None or last.day < since:
        return ()
    if last.doubt:
        return (
            tuple(p for p in one.points if p.doubt == last.doubt and p.value == last.value)
            if rule.row.get("doubtful")
            else ()
        )
    if "fall" in rule.row:
        return _fallen(rule, one)
    below, above = rule.row.get("below"), rule.row.get("at_or_above")
    if below is not None and last.value < Decimal(str(below)):
        return (last,)
    if above is not None and last.value >= Decimal(str(above)):
        return one.trusted if rule.row.get("uncontrolled") else (last,)
    return ()


def _fallen(rule: Rule, one: Series) -> tuple[Point, ...]:
    """The highest value of the rule's months and the last one, where the fall between them counts."""
    last = one.points[-1]
    window = [p for p in one.trusted if months_before(last.day, rule.row["months"]) <= p.day < last.day]
    if not window:
        return ()
    highest = max(window, key=lambda p: (p.value, p.when.start))
    return (highest, last) if highest.value - last.value >= Decimal(str(rule.row["fall"])) else ()


def blood_pressure(
    courses: Sequence[Course],
    problems: Sequence[Problem],
    series: Mapping[str, Series],
    today: date,
    *,
    adult: bool,
    pregnant: bool = False,
) -> list[Finding]:
    """Blood pressure over target on the last two readings, or in crisis once; adults only.

    In pregnancy 160/110 once is severe (ACOG 2020).
    """
    high, low = series.get("systolic"), series.get("diastolic")
    if high is None or low is None or not adult:
        return []
    partner = {p.when.start: p for p in low.trusted}
    pairs = [(s, partner[s.when.start]) for s in high.trusted if s.when.start in partner]
    recent = [p for p in pairs if p[0].day >= months_before(today, 18)]
    if not recent:
        return []
    over = [p for p in pairs if over_target(*p)]
    limits = SEVERE_IN_PREGNANCY if pregnant else CRISIS
    crisis = recent[-1][0].value >= limits[0] or recent[-1][1].value >= limits[1]
    twice = len(pairs) > 1 and all(over_target(*p) for p in pairs[-2:])
    if not (crisis or twice):
        return []
    run: list[tuple[Point, Point]] = []
    for pair in reversed(pairs):
        if not over_target(*pair):
            break
        run.append(pair)
    run.reverse()
    shown = run or over[-1:]
    treating = [c for c in courses if c.state == "current" and c.drug.classes & ANTIHYPERTENSIVE]
    return [
        Finding(
            kind="uncontrolled",
            key="blood_pressure",
            when=shown[-1][0].when.start,
            points=tuple(p[0] for p in shown),
            others=tuple(p[1] for p in shown),
            courses=tuple(treating),
            problems=tuple(p for p in problems if p.concept.key == "hypertension"),
        )
    ]


ANTIHYPERTENSIVE = frozenset(
    {
        "ACE inhibitor",
        "ARB",
        "ARNI",
        "thiazide diuretic",
        "calcium channel blocker",
        "beta blocker",
        "alpha blocker",
        "potassium-sparing diuretic",
    }
)


def over_target(systolic: Point, diastolic: Point) -> bool:
    """Whether one reading is at or above 140 systolic or 90 diastolic."""
    return systolic.value >= TARGET[0] or diastolic.value >= TARGET[1]


def avoided(
    courses: Sequence[Course], problems: Sequence[Problem], rules: Rules, age: int | None, pregnancy: Pregnancy | None
) -> list[Finding]:
    """Drugs in use that a listed condition, a pregnancy or the patient's age speaks against; one finding a drug."""
    found: dict[str, Finding] = {}
    for rule in rules.avoid:
        because: tuple[Problem, ...] = ()
        if "pregnant" in rule.row:
            if pregnancy is None or (pregnancy.weeks is not None and pregnancy.weeks < rule.row.get("weeks_from", 0)):
                continue
        elif "problem" in rule.row:
            because = tuple(
                p for p in problems if p.concept.key in rule.row["problem"] and p.listed in ("active", "unlisted")
            )
            if not because:
                continue
        elif age is None or age < rule.row["from"]:
            continue
        for course in courses:
            if course.state == "current" and rule.applies_to(course) and course.drug.key not in found:
                found[course.drug.key] = Finding(
                    kind="avoid",
                    key=course.drug.key,
                    when=course.renewed.start if course.renewed else None,
                    courses=(course,),
                    problems=because[:1],
                    facts=(pregnancy.fact,) if pregnancy and "pregnant" in rule.row else (),
                    words={"why": rule.row["why"]} if "why" in rule.row else {},
                )
    return list(found.values())


def pairs(courses: Sequence[Course], rules: Rules) -> tuple[list[Finding], int]:
    """Pairs in use that the table names, stale orders too because nobody ended them; and how many rows were checked."""
    open_courses = [c for c in courses if c.state != "finished"]
    found: dict[str, Finding] = {}
    for rule in rules.pairs:
        if rule.row.get("silent"):
            continue
        for one in open_courses:
            for other in open_courses:
                if one is other or not (rule.applies_to(one, "one_") and rule.applies_to(other, "other_")):
                    continue
                if one.state == other.state == "stale":
                    continue
                key = one.drug.key
                if key not in found:
                    last = max((c.renewed.start for c in (one, other) if c.renewed), default=None)
                    found[key] = Finding(
                        kind="pair", key=key, when=last, courses=(one, other), words={"why": rule.row["why"]}
                    )
    return list(found.values()), len(rules.pairs)


def duplicates(courses: Sequence[Course]) -> list[Finding]:
    """The same ingredient current at two strengths or in two products."""
    found: dict[str, list[Course]] = {}
    for course in courses:
        if course.state == "current":
            for ingredient in course.drug.ingredients:
                same = found.setdefault(ingredient.name, []) if ingredient.known else []
                if course not in same:
                    same.append(course)
    return [
        Finding(
            kind="duplicate_course",
            key=name,
            when=max((c.renewed.start for c in same if c.renewed), default=None),
            courses=tuple(same),
        )
        for name, same in found.items()
        if len(same) > 1
    ]
