"""A child's doses by weight: what an order amounts to for a kilogram, and what the table allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Literal

from chart.courses import Course
from chart.drug import Drug, Drugs, Ingredient
from chart.fact import Fact
from chart.finding import Finding
from chart.series import Point
from chart.site_tables import read_table

Per = Literal["once", "day"]
_MILLIGRAMS = {
    "mg": Decimal(1),
    "g": Decimal(1000),
    "mcg": Decimal("0.001"),
    "ug": Decimal("0.001"),
    "µg": Decimal("0.001"),
}
_PIECES = (
    "tablet",
    "{tbl}",
    "tab",
    "capsule",
    "{capsule}",
    "cap",
    "{cap}",
    "chewable",
    "puff",
    "{puff}",
    "actuat",
    "spray",
    "pen",
)
_HOURS = {"h": Decimal(1), "d": Decimal(24), "wk": Decimal(168), "min": Decimal(1) / 60}


@dataclass(frozen=True, kw_only=True, slots=True)
class DoseRule:
    """What one source states for one ingredient."""

    ingredient: str
    """As the medication table names it."""
    per_kg: Mapping[Per, tuple[Decimal, Decimal]]
    """Least and most mg/kg, a dose and a day."""
    most: Mapping[Per, Decimal]
    """Most mg, a dose and a day, whatever the weight."""
    ages: tuple[Decimal, Decimal]
    """Years of age for which it is stated, from ≤ age < to."""
    source: str
    """Who says so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DoseRules:
    """The whole table."""

    by_ingredient: Mapping[str, DoseRule]
    """One rule an ingredient."""
    forms_not: frozenset[str]
    """Forms that are not dosed by weight."""

    def of(self, drug: Drug, age: float) -> tuple[DoseRule, Ingredient] | None:
        """The rule for a medicine at an age, with the ingredient that it is about; ``None`` where there is none."""
        if drug.form in self.forms_not:
            return None
        for ingredient in drug.ingredients:
            rule = self.by_ingredient.get(ingredient.name)
            if rule and rule.ages[0] <= Decimal(str(age)) < rule.ages[1]:
                return rule, ingredient
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildDoses:
    """What was checked of a child's medicines in use, and what was not and why."""

    checked: tuple[Course, ...] = ()
    """Doses that were held to the table."""
    unchecked: tuple[tuple[Course, str], ...] = ()
    """The others, each with the reason in a few words."""
    findings: tuple[Finding, ...] = ()
    """Doses over or under what the table allows."""


@lru_cache(maxsize=4)
def dose_rules(site: Path | None = None) -> DoseRules:
    """The table, read once."""
    table = read_table("child_doses", site)
    rows = {key: row for key, row in table.items() if key != "source"}
    return DoseRules(
        by_ingredient={
            key: DoseRule(
                ingredient=key,
                per_kg={per: (Decimal(str(row[per][0])), Decimal(str(row[per][1]))) for per in _PER if per in row},
                most={per: Decimal(str(row[f"{per}_mg"])) for per in _PER if f"{per}_mg" in row},
                ages=(Decimal(str(row.get("from", 0))), Decimal(str(row.get("to", 18)))),
                source=row["source"],
            )
            for key, row in rows.items()
        },
        forms_not=frozenset(table["source"]["forms_not"]),
    )


_PER: tuple[Per, ...] = ("once", "day")


def milligrams(order: Fact, ingredient: Ingredient, per: Per) -> Decimal | None:
    """How many mg of an ingredient an order gives in a dose or in a day; ``None`` where it does not say.

    Args:
        order: a medication or administration with dose and timing cells.
        ingredient: gives the strength of a tablet or a millilitre.
        per: ``once`` or ``day``.
    """
    amount, unit = _number(order, "dose"), order.cells.get("dose_unit")
    if amount is None or unit is None:
        return None
    each = _each(unit.text.strip().lower(), ingredient.strength)
    if each is None:
        return None
    times = Decimal(1) if per == "once" else _times_a_day(order)
    return None if times is None else amount * each * times


