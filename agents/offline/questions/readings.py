"""The results that a question is about, as numbers that can be compared, with the names that they are given."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from agents.offline.questions.writing import Page, measured
from chart.fact import Fact


def leading(page: Page, facts: Sequence[Fact]) -> list[Fact]:
    """Of readings with several parts the first: a blood pressure is counted once, by its systolic value."""
    keys = page.subject.measurements
    if len(keys) < 2:
        return list(facts)
    table = page.material.appraisal.table
    return [f for f in facts if (m := table.measured_by(f)) is not None and m.key == keys[0]] or list(facts)


def by_measurement(page: Page, facts: Sequence[Fact]) -> list[list[Fact]]:
    """Results of one measurement each, in the order in which they come."""
    groups: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        known, _ = measured(page, fact)
        groups.setdefault((name_of(page, fact), "" if known else fact.unit or ""), []).append(fact)
    return list(groups.values())


def numeric(page: Page, facts: Sequence[Fact]) -> list[Fact]:
    """Results with a number that can be compared; one that cannot be relied on is said to be so where it counts."""
    return [f for f in facts if f.when and number_of(page, f) is not None]


def number_of(page: Page, fact: Fact) -> Decimal | None:
    """The value as a number, in the measurement's unit where it is a known one; None where it cannot be compared."""
    known, point = measured(page, fact)
    if known is not None:
        return point.value if point else None
    return fact.value if isinstance(fact.value, Decimal) and "comparator" not in fact.tags else None


def name_of(page: Page, fact: Fact) -> str:
    """The measurement's name, or the record's own."""
    known = page.material.appraisal.table.measured_by(fact)
    return known.name if known else fact.name


def places_of(number: Decimal) -> int:
    """Decimal places of a number without its trailing zeros."""
    return max(0, -int(number.normalize().as_tuple().exponent))
