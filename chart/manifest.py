"""The manifest: one overview of what a chart holds, by kind and code, small enough to plan from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chart.chart import Chart
from chart.fact import Coding, Fact, FactKind
from chart.moment import Moment
from chart.units import shown

_LASTS: tuple[FactKind, ...] = ("allergy", "problem", "medication")
_MEASURED: tuple[FactKind, ...] = ("lab", "vital", "survey", "other")
_HAPPENED: tuple[FactKind, ...] = ("encounter", "procedure", "report", "note", "order", "imaging", "immunization")
_AROUND: tuple[FactKind, ...] = ("care_plan", "goal", "family", "device", "care_team", "administration")
_DETAIL: tuple[FactKind, ...] = ("dispense", "specimen")
ORDER = (*_LASTS, *_MEASURED, *_HAPPENED, *_AROUND, *_DETAIL)
"""The kinds as they are listed: what lasts first, then what is measured, then what happened."""
_LONGEST = 60
"""Characters of a name or of a last value in a line."""
_PREFERRED = ("http://loinc.org", "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """All that the chart has of one thing."""

    kind: FactKind
    """What sort of statement it is."""
    code: str
    """The code that names it, `system|code`; empty for words alone."""
    name: str
    """The record's words, of its last entry."""
    count: int
    """How often it is stated; the same at the same time counts once."""
    first: Moment | None
    """The earliest date; `None` without any."""
    last: Moment | None
    """The latest date."""
    units: tuple[str, ...]
    """The units its values came in, as written, sorted."""
    value: str
    """The last value with its unit, or the last status where it has no values; what speaks is `fact`."""
    fact: str
    """Short id of the last entry."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a chart holds."""

    entries: tuple[Entry, ...]
    """By kind in `ORDER`, the most recent first within a kind."""
    left_out: Mapping[str, int]
    """Resources that gave no fact, by reason."""

    @property
    def by_kind(self) -> Mapping[FactKind, tuple[Entry, ...]]:
        """The entries of each kind that the chart has, in order."""
        groups: dict[FactKind, list[Entry]] = {}
        for entry in self.entries:
            groups.setdefault(entry.kind, []).append(entry)
        return {kind: tuple(found) for kind, found in groups.items()}


def manifest(chart: Chart) -> Manifest:
    """The manifest of a chart; linear in its facts."""
    groups: dict[tuple[FactKind, str], list[Fact]] = {}
    for fact in chart.facts:
        code = _code(fact)
        groups.setdefault((fact.kind, code or fact.name.lower()), []).append(fact)
    entries = [_entry(facts) for facts in groups.values()]
    rank = {kind: index for index, kind in enumerate(ORDER)}
    entries.sort(key=lambda e: (rank[e.kind], -_stamp(e.last), e.name.lower(), e.code))
    return Manifest(entries=tuple(entries), left_out={why: len(found) for why, found in sorted(chart.left_out.items())})


def manifest_lines(found: Manifest, *, cost: Callable[[str], int], budget: int) -> list[str]:
    """The manifest as lines of text within a budget.

    Every kind keeps its head line, which says how much there is; of the entries, the most recent of each kind are
    named first, in turns, until the budget is spent, and what is not named is counted.

    Args:
        found: the manifest.
        cost: what a line costs, in tokens or characters.
        budget: in the same; the head lines are written even where they alone cost more.
    """
    groups = found.by_kind
    heads = {kind: _head(kind, entries) for kind, entries in groups.items()}
    left = budget - sum(cost(line) + _MORE for line in heads.values())
    named: dict[FactKind, list[str]] = {kind: [] for kind in groups}
    full: set[FactKind] = set()
    while left > 0 and len(full) < len(groups):
        for kind, entries in groups.items():
            taken = len(named[kind])
            if taken == len(entries):
                full.add(kind)
                continue
            line = f"- {entry_line(entries[taken])}"
            left -= cost(line)
            if left < 0:
                break
            named[kind].append(line)
    lines: list[str] = []
    for kind, entries in groups.items():
        rest = len(entries) - len(named[kind])
        lines += [heads[kind], *named[kind], *([f"- and {rest} more"] if rest else [])]
    gone = ", ".join(f"{count} {why.replace('_', ' ')}" for why, count in found.left_out.items())
    return [*lines, *([f"left out: {gone}"] if gone else [])]


_MORE = 8
"""Kept for the line that counts what is not named."""


def entry_line(entry: Entry) -> str:
    """One entry as a line: name, code, how many, from when to when, and the last value."""
    code = f" [{entry.code.rpartition('|')[2]}]" if entry.code else ""
    times = f" ×{entry.count}" if entry.count > 1 else ""
    value = f", last {entry.value}" if entry.value else ""
    return f"{_short(entry.name)}{code}{times} {_span(entry.first, entry.last)}{value}"


def _head(kind: FactKind, entries: Sequence[Entry]) -> str:
    total = sum(e.count for e in entries)
    dated = [e for e in entries if e.first and e.last]
    first = min((e.first for e in dated if e.first), key=lambda m: m.start, default=None)
    last = max((e.last for e in dated if e.last), key=lambda m: m.start, default=None)
    of = f", {len(entries)} different" if len(entries) != total else ""
    return f"{kind.replace('_', ' ')}: {total}{of}, {_span(first, last)}"


def _span(first: Moment | None, last: Moment | None) -> str:
    if first is None or last is None:
        return "undated"
    begin, end = first.text[:10], last.text[:10]
    return begin if begin == end else f"{begin} to {end}"


def _entry(facts: Sequence[Fact]) -> Entry:
    """Facts come in time order within a kind, so the last one speaks."""
    once = {(_stamp(f.when), f.when and f.when.text, str(f.value), f.unit, f.status): f for f in facts}
    dated = [f.when for f in facts if f.when]
    last = facts[-1]
    return Entry(
        kind=last.kind,
        code=_code(last),
        name=last.name,
        count=len(once),
        first=min(dated, key=lambda m: m.start, default=None),
        last=max(dated, key=lambda m: m.start, default=None),
        units=tuple(sorted({f.unit for f in facts if f.unit})),
        value=_short(_value(last)),
        fact=last.id,
    )


def _value(fact: Fact) -> str:
    if fact.value is not None:
        comparator = fact.cells["comparator"].text if "comparator" in fact.cells else ""
        return f"{comparator}{fact.value} {shown(fact.unit)}".strip()
    return fact.status


def _code(fact: Fact) -> str:
    """The code that names the fact: of the systems that most senders use first, else the first there is."""
    found = next((c for system in _PREFERRED for c in fact.codes if c.system == system and c.code), None)
    return _written(found or next((c for c in fact.codes if c.code), None))


def _written(coding: Coding | None) -> str:
    return f"{coding.system}|{coding.code}" if coding else ""


def _stamp(moment: Moment | None) -> float:
    return moment.start.timestamp() if moment else float("-inf")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def manifest_json(found: Manifest) -> dict[str, object]:
    """The manifest as JSON: entries with their codes, dates as written, and what was left out."""
    return {"entries": [_row(e) for e in found.entries], "left_out": dict(found.left_out)}


def _row(entry: Entry) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "code": entry.code or None,
        "name": entry.name,
        "count": entry.count,
        "first": entry.first.text if entry.first else None,
        "last": entry.last.text if entry.last else None,
        "units": list(entry.units),
        "value": entry.value or None,
        "fact": entry.fact,
    }