def _number(order: Fact, role: str) -> Decimal | None:
    cell = order.cells.get(role)
    try:
        return Decimal(cell.text) if cell else None
    except InvalidOperation:
        return None


def _each(unit: str, strength: str) -> Decimal | None:
    """Milligrams in one unit of the dose."""
    if unit in _MILLIGRAMS:
        return _MILLIGRAMS[unit]
    number, _, rest = strength.partition(" ")
    mass, _, per = rest.partition("/")
    try:
        held = Decimal(number) * _MILLIGRAMS[mass]
    except (InvalidOperation, KeyError):
        return None
    if unit in ("ml", "millilitre", "milliliter"):
        return _each_millilitre(held, per)
    pieces = any(unit.startswith(p) for p in _PIECES)
    return held if pieces and per in ("", "actuat") else None


def _each_millilitre(held: Decimal, per: str) -> Decimal | None:
    if not per.endswith("ml"):
        return None
    volume = per.removesuffix("ml").strip() or "1"
    try:
        return held / Decimal(volume)
    except (InvalidOperation, ZeroDivisionError):
        return None


def _times_a_day(order: Fact) -> Decimal | None:
    frequency, period, unit = _number(order, "frequency"), _number(order, "period"), order.cells.get("period_unit")
    hours = _HOURS.get(unit.text) if unit else None
    if frequency is None or period is None or not period or hours is None:
        return None
    return frequency * 24 / (period * hours)


def child_doses(courses: Sequence[Course], weight: Point | None, age: float | None, rules: DoseRules) -> ChildDoses:
    """Hold every medicine in use to the table.

    Args:
        courses: the patient's courses.
        weight: the last weight that can be relied on.
        age: in years at ``as_of``.
        rules: the table.
    """
    checked: list[Course] = []
    unchecked: list[tuple[Course, str]] = []
    findings: list[Finding] = []
    for course in courses:
        if course.state != "current":
            continue
        found = rules.of(course.drug, age) if age is not None else None
        if found is None:
            unchecked.append((course, "no rule by weight"))
        elif weight is None:
            unchecked.append((course, "no weight"))
        elif all(milligrams(course.last, found[1], per) is None for per in _PER):
            unchecked.append((course, "no dose"))
        else:
            checked.append(course)
            findings.extend(_off(course, weight, *found))
    return ChildDoses(checked=tuple(checked), unchecked=tuple(unchecked), findings=tuple(findings))


def _off(course: Course, weight: Point, rule: DoseRule, ingredient: Ingredient) -> list[Finding]:
    """The first limit that a dose breaks: too much for the weight, too much for anybody, too little for the weight."""
    for side in ("over", "most", "under"):
        for per in _PER:
            given = milligrams(course.last, ingredient, per)
            if given is not None and weight.value and _breaks(side, per, given, weight.value, rule, course):
                return [
                    Finding(
                        kind="dose_by_weight",
                        key=course.drug.key,
                        when=course.renewed.start if course.renewed else None,
                        courses=(course,),
                        points=(weight,),
                        words={"side": side, "per": per, "source": rule.source},
                    )
                ]
    return []


def _breaks(side: str, per: Per, given: Decimal, weight: Decimal, rule: DoseRule, course: Course) -> bool:
    if side == "most":
        return per in rule.most and given > rule.most[per]
    if per not in rule.per_kg:
        return False
    least, most = rule.per_kg[per]
    # A tenth is what rounding to a tablet or a line of the syringe costs. As needed, less is no mistake.
    if side == "over":
        return given > most * weight * Decimal("1.1") and given > 0
    reached = per in rule.most and given >= rule.most[per] * Decimal("0.9")
    return given < least * weight * Decimal("0.9") and not reached and "as_needed" not in course.last.tags


def rule_for(order: Fact, table: Drugs, rules: DoseRules, age: float) -> tuple[DoseRule, Ingredient] | None:
    """The rule and ingredient of one order, for whoever computes it again."""
    return rules.of(table.read(order.name), age)
