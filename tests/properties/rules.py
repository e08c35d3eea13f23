"""A1 and A4 to A11 as functions: one random mutation of a chart, held to one rule of a page that a program makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Protocol

from agents.plan import MUST_LOOK
from benchmarks.chart_page import Sample, Shown
from tests.properties.checks import changed_lines, layout, not_latest, undated, under, unplaced
from tests.properties.mutations import (
    allergy,
    at_another_time,
    changed,
    in_notes,
    order,
    result,
    shuffled,
    with_more,
    without,
)
from tests.properties.test_absence import measures_kidney, says_never, wrongly_absent
from tests.properties.test_edits import CRITICAL, THRESHOLDS, beside, flips, renewals, says_first, still_said, value_of
from tests.properties.test_notes import dated, one_sided, with_notes
from tests.properties.test_order import NORMAL
from tests.properties.test_values import CASES, relied_on


class Program(Protocol):
    """What makes a page; the keywords name searches that failed."""

    def __call__(self, sample: Sample, **failed: str) -> Shown:
        """The page of a sample."""
        ...


Faults = list[str] | None
"""What is wrong, or ``None`` where the rule says nothing of this chart."""
Property = Callable[[Program, Sample, Random], Faults]
ABSENT_MEDICINES = ("warfarin", "tramadol", "prednisone", "colchicine", "zolpidem", "phenytoin")
ABSENT_ALLERGENS = ("cefazolin", "vancomycin", "ketorolac", "allopurinol")


def a1_findings(program: Program, sample: Sample, random: Random) -> Faults:
    """Every finding is on the page or folded by name, in shape and dated, at whatever moment of the chart's past."""
    shown = program(at_another_time(sample, random))
    return [*unplaced(shown), *layout(shown), *undated(shown), *not_latest(shown)]


def a4_renewals(program: Program, sample: Sample, random: Random) -> Faults:
    """Renewals in another order change nothing."""
    dealt = renewals(sample, random)
    if dealt.resources == sample.resources:
        return None
    return sorted(changed_lines(program(sample), program(dealt)))


def a4_threshold(program: Program, sample: Sample, random: Random) -> Faults:
    """A value moved across a threshold changes its own lines, and no other."""
    code, unit, inside, beyond, words, drug = random.choice(THRESHOLDS)
    when = sample.as_of - timedelta(minutes=random.randint(5, 59))  # after whatever the chart has
    base = with_more(
        sample, order("planted-order", sample, drug, sample.as_of - timedelta(days=random.randint(20, 300)))
    )
    one = program(with_more(base, result("planted", base, code, inside, unit, when)))
    other = program(with_more(base, result("planted", base, code, beyond, unit, when)))
    if one.appraisal.chart.deceased:
        return None
    lines = changed_lines(one, other)
    return beside(lines, words) if lines else [f"{inside} → {beyond} changes nothing"]


def a5_status(program: Program, sample: Sample, random: Random) -> Faults:
    """A status that flips takes its line along."""
    possible = list(flips(sample, most=40))
    if not possible:
        return None
    what, to, status = random.choice(possible)
    return still_said(program(changed(sample, what, lambda r: r.update(status))), what, to)


def a6_never(program: Program, sample: Sample, random: Random) -> Faults:
    """What was never measured is said; measured once, it is not."""
    drugs = [
        order(f"planted-{n}", sample, "lisinopril 10 MG Oral Tablet", sample.as_of - timedelta(days=days))
        for n, days in enumerate((9, random.randint(32, 200)))  # what was begun in the last month is not due yet
    ]
    bare = without(with_more(sample, *drugs), measures_kidney)
    shown = program(bare)
    if shown.appraisal.chart.deceased:
        return None
    day = sample.as_of - timedelta(days=random.randint(2, 60))
    measured = program(with_more(bare, result("planted-9", sample, "2160-0", "0.9", "mg/dL", day)))
    faults = [] if says_never(shown) else ["that creatinine was never measured is not said"]
    return faults + (["never measured, with a value in the chart"] if says_never(measured) else [])


def a6_failed(program: Program, sample: Sample, random: Random) -> Faults:
    """A search that failed is said, and is never an absence."""
    kind = random.choice(MUST_LOOK)
    return wrongly_absent(program(sample, **{kind: "The server gave no answer in time."}), kind)


def a7_copied(program: Program, sample: Sample, random: Random) -> Faults:
    """A sentence of three or more notes is never dated, however each note writes it."""
    drug = random.choice(ABSENT_MEDICINES)
    sentence = f"Takes {drug} 5 mg from an old supply, most days."
    planted = with_notes(sample, random.randint(3, 6))
    notes = [n.fact.reference for n in program(planted).appraisal.chart.notes]
    chosen = {*random.sample(notes, random.randint(3, len(notes))), notes[-1]}
    for reference in sorted(chosen):
        planted = in_notes(planted, _written(sentence, random), [reference])
    shown = program(planted)
    return [line for line in _dated_with(shown, drug) if "old supply" in line.lower()]


def a7_new(program: Program, sample: Sample, random: Random) -> Faults:
    """A sentence of the last note alone is shown once, with its date."""
    drug = random.choice(ABSENT_MEDICINES)
    sentence = f"Takes {drug} 5 mg from an old supply, most days."
    planted = with_notes(sample, random.randint(2, 5))
    before = program(planted)
    if before.appraisal.chart.deceased or any(drug in c.drug.substances for c in before.appraisal.courses):
        return None
    last = before.appraisal.chart.notes[-1].fact.reference
    shown = program(in_notes(planted, sentence, [last]))
    lines = [line for line in shown.lines if sentence in line]
    if len(lines) != 1:
        return [f"shown {len(lines)} times"]
    return [] if dated(shown, sentence) else [f"without its date: {lines[0]}"]


