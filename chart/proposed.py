"""A medicine about to be proposed, beside the chart: allergies, what is in use, results, kidney, conditions, age."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from chart.appraisal import Appraisal
from chart.courses import Course
from chart.drug import Drug
from chart.fact import Fact
from chart.kidney import implied_egfr
from chart.moment import months_before
from chart.rules import Rule, Rules, rules
from chart.therapy import avoided, speaks_against

RECENT_MONTHS = 15
"""How old a kidney function may be that a dose stands on."""
MORE_THAN_ONE = frozenset({"insulin", "antiplatelet", "other lipid-lowering", "emergency adrenaline"})
"""Classes of which two are taken together by design."""


AgainstKind = Literal["allergy", "in_use", "pair", "result", "kidney", "condition"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Against:
    """One thing in the chart that speaks against the medicine, or that is missing to check it."""

    kind: AgainstKind
    """What was compared."""
    words: str
    """What it is, in one sentence."""
    facts: tuple[Fact, ...]
    """What it stands on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A medicine after every check that the tables have for it."""

    drug: Drug
    """What it is."""
    against: tuple[Against, ...]
    """What speaks against it; empty where nothing does."""
    pairs: int
    """How many named pairs were checked."""
    allergies: int
    """How many recorded allergies were compared."""
    medicines: int
    """How many medicines in use, or never ended, were compared."""

    @property
    def words(self) -> str:
        """What was checked, in one sentence; never that it is safe."""
        known = "" if self.drug.known else " The tables do not know this medicine: class rules did not look at it."
        return (
            f"Compared with {self.allergies} recorded allergies, {self.medicines} medicines in use, kidney function, "
            f"conditions and age; {self.pairs} named pairs checked.{known}"
        )


def check(name: str, appraisal: Appraisal, *, site: Path | None = None, beside: Sequence[str] = ()) -> Checked:
    """Check a medicine by its name against the chart.

    Args:
        name: as a request would name it, e.g. `atorvastatin 20 MG Oral Tablet`.
        appraisal: the appraised chart.
        site: a folder with a site's own tables.
        beside: names of medicines that are about to be ordered together with it.
    """
    drug, book = appraisal.drug_table.read(name), rules(site)
    allergies = [f for f in appraisal.chart.of("allergy") if not f.tags & {"negated", "none_known"}]
    taken = [c for c in appraisal.courses if c.state != "finished"]
    proposed = Course(drug=drug, orders=(), state="current")
    found = [
        *_allergies(drug, allergies, appraisal),
        *_taken(drug, taken),
        *_pairs(proposed, taken, book),
        *_beside(proposed, [appraisal.drug_table.read(one) for one in beside], book),
        *_results(proposed, appraisal, book),
        *_kidney(proposed, appraisal, book),
        *_conditions(proposed, appraisal, book),
    ]
    return Checked(
        drug=drug, against=tuple(found), pairs=len(book.pairs), allergies=len(allergies), medicines=len(taken)
    )


def _allergies(drug: Drug, allergies: list[Fact], appraisal: Appraisal) -> Iterator[Against]:
    for each in allergies:
        if each.status in ("inactive", "resolved"):
            continue
        allergen = appraisal.drug_table.read(each.name)
        lower = each.name.lower()
        shared = sorted(drug.classes & allergen.classes) or sorted(c for c in drug.classes if c.lower() in lower)
        same = drug.substances & allergen.substances or [s for s in drug.substances if s in lower]
        if same or shared:
            of_class = "" if same else f", of the same class ({shared[0]})"
            yield Against(
                kind="allergy", words=f"An allergy or intolerance to {each.name}{of_class} is recorded.", facts=(each,)
            )


def _taken(drug: Drug, taken: list[Course]) -> Iterator[Against]:
    for course in taken:
        if drug.substances & course.drug.substances:
            state = "was never stopped: ask whether it is taken" if course.state == "stale" else "is in use already"
            yield Against(kind="in_use", words=f"{course.drug.short} {state}.", facts=(course.last,))
            continue
        shared = sorted(drug.classes & course.drug.classes - MORE_THAN_ONE)
        if shared and course.state != "stale":
            yield Against(
                kind="in_use", words=f"{course.drug.short}, also {_a(shared[0])}, is in use.", facts=(course.last,)
            )


def _pairs(proposed: Course, taken: list[Course], book: Rules) -> Iterator[Against]:
    for rule in book.pairs:
        for course in taken:
            if _both(rule, proposed, course):
                why = rule.row.get("why", "a named pair")
                yield Against(
                    kind="pair", words=f"{course.drug.short} is in use beside it: {why}.", facts=(course.last,)
                )


def _both(rule: Rule, one: Course, other: Course) -> bool:
    """Whether a row names two medicines as a pair, whichever way round."""
    named = (rule.applies_to(one, "one_") and rule.applies_to(other, "other_")) or (
        rule.applies_to(one, "other_") and rule.applies_to(other, "one_")
    )
    return named and not one.drug.substances & other.drug.substances


def _beside(proposed: Course, beside: list[Drug], book: Rules) -> Iterator[Against]:
    """Medicines of the same sheet of orders: they are not in the chart, so there is no fact to show."""
    for drug in beside:
        shared = sorted(proposed.drug.classes & drug.classes - MORE_THAN_ONE)
        if proposed.drug.substances & drug.substances:
            yield Against(kind="in_use", words=f"{drug.short} is among the same orders.", facts=())
        elif shared:
            words = f"{drug.short}, also {_a(shared[0])}, is among the same orders."
            yield Against(kind="in_use", words=words, facts=())
        other = Course(drug=drug, orders=(), state="current")
        for rule in book.pairs:
            if _both(rule, proposed, other):
                why = rule.row.get("why", "a named pair")
                yield Against(kind="pair", words=f"{drug.short} is ordered beside it: {why}.", facts=())


def _results(proposed: Course, appraisal: Appraisal, book: Rules) -> Iterator[Against]:
    for rule in book.contradicts:
        one = appraisal.series.get(rule.row["measurement"])
        if rule.row.get("uncontrolled") or one is None or not rule.applies_to(proposed):
            continue
        for point in speaks_against(rule, one, appraisal.chart.today)[-1:]:
            name = appraisal.table.by_key[rule.row["measurement"]].name
            words = f"{name[:1].upper()}{name[1:]} {point.value} of {point.day.isoformat()} speaks against it."
            yield Against(kind="result", words=words, facts=(point.fact,))


def _kidney(proposed: Course, appraisal: Appraisal, book: Rules) -> Iterator[Against]:
    """Below the rule's filtration rate, and where no rate of the last 15 months is known."""
    asked = [rule for rule in book.renal if rule.applies_to(proposed)]
    if not asked:
        return
    rate, fact, day = _filtration(appraisal)
    if rate is None or fact is None or day is None:
        words = f"No kidney function of the last {RECENT_MONTHS} months is known, which it goes by."
        yield Against(kind="kidney", words=words, facts=())
        return
    for rule in asked:
        if rate < Decimal(str(rule.row["below"])):
            words = f"eGFR {rate:.0f} of {day.isoformat()} is below {rule.row['below']}: {rule.row['why']}."
            yield Against(kind="kidney", words=words, facts=(fact,))


