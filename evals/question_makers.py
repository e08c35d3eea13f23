"""What is asked of a raw chart, kind by kind, each with its answer from the raw rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from evals.question_words import ABSENT, MEASURES, Measure
from evals.raw_chart import RawChart
from evals.raw_rows import Row

Expect = Literal["number", "count", "day", "yes", "no", "names", "moved", "said", "absent"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What a maker gives: the kind of wording, what goes into it, and the answer."""

    wording: str
    words: dict[str, str]
    expect: Expect
    number: Decimal | None = None
    day: str = ""
    said: str = ""
    groups: tuple[frozenset[str], ...] = ()


def _series(chart: RawChart) -> Iterator[tuple[Measure, list[Row]]]:
    """Each measure with its dated values, one a moment; a moment with two different values has no truth."""
    for measure in MEASURES:
        rows = [r for r in chart.results if r.codes & measure.codes and r.day]
        if rows and len({r.unit for r in rows}) == 1 and len(_values(rows)) == len({r.moment for r in rows}):
            yield measure, rows


def _values(rows: Sequence[Row]) -> set[tuple[str, Decimal | None]]:
    return {(r.moment, r.number) for r in rows}


def _last_values(chart: RawChart, _: Sequence[RawChart]) -> Iterator[Made]:
    for measure, rows in _series(chart):
        for wording, row in (("last", rows[-1]), ("first", rows[0])):
            same = frozenset(r.reference for r in rows if r.moment == row.moment)
            yield Made(
                wording=wording,
                words={"name": measure.name},
                expect="number",
                number=row.number,
                day=row.day,
                groups=(same,),
            )


def _statistics(chart: RawChart, _: Sequence[RawChart]) -> Iterator[Made]:
    for measure, rows in _series(chart):
        if len(rows) < 2:
            continue
        for wording, pick in (("highest", max), ("lowest", min)):
            best = pick(r.number for r in rows if r.number is not None)
            same = frozenset(r.reference for r in rows if r.number == best)
            yield Made(wording=wording, words={"name": measure.name}, expect="number", number=best, groups=(same,))