def _written(sentence: str, random: Random) -> str:
    """The sentence as somebody else would copy it: case, bullets, spaces and the last stop vary."""
    text = random.choice((str, str.upper, str.lower))(sentence)
    text = text.removesuffix(".") if random.random() < 0.3 else text
    text = text.replace(" ", "  ") if random.random() < 0.3 else text
    return random.choice(("", "- ", "* ", "# ")) + text


def _dated_with(shown: Shown, word: str) -> list[str]:
    dates = {n.fact.when.words() for n in shown.appraisal.chart.notes if n.fact.when}
    return [line for line in shown.lines if word in line.lower() and any(day in line for day in dates)]


def a8_impossible(program: Program, sample: Sample, random: Random) -> Faults:
    """A value that cannot be is flagged, leaves the trends and sets nothing off."""
    code, unit, value, key, category = random.choice(CASES)
    base, number = sample, Decimal(value) * Decimal(random.choice(("0.95", "1", "1.02")))
    if key == "weight":
        base = with_more(
            sample, result("base", sample, code, "71", unit, sample.as_of - timedelta(days=90), category=category)
        )
        latest = program(base).appraisal.series[key].points[-1]
        number *= latest.value
    when = sample.as_of - timedelta(minutes=random.randint(2, 50))
    return relied_on(
        program(with_more(base, result("planted", base, code, f"{number:.2f}", unit, when, category=category))), key
    )


def a9_both(program: Program, sample: Sample, random: Random) -> Faults:
    """A note against the list: both sides in one sentence."""
    noted = with_notes(sample, random.randint(2, 4))
    if random.random() < 0.5:
        allergen = random.choice(ABSENT_ALLERGENS)
        words = random.choice(("No drug allergy.", "No known allergies.", "NKDA."))
        listed = with_more(noted, allergy("planted", sample, allergen))
        shown = program(in_notes(listed, words, ["DocumentReference/planted-1"]))
        # How a denial is quoted depends on how many other notes deny as well.
        both = any(allergen in c.text and re.search(r"allerg(y|ies)”|NKDA", c.text) for c in shown.on_page)
        return [] if both else [f"{allergen} stands without its denial"]
    drug = random.choice(("gabapentin", "meloxicam", "citalopram"))
    words = f"{drug.capitalize()} was stopped in March because of swelling."
    ordered = with_more(
        noted,
        order("planted", sample, f"{drug} 300 MG Oral Capsule", sample.as_of - timedelta(days=random.randint(5, 90))),
    )
    shown = program(in_notes(ordered, words, ["DocumentReference/planted-1"]))
    if shown.appraisal.chart.deceased:
        return None
    return ["the note and the order stand apart"] if one_sided(shown, words, f"{drug} 300 mg") else []


def a10_critical(program: Program, sample: Sample, random: Random) -> Faults:
    """One critical value is the first line; one inside the limits is not."""
    code, unit, beyond, inside = random.choice(CRITICAL)
    when = sample.as_of - timedelta(minutes=random.randint(5, 59))
    shown = program(with_more(sample, result("planted", sample, code, beyond, unit, when)))
    if shown.appraisal.chart.deceased:
        return None
    faults = [] if says_first(shown, value_of(code, beyond)) else [f"{beyond} is not the first line: {shown.lines[0]}"]
    quiet = program(with_more(sample, result("planted", sample, code, inside, unit, when)))
    return faults + ([f"{inside} is called critical"] if says_first(quiet, value_of(code, inside)) else [])


def a11_order(program: Program, sample: Sample, random: Random) -> Faults:
    """Entries shuffled and ids renamed: the same text."""
    before, after = program(sample).lines, program(shuffled(sample, random)).lines
    return [] if before == after else sorted(set(before) ^ set(after))


def a11_normal(program: Program, sample: Sample, random: Random) -> Faults:
    """Normal results add two lines at most."""
    more = []
    for number in range(random.randint(50, 500)):
        code, unit, low, high, places = random.choice(NORMAL)
        when = sample.as_of - timedelta(days=random.randint(1, 900), minutes=random.randint(0, 1000))
        more.append(result(f"normal-{number}", sample, code, f"{random.uniform(low, high):.{places}f}", unit, when))
    before, after = program(sample), program(with_more(sample, *more))
    added = len(after.lines) - len(before.lines)
    return [] if added <= 2 else [f"{added} lines more", *under_names(after)]


def under_names(shown: Shown) -> list[str]:
    """What stands under "Changed", to see what filled a page."""
    return [c.text[:60] for c in under(shown, "Changed")]


PROPERTIES: Mapping[str, Property] = {
    "A1": a1_findings,
    "A4 renewals": a4_renewals,
    "A4 threshold": a4_threshold,
    "A5": a5_status,
    "A6 never": a6_never,
    "A6 failed": a6_failed,
    "A7 copied": a7_copied,
    "A7 new": a7_new,
    "A8": a8_impossible,
    "A9": a9_both,
    "A10": a10_critical,
    "A11 order": a11_order,
    "A11 normal": a11_normal,
}