def _filtration(appraisal: Appraisal) -> tuple[Decimal | None, Fact | None, date | None]:
    """The last trusted filtration rate, measured or implied by the last creatinine."""
    since = months_before(appraisal.chart.today, RECENT_MONTHS)
    measured = appraisal.series.get("egfr")
    rates = [p for p in measured.trusted if p.day >= since] if measured else []
    if rates:
        return rates[-1].value, rates[-1].fact, rates[-1].day
    creatinine = appraisal.series.get("creatinine")
    points = [p for p in creatinine.trusted if p.day >= since] if creatinine else []
    born = appraisal.chart.patient.when
    sex = appraisal.chart.patient.cells["sex"].text if "sex" in appraisal.chart.patient.cells else ""
    if not points or born is None or not born.day:
        return None, None, None
    last = points[-1]
    return implied_egfr(last.value, sex=sex, born=born.date, day=last.day), last.fact, last.day


def _conditions(proposed: Course, appraisal: Appraisal, book: Rules) -> Iterator[Against]:
    """What a condition, a pregnancy or the age speaks against, by the same rules as for a medicine in use."""
    for found in avoided([proposed], appraisal.problems, book, appraisal.chart.age, appraisal.pregnancy):
        why = f": {found.words['why']}" if "why" in found.words else ""
        if found.problems:
            one = found.problems[0]
            yield Against(
                kind="condition", words=f"It is to be avoided in {one.concept.short}{why}.", facts=one.facts[:1]
            )
        elif found.facts:
            yield Against(kind="condition", words=f"It is to be avoided in pregnancy{why}.", facts=found.facts)
        else:
            yield Against(kind="condition", words=f"It is to be avoided at {appraisal.chart.age} years{why}.", facts=())


def _a(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeio' or name[:2] in ('NS', 'SS', 'SN', 'SG') else 'a'} {name}"