def _counts(chart: RawChart, _: Sequence[RawChart]) -> Iterator[Made]:
    for measure, rows in _series(chart):
        yield _counted("count", {"name": measure.name}, rows)
        year = rows[len(rows) // 2].day[:4]
        yield _counted("count-year", {"name": measure.name, "year": year}, [r for r in rows if r.day[:4] == year])
    active = [r for r in chart.problems if r.status == "active"]
    if active:
        yield _counted("count-problems", {}, active)
    orders = [r for r in chart.medicines if r.status == "active"]
    if orders:
        yield _counted("count-orders", {}, orders)
    yield from _counted_events(chart)


def _counted_events(chart: RawChart) -> Iterator[Made]:
    for wording, rows in (
        ("visits", chart.visits),
        ("vaccinations", chart.vaccinations),
        ("procedures", chart.procedures),
    ):
        dated = [r for r in rows if r.day]
        if dated:
            yield _counted(f"count-{wording}", {}, dated)
            year = dated[len(dated) // 2].day[:4]
            yield _counted(f"count-{wording}-year", {"year": year}, [r for r in dated if r.day[:4] == year])
    flu = [r for r in chart.vaccinations if "influenza" in r.name.lower()]
    if flu:
        yield _counted("count-flu", {}, flu)
    emergency = [r for r in chart.visits if "emergency" in r.marks]
    if emergency:
        yield _counted("count-emergency", {}, emergency)


def _counted(wording: str, words: dict[str, str], rows: Sequence[Row]) -> Made:
    references = frozenset(r.reference for r in rows)
    return Made(
        wording=wording,
        words=words,
        expect="count",
        number=Decimal(len(references)),
        groups=tuple(frozenset({r}) for r in references),
    )


def _trends(chart: RawChart, _: Sequence[RawChart]) -> Iterator[Made]:
    for measure, rows in _series(chart):
        first, last = rows[0], rows[-1]
        if first.day != last.day and first.number is not None and last.number is not None:
            words = {"name": measure.name, "from": first.day, "to": last.day}
            both = (frozenset({first.reference}), frozenset({last.reference}))
            number = last.number - first.number
            yield Made(wording="trend", words=words, expect="moved", number=number, groups=both)


def _problems(chart: RawChart, others: Sequence[RawChart]) -> Iterator[Made]:
    names = {r.plain for r in chart.problems}
    for name in sorted(names):
        rows = [r for r in chart.problems if r.plain == name]
        active = [r for r in rows if r.status == "active"]
        cited = (frozenset(r.reference for r in (active or rows)),)
        yield Made(wording="has-now", words={"name": _low(name)}, expect="yes" if active else "no", groups=cited)
        yield Made(wording="had-ever", words={"name": _low(name)}, expect="yes", groups=cited)
        if rows[0].day and len(rows) == 1:
            yield Made(wording="diagnosed", words={"name": _low(name)}, expect="day", day=rows[0].day, groups=cited)
    for number, name in enumerate(sorted({r.plain for other in others for r in other.problems} - names)):
        if not _shares(name, [*names, *(r.plain for r in chart.visits)]):
            yield Made(wording=("has-now", "had-ever")[number % 2], words={"name": _low(name)}, expect="no")


def _low(name: str) -> str:
    return name if name.isupper() or any(c.isdigit() for c in name) else name[:1].lower() + name[1:]


def _shares(name: str, names: Iterable[str]) -> bool:
    """Whether names have a telling word in common; then it is a matter of taste whether one is meant."""
    own = set(re.findall(r"[a-z]{4,}", name.lower()))
    return any(own & set(re.findall(r"[a-z]{4,}", one.lower())) for one in names)


def _medicines(chart: RawChart, _: Sequence[RawChart]) -> Iterator[Made]:
    for substance in ABSENT["substances"]:
        rows = [r for r in chart.medicines if substance in r.name.lower()]
        if not rows and any(substance in r.name.lower() for r in chart.taken):
            continue  # said to be taken and never ordered: both answers can be defended
        active = frozenset(r.reference for r in rows if r.status == "active")
        cited = (active or frozenset(r.reference for r in rows),)
        if rows:
            yield Made(wording="takes", words={"name": substance}, expect="yes" if active else "no", groups=cited)
            yield Made(wording="took-ever", words={"name": substance}, expect="yes", groups=cited)
            if rows[0].day and (len(rows) == 1 or rows[0].day != rows[1].day):
                first = (frozenset({rows[0].reference}),)
                yield Made(
                    wording="first-ordered", words={"name": substance}, expect="day", day=rows[0].day, groups=first
                )
        else:
            yield Made(wording="takes", words={"name": substance}, expect="no")


def _allergies(chart: RawChart, _: Sequence[RawChart]) -> Iterator[Made]:
    for allergen in ABSENT["allergens"]:
        stem = allergen.rstrip("s")
        rows = [r for r in chart.allergies if stem in r.name.lower()]
        cited = (frozenset(r.reference for r in rows),) if rows else ()
        yield Made(wording="allergic", words={"name": allergen}, expect="yes" if rows else "no", groups=cited)


def _events(chart: RawChart, others: Sequence[RawChart]) -> Iterator[Made]:
    for wording, rows in (("last-done", chart.procedures), ("last-given", chart.vaccinations)):
        for name in sorted({r.plain for r in rows if r.day}):
            same = [r for r in rows if r.plain == name and r.day]
            last = (frozenset(r.reference for r in same if r.day == same[-1].day),)
            yield Made(wording=wording, words={"name": name}, expect="day", day=same[-1].day, groups=last)
    have = [r.plain for r in (*chart.procedures, *chart.visits, *chart.problems, *chart.results)]
    for name in sorted({r.plain for other in others for r in other.procedures}):
        if not _shares(name, have):
            yield Made(wording="done-ever", words={"name": _low(name)}, expect="no")
    for name in sorted({r.plain for r in chart.procedures}):
        cited = (frozenset(r.reference for r in chart.procedures if r.plain == name),)
        yield Made(wording="done-ever", words={"name": _low(name)}, expect="yes", groups=cited)


def _lists(chart: RawChart, _: Sequence[RawChart]) -> Iterator[Made]:
    for wording, rows in (
        ("list-problems", [r for r in chart.problems if r.status == "active"]),
        ("list-medicines", [r for r in (*chart.medicines, *chart.taken) if r.status == "active"]),
        ("list-allergies", [r for r in chart.allergies if not r.name.lower().startswith("no known")]),
        ("list-vaccines", chart.vaccinations),
    ):
        names = sorted({r.name for r in rows})
        if names:
            groups = tuple(frozenset(r.reference for r in rows if r.name == name) for name in names)
            yield Made(wording=wording, words={}, expect="names", groups=groups)


def _absent(chart: RawChart, _: Sequence[RawChart]) -> Iterator[Made]:
    has = " ".join(r.name.lower() for r in chart.results)
    for measure in MEASURES:
        if not any(r.codes & measure.codes for r in chart.results) and not _shares(measure.name, [has]):
            yield Made(wording="last", words={"name": measure.name}, expect="absent")
            yield Made(wording="trend-open", words={"name": measure.name}, expect="absent")
    for name in ABSENT["results"]:
        if not _shares(name, [has]):
            yield Made(wording="last", words={"name": name}, expect="absent")
    for _measure, rows in _series(chart):
        year = str(int(rows[0].day[:4]) - 3)
        yield Made(wording="last-year", words={"name": _measure.name, "year": year}, expect="absent")
    for text in ABSENT["unknowable"]:
        yield Made(wording="verbatim", words={"text": text}, expect="absent")


def _person(chart: RawChart, _: Sequence[RawChart]) -> Iterator[Made]:
    born = str(chart.patient.get("birthDate", ""))
    died = str(chart.patient.get("deceasedDateTime", ""))[:10]
    if len(born) == 10:
        until = date.fromisoformat(died) if died else chart.as_of.date()
        start = date.fromisoformat(born)
        age = until.year - start.year - ((until.month, until.day) < (start.month, start.day))
        yield Made(wording="age", words={}, expect="number", number=Decimal(age))
        yield Made(wording="born", words={}, expect="day", day=born)
    if chart.patient.get("gender"):
        yield Made(wording="sex", words={}, expect="said", said=str(chart.patient["gender"]))
    yield Made(wording="alive", words={}, expect="said", said="died" if died else "alive")


MAKERS: tuple[Callable[[RawChart, Sequence[RawChart]], Iterator[Made]], ...] = (
    _last_values,
    _statistics,
    _counts,
    _trends,
    _problems,
    _medicines,
    _allergies,
    _events,
    _lists,
    _absent,
    _person,
)
