"""The order of a chart's facts and their short ids."""

from __future__ import annotations

from collections.abc import Mapping

from chart.fact import LETTERS, Fact, FactKind, name_it

Row = tuple[float, str, int, Fact]
"""A fact behind what it is sorted by first: its date in seconds since 1970 (`LONG_AGO` without one), its name, and its
place among those of its kind as they came, so that no two rows are the same."""
LONG_AGO = float("-inf")
"""The date of what has none."""


def numbered(kinds: Mapping[FactKind, list[Row]]) -> list[Fact]:
    """Number by kind in an order that depends on what the facts say, not on ids or on the order of arrival.

    The drafts are numbered in place: nobody else has seen them, and a copy of each would double the chart.
    """
    ordered: list[Fact] = []
    for kind in sorted(kinds):
        rows = kinds[kind]
        rows.sort()
        facts = _settled(rows)
        for fact, name in zip(facts, _ids(LETTERS[kind], len(facts)), strict=False):
            name_it(fact, name)
        ordered += facts
    return ordered


_IDS: dict[str, list[str]] = {}
"""The ids that charts have had so far, by letter: the next chart has the same ones."""


def _ids(letter: str, count: int) -> list[str]:
    """At least so many ids in order, ``L1`` first."""
    known = _IDS.setdefault(letter, [])
    if len(known) >= count:
        return known
    found = [*known, *(f"{letter}{n}" for n in range(len(known) + 1, count + 1))]
    _IDS[letter] = found[:_MOST_IDS]
    return found


_MOST_IDS = 8192
"""Ids of one letter that are kept."""


def _settled(rows: list[Row]) -> list[Fact]:
    """The facts of rows sorted by date and name, those that have both in common by all else that they say."""
    facts = [row[3] for row in rows]
    begin, day, named = 0, 0.0, ""
    for n, (stamp, name, _, _) in enumerate(rows):
        if name != named or stamp != day:
            if n - begin > 1:
                facts[begin:n] = sorted(facts[begin:n], key=_rest)
            begin, day, named = n, stamp, name
    if len(rows) - begin > 1:
        facts[begin:] = sorted(facts[begin:], key=_rest)
    return facts


def _rest(fact: Fact) -> tuple[str, str, str, str]:
    return str(fact.value), fact.status, fact.codes[0].code if fact.codes else "", fact.reference
