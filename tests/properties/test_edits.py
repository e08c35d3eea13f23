"""A4, A5, A10: what one changed value or status may change on the page, and what it may not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from benchmarks.chart_page import Resource, Sample, Shown
from chart.measurement import measurements
from tests.properties.checks import changed_lines, citing, under
from tests.properties.mutations import changed, dropped, order, page_of, result, with_more, worded

ENTRIES = 1_200
"""The mutations of one kind of one chart hold about so many entries together."""


def tries(sample: Sample) -> int:
    """How often a chart of its size is tried."""
    return max(2, ENTRIES // len(sample.resources))


THRESHOLDS = (
    ("6298-4", "mmol/L", "6.1", "6.2", "potassium", "lisinopril 10 MG Oral Tablet"),
    ("6298-4", "mmol/L", "5.4", "5.5", "potassium", "lisinopril 10 MG Oral Tablet"),
    ("6298-4", "mmol/L", "3.5", "3.4", "potassium", "furosemide 40 MG Oral Tablet"),
    ("6298-4", "mmol/L", "2.9", "2.8", "potassium", "furosemide 40 MG Oral Tablet"),
    ("2947-0", "mmol/L", "121", "120", "sodium", "metformin 500 MG Oral Tablet"),
    ("718-7", "g/dL", "7.1", "7.0", "Hb", "metformin 500 MG Oral Tablet"),
)
CRITICAL = (
    ("6298-4", "mmol/L", "2.8", "2.9"),
    ("6298-4", "mmol/L", "6.2", "6.1"),
    ("2947-0", "mmol/L", "120", "121"),
    ("2947-0", "mmol/L", "160", "159"),
    ("2339-0", "mg/dL", "50", "51"),
    ("2339-0", "mg/dL", "450", "449"),
    ("718-7", "g/dL", "7", "7.1"),
)


def reference(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def renewals(sample: Sample, random: Random) -> Sample:
    """Orders of one medicine that differ in nothing but their day, their days dealt out anew."""
    groups: dict[str, list[Resource]] = {}
    for one in sample.resources:
        if one["resourceType"] == "MedicationRequest":
            said = {k: v for k, v in one.items() if k in ("status", "dosageInstruction", "medicationCodeableConcept")}
            groups.setdefault(repr(said), []).append(one)
    for group in groups.values():
        days = [one["authoredOn"] for one in group]
        random.shuffle(days)
        for one, day in zip(group, days, strict=True):
            sample = changed(sample, reference(one), lambda r, day=day: r.update(authoredOn=day))  # type: ignore[misc]
    return sample


def test_a4_renewals_in_another_order_change_nothing(samples: tuple[Sample, ...]) -> None:
    dealt = 0
    for sample in samples:
        before = page_of(sample)
        for seed in range(min(10, tries(sample) // 2)):
            after = page_of(renewals(sample, Random(seed)))  # noqa: S311 - no secret
            assert not changed_lines(before, after), sample.name
            dealt += 1
    assert dealt >= 15


def beside(lines: set[str], words: str) -> list[str]:
    """Lines that changed and say nothing of the value that was moved."""
    naming = ("Active: ", "Also active")  # a problem moves there when its value stands above
    told = [line for line in lines if not line.startswith((*naming, "Compared: "))]
    # What did not move shares one line: there the parts are held to the rule.
    shared = [set(re.split(r"[;:,] ", line)) for line in lines if line.startswith("Compared: ")]
    parts = set.symmetric_difference(*shared) - {"inside expected variation"} if len(shared) == 2 else set()
    return [line for line in (*told, *parts) if words.lower() not in line.lower()]


def test_a4_a_value_across_a_threshold_changes_its_own_lines_alone(samples: tuple[Sample, ...]) -> None:
    crossed = 0
    for sample in samples:
        for code, unit, inside, beyond, words, drug in Random(sample.name).sample(THRESHOLDS, min(6, tries(sample))):  # noqa: S311 - no secret
            when = sample.as_of - timedelta(hours=1)
            earlier = sample.as_of - timedelta(days=60)
            base = with_more(sample, order("planted-order", sample, drug, earlier))
            one = page_of(with_more(base, result("planted", base, code, inside, unit, when)))
            other = page_of(with_more(base, result("planted", base, code, beyond, unit, when)))
            if one.appraisal.chart.deceased:
                continue
            lines = changed_lines(one, other)
            assert lines, f"{sample.name}: {inside} → {beyond} changes nothing"
            crossed += 1
            # What the value pushes off the top still stands, under the other heading; nothing else may move.
            assert not beside(lines, words), f"{sample.name} {inside} → {beyond}: {beside(lines, words)}"
    assert crossed > 20


def test_a4_a_line_that_changes_without_cause_is_seen(samples: tuple[Sample, ...]) -> None:
    before = page_of(max(samples, key=lambda sample: len(sample.resources)))
    assert under(before, "Medicines"), "there is a line to change"
    after = worded(before, lambda c: c in under(before, "Medicines"), lambda text: text + " now")
    assert beside(changed_lines(before, after), "potassium")


def flips(sample: Sample, *, most: int | None = None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """A reference, what it is, and the status it is given."""
    refuted = {"verificationStatus": {"coding": [{"code": "refuted"}]}}
    resolved = {"clinicalStatus": {"coding": [{"code": "resolved"}]}}
    count = dict.fromkeys(("AllergyIntolerance", "Condition", "MedicationRequest"), 0)
    for one in sample.resources:
        kind = one["resourceType"]
        state = one.get("status") or one.get("clinicalStatus", {}).get("coding", [{}])[0].get("code")
        if kind in count and state == "active" and count[kind] < (most or tries(sample)):
            count[kind] += 1
            if kind == "MedicationRequest":
                yield reference(one), "stopped", {"status": "stopped"}
            else:
                yield reference(one), "refuted", refuted
                yield reference(one), "resolved", resolved


def still_said(shown: Shown, what: str, to: str) -> list[str]:
    """A5: sentences that speak of an entry as if its status had not changed."""
    if to == "refuted":
        return [c.text for c in citing(shown, what)]
    if to == "stopped":
        return [c.text for c in citing(shown, what, "Medicines") if c.text.startswith(("In use", "Stale", "On hold"))]
    problems = [c.text for c in citing(shown, what, "Active problems") if "unlisted" not in c.text]
    allergies = [c.text for c in citing(shown, what, "Allergies") if c.text.startswith("ALLERGY")]
    return problems + allergies


def test_a5_a_status_that_flips_takes_its_line_along(samples: tuple[Sample, ...]) -> None:
    flipped = 0
    for sample in samples:
        for what, to, status in flips(sample):
            after = page_of(changed(sample, what, lambda r, status=status: r.update(status)))  # type: ignore[misc]
            assert not still_said(after, what, to), f"{sample.name}: {what} is {to}: {still_said(after, what, to)}"
            names = {a.fact.reference for a in after.appraisal.accounted}
            assert (what in names) == (what.startswith("Allergy") and to == "resolved"), f"{sample.name}: {what}"
            flipped += 1
    assert flipped >= 15


def test_a5_a_line_that_stays_is_seen(samples: tuple[Sample, ...]) -> None:
    seen = 0
    for sample in samples:
        before = page_of(sample)
        for what, to, _ in flips(sample):
            # The page of the chart before the flip is what a program that reads no status would show.
            seen += bool(still_said(before, what, to))
    assert seen > 5


def test_a5_death_is_said_and_nothing_is_asked_of_the_dead(samples: tuple[Sample, ...]) -> None:
    for sample in samples:
        who = next(reference(r) for r in sample.resources if r["resourceType"] == "Patient")
        day = (sample.as_of - timedelta(days=2)).date().isoformat()
        before = page_of(sample)
        if before.appraisal.chart.deceased:
            continue
        after = page_of(changed(sample, who, lambda r, day=day: r.update(deceasedDateTime=day)))  # type: ignore[misc]
        assert any("died" in c.text for c in under(after, "Who"))
        assert not any("died" in c.text for c in under(before, "Who"))
        assert not [f for f in after.appraisal.act_first if f.kind in ("critical", "unmonitored", "trend")]


def says_first(shown: Shown, value: str) -> bool:
    named = any(c["text"].startswith("CRITICAL") and f" {value} " in c["text"] for c in shown.result["critical"])
    return named and shown.lines[0].startswith("CRITICAL") and f" {value} " in shown.lines[0]


def value_of(code: str, value: str) -> str:
    table = measurements()
    return table.by_key[table.by_loinc[code]].shown(Decimal(value))


@pytest.mark.parametrize(("code", "unit", "beyond", "inside"), CRITICAL)
def test_a10_a_critical_value_is_the_first_line(
    samples: tuple[Sample, ...], code: str, unit: str, beyond: str, inside: str
) -> None:
    for sample in [s for s in samples if tries(s) > 2]:
        when = sample.as_of - timedelta(hours=1)
        shown = page_of(with_more(sample, result("planted", sample, code, beyond, unit, when)))
        if shown.appraisal.chart.deceased:
            continue
        assert says_first(shown, value_of(code, beyond)), f"{sample.name}: {shown.lines[0]}"
        assert not says_first(dropped(shown, lambda c: c.text.startswith("CRITICAL")), value_of(code, beyond))
        quiet = page_of(with_more(sample, result("planted", sample, code, inside, unit, when)))
        assert not says_first(quiet, value_of(code, inside))
