"""What should be there and is not: monitoring of drugs in use, therapy after major events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from chart.chart import Chart
from chart.courses import Course
from chart.fact import Fact, FactKind
from chart.finding import Finding
from chart.measurement import Range
from chart.moment import months_before
from chart.problems import Problem
from chart.rules import Rules
from chart.series import Series


def unmonitored(courses: Sequence[Course], series: Mapping[str, Series], rules: Rules, today: date) -> list[Finding]:
    """Drugs in use whose monitoring is missing or older than its interval; drugs with the same lack share a finding."""
    lacks: dict[tuple[str, ...], list[Course]] = {}
    latest: dict[tuple[str, ...], bool] = {}
    for course in courses:
        if course.state != "current" or not _old_enough(course, today):
            continue
        for rule in rules.monitoring:
            if not rule.applies_to(course):
                continue
            since = months_before(today, rule.row["months"])
            alternatives = [rule.row["needs"], *([rule.row["or"]] if "or" in rule.row else [])]
            missing = [_missing(needs, series, since) for needs in alternatives]
            if all(missing):
                key = tuple(missing[0])
                lacks.setdefault(key, []).append(course)
                latest[key] = all(not _any(k, series) for k in key)
    merged = _merge(lacks)
    return [
        Finding(
            kind="unmonitored",
            key="+".join(needs),
            when=max((c.renewed.start for c in found if c.renewed), default=None),
            courses=tuple(dict.fromkeys(found)),
            points=tuple(p for k in needs if (s := series.get(k)) and (p := s.latest)),
            words={"measurements": ",".join(needs), "never": "yes" if all(not _any(k, series) for k in needs) else ""},
        )
        for needs, found in merged.items()
    ]


def _old_enough(course: Course, today: date) -> bool:
    """A drug begun in the last month has not had time to be monitored."""
    return course.started is not None and course.started.date <= months_before(today, 1)


def _missing(needs: Sequence[str], series: Mapping[str, Series], since: date) -> list[str]:
    return [k for k in needs if not any(p.day >= since for p in (series[k].points if k in series else ()))]


def _any(key: str, series: Mapping[str, Series]) -> bool:
    return key in series and bool(series[key].points)


def _merge(lacks: Mapping[tuple[str, ...], Sequence[Course]]) -> dict[tuple[str, ...], list[Course]]:
    """A lack that lies wholly inside a wider one joins it, so that creatinine is asked for once."""
    found: dict[tuple[str, ...], list[Course]] = {}
    for needs in sorted(lacks, key=len, reverse=True):
        wider = next((k for k in found if set(needs) <= set(k)), None)
        found.setdefault(wider or needs, []).extend(lacks[needs])
    return found


def missing_therapy(
    problems: Sequence[Problem], courses: Sequence[Course], series: Mapping[str, Series], rules: Rules, as_of: datetime
) -> list[Finding]:
    """Events and diseases on the list without the therapy that follows them; earlier courses of it are named."""
    found: dict[str, Finding] = {}
    for rule in rules.after:
        for problem in problems:
            if problem.concept.key != rule.row["problem"] or problem.listed not in ("active", "unlisted"):
                continue
            wanted = set(rule.row["classes"])
            if any(c.drug.classes & wanted for c in courses if c.state == "current"):
                continue
            name = rule.row["name"]
            if name in found:
                continue
            start = next((f.when for f in problem.facts if f.when), None)
            past = [c for c in courses if c.drug.classes & wanted]
            shows = series.get(rule.row.get("shows", ""))
            found[name] = Finding(
                kind="missing_basic" if rule.row.get("basic") else "missing_therapy",
                key=name,
                when=start.start if start else None,
                problems=(problem,),
                courses=tuple(past[-1:]),
                points=shows.trusted if shows else (),
                words={"therapy": rule.row["words"], "classes": ",".join(rule.row["classes"])},
            )
    return list(found.values())


def unrepeated(
    series: Mapping[str, Series], problems: Sequence[Problem], ranges: Mapping[str, Range], rules: Rules, today: date
) -> list[Finding]:
    """Last values outside what is safe, or in a disease outside their range, that nobody measured again in time."""
    found: dict[str, Finding] = {}
    for rule in rules.repeat:
        key = rule.row["measurement"]
        one = series.get(key)
        last = one.points[-1] if one and one.points else None
        if last is None or last.doubt or last.day >= months_before(today, rule.row["months"]):
            continue
        if any(series[k].points[-1].day > last.day for k in rule.row.get("or", ()) if k in series and series[k].points):
            continue
        asked = "problem" not in rule.row or any(
            p.concept.key in rule.row["problem"] and p.listed == "active" for p in problems
        )
        if asked and _is_off(rule.row, last.value, ranges.get(key)):
            found.setdefault(key, Finding(kind="unrepeated", key=key, when=last.when.start, points=(last,)))
    return list(found.values())


def _is_off(row: Mapping[str, Any], value: Decimal, own: Range | None) -> bool:
    if "range" in row:
        return own is not None and own.side(value) == row["range"]
    low, high = row.get("below"), row.get("above")
    return (low is not None and value < Decimal(str(low))) or (high is not None and value > Decimal(str(high)))


def never_recorded(
    chart: Chart, problems: Sequence[Problem], series: Mapping[str, Series], rules: Rules
) -> list[Finding]:
    """What an active problem, an age or a sex asks to have on record: missing, or last done too long ago."""
    found: dict[str, Finding] = {}
    for rule in rules.expected:
        asks = _asking(rule.row, chart, problems)
        key = rule.row["name"]
        if asks is None or key in found:
            continue
        top = {"top": "yes"} if rule.row.get("top") else {}
        top |= {"recommended": ",".join(rule.row["recommended"])} if "recommended" in rule.row else {}
        last = _last_on_record(chart, series, rule.row)
        months = rule.row.get("months")
        if last is None:
            found[key] = Finding(
                kind="never_recorded",
                key=key,
                when=None,
                problems=asks,
                words={"looked_for": _looked_for(rule.row), **top},
            )
        elif months and last.when and last.when.date < months_before(chart.today, months):
            found[key] = Finding(kind="overdue", key=key, when=last.when.start, problems=asks, facts=(last,), words=top)
    return list(found.values())


def _asking(row: Mapping[str, Any], chart: Chart, problems: Sequence[Problem]) -> tuple[Problem, ...] | None:
    """The problems that ask for it; an empty tuple where age and sex do; ``None`` where nothing does."""
    if "problem" in row:
        active = tuple(p for p in problems if p.concept.key in row["problem"] and p.listed in ("active", "unlisted"))
        return active[:1] or None
    sex = chart.patient.cells["sex"].text if "sex" in chart.patient.cells else ""
    fits = chart.age is not None and row["from"] <= chart.age < row["to"] and row.get("sex", sex) == sex
    return () if fits else None


def _looked_for(row: Mapping[str, Any]) -> str:
    return f"measurement:{row['measurement']}" if "measurement" in row else "|".join(row["words"])


def _last_on_record(chart: Chart, series: Mapping[str, Series], row: Mapping[str, Any]) -> Fact | None:
    if "measurement" in row:
        one = series.get(str(row["measurement"]))
        return one.points[-1].fact if one and one.points else None
    named = named_as(chart, "|".join(row["words"]))
    return named[-1] if named else None


_NAMED_KINDS: tuple[FactKind, ...] = (
    "procedure",
    "immunization",
    "lab",
    "vital",
    "survey",
    "report",
    "other",
)


def named_as(chart: Chart, pattern: str) -> tuple[Fact, ...]:
    """Everything done, measured or reported under such a name, oldest first; what was not done does not count."""
    words = re.compile(pattern, re.I)
    facts = [f for f in chart.of(*_NAMED_KINDS) if "negated" not in f.tags and words.search(f.name)]
    return tuple(sorted(facts, key=lambda f: f.when.start.timestamp() if f.when else 0.0))
