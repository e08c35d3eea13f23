"""Counts that sentences state, counted again in the raw chart by what the words say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from tests.checker.raw import RawChart, Resource, day_of, instant, note_words, when
from tests.checker.scan import scan
from tests.checker.values import Value, all_values

_DATE = r"(?:\d{1,2} )?(?:[A-Z][a-z]{2} )?\d{4}"
_URGENT = {"EMER", "IMP", "ACUTE", "NONAC"}
Count = Callable[[RawChart, "re.Match[str]", Sequence[Value]], int]


def recounts(text: str, chart: RawChart, cited: Sequence[Value]) -> Iterator[tuple[int, int, str]]:
    """The counts of a sentence: what it says, what the chart has, and the words.

    Args:
        text: the sentence.
        chart: the raw chart.
        cited: the measured values that the sentence cites.
    """
    for pattern, count in _PHRASES:
        for match in re.finditer(pattern, text):
            yield int(match["n"]), count(chart, match, cited), match[0]


def _visits(chart: RawChart) -> list[Resource]:
    since = chart.months_ago(12)
    return [e for e in chart.standing("Encounter") if e["status"] != "planned" and when(e) and day_of(when(e)) >= since]


def _visits_of_the_year(chart: RawChart, match: re.Match[str], cited: Sequence[Value]) -> int:
    return len(_visits(chart))


def _urgent_visits(chart: RawChart, match: re.Match[str], cited: Sequence[Value]) -> int:
    return sum(1 for e in _visits(chart) if e.get("class", {}).get("code") in _URGENT)


def _visits_for_it(chart: RawChart, match: re.Match[str], cited: Sequence[Value]) -> int:
    """Visits with a reason that holds the words before the count, from the day on that the sentence names, or ever."""
    since = scan(match["since"])[0][0].iso if match["since"] else ""
    return _reasons(chart, match["what"].lower(), since=day_of(since) if since else date.min)


def _visits_ever(chart: RawChart, match: re.Match[str], cited: Sequence[Value]) -> int:
    """Visits for it whenever they were, where the sentence lists their days."""
    return _reasons(chart, match["what"].lower(), since=date.min)


def _reasons(chart: RawChart, words: str, *, since: date) -> int:
    found = 0
    for encounter in chart.standing("Encounter"):
        if when(encounter) and day_of(when(encounter)) >= since:
            texts = [
                str(part.get("display") or part.get("text") or "").lower()
                for concept in encounter.get("reasonCode", [])
                for part in (concept, *concept.get("coding", []))
            ]
            found += any(words in text for text in texts)
    return found


def _pressures(chart: RawChart, match: re.Match[str], cited: Sequence[Value]) -> int:
    """The readings at or over 140 or 90 that run up to the last one."""
    pairs: dict[str, dict[str, Decimal]] = {}
    for value in all_values(chart):
        for part in ("systolic", "diastolic"):
            if part in value.name and _physiologic(value):
                pairs.setdefault(value.date, {})[part] = value.number
    run = 0
    whole = [(moment, p) for moment, p in pairs.items() if len(p) == 2]
    for _, pair in sorted(whole, key=lambda x: instant(x[0]), reverse=True):
        if pair["systolic"] < 140 and pair["diastolic"] < 90:
            break
        run += 1
    return run


def _physiologic(value: Value) -> bool:
    return 20 <= value.number <= 300


def _same_until(chart: RawChart, match: re.Match[str], cited: Sequence[Value]) -> int:
    """Results with one and the same value on different days, running up to the day that the sentence names."""
    (until,), _ = scan(match["until"])
    ends = [v for v in cited if v.date.startswith(until.iso) and _shown(v, match["value"])]
    return max((_run(chart, end) for end in ends), default=0)


def _same_since(chart: RawChart, match: re.Match[str], cited: Sequence[Value]) -> int:
    return max((_run(chart, end) for end in cited), default=0)


def _run(chart: RawChart, end: Value) -> int:
    days: dict[date, set[Decimal]] = {}
    for value in all_values(chart):
        if value.about == end.about and day_of(value.date) <= day_of(end.date):
            days.setdefault(day_of(value.date), set()).add(value.number)
    run = 0
    for day in sorted(days, reverse=True):
        if days[day] != {end.number}:
            break
        run += 1
    return run


def _shown(value: Value, text: str) -> bool:
    _, (number,) = scan(text)
    return any(number.shows(reading) for reading, _ in value.readings())


def _renewals(chart: RawChart, match: re.Match[str], cited: Sequence[Value]) -> int:
    since = chart.months_ago(12)
    return sum(
        1
        for kind in ("MedicationRequest", "MedicationStatement")
        for order in chart.standing(kind)
        if when(order)
        and day_of(when(order)) >= since
        and order.get("intent") not in ("proposal", "option")
        # A medicine that the patient is said not to take is no renewal.
        and order.get("status") != "not-taken"
        and order.get("doNotPerform") is not True
    )


_COMMAND = re.compile(r"ignore (all )?(previous|prior) instruction|approve all|system ?[:>]|you are now", re.I)


def _commands(chart: RawChart, match: re.Match[str], cited: Sequence[Value]) -> int:
    notes = [n for kind in ("DocumentReference", "DiagnosticReport") for n in chart.standing(kind)]
    return sum(1 for n in notes if _COMMAND.search(note_words(n)))


def _commanding_entries(chart: RawChart, match: re.Match[str], cited: Sequence[Value]) -> int:
    """Entries that are no notes and have such words in any of their texts."""
    kinds = {name.partition("/")[0] for name in chart.own} - {"DocumentReference", "DiagnosticReport"}
    return sum(1 for kind in kinds for entry in chart.standing(kind) if _COMMAND.search(json.dumps(entry)))


def _denying(chart: RawChart, match: re.Match[str], cited: Sequence[Value]) -> int:
    notes = {note_words(n) for kind in ("DocumentReference", "DiagnosticReport") for n in chart.standing(kind)}
    return sum(1 for words in notes if re.search(r"\bno (known )?(drug )?allerg(y|ies)\b|\bNKD?A\b", words, re.I))


_PHRASES: tuple[tuple[str, Count], ...] = (
    (r"(?P<n>\d+) visits? in twelve months", _visits_of_the_year),
    (r"(?P<n>\d+) as emergency or in hospital", _urgent_visits),
    (rf"(?P<what>[A-Z][\w ]*): (?P<n>\d+) visits? for it(?: since (?P<since>{_DATE}))?(?=,)(?!, \d)", _visits_for_it),
    (r"(?P<what>[A-Z][\w ]*): (?P<n>\d+) visits? for it, (?=\d)", _visits_ever),
    (r"BP over target on (?P<n>\d+) readings running", _pressures),
    (
        rf"(?P<value>\d+(?:\.\d+)?)(?: [^\s,;]+)? on (?P<n>\d+) days running(?: to|, last) (?P<until>{_DATE})",
        _same_until,
    ),
    (r"the same on (?P<n>\d+) results since", _same_since),
    (r"(?P<n>\d+) notes say “", _denying),
    (r"only renewals \((?P<n>\d+) orders?\)", _renewals),
    (r"(?P<n>\d+) notes? holds? text that reads like instructions", _commands),
    (r"(?P<n>\d+) (?:entry holds|entries hold) text that reads like instructions", _commanding_entries),
)
