"""Programs with one rule broken, each put in where the rule is put in: a site's tables, the reading, or the page."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from benchmarks.chart_page import Sample, Shown, material_of, show
from tests.properties.checks import TOP
from tests.properties.mutations import dropped, page_of, told_again, without
from tests.properties.rules import Program


@cache
def _site(name: str, text: str) -> Path:
    """A site whose table says what no site should."""
    folder = Path(mkdtemp(prefix="preround-broken-"))
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def by_table(name: str, text: str) -> Program:
    """The program with a site's wrong table."""

    def program(sample: Sample, **failed: str) -> Shown:
        return show(material_of(sample.resources, sample.as_of, failed=failed, site=_site(name, text)))

    return program


def _lines(shown: Shown, *more: str) -> Shown:
    return replace(shown, result={**shown.result, "page": [*shown.lines, *more]})


def leaves_out(sample: Sample, **failed: str) -> Shown:
    """Leaves the sentences of the least finding out."""
    shown = page_of(sample, **failed)
    found = shown.appraisal.findings
    gone = {f.id for f in found[-1].stands_on} if found else set()
    return dropped(shown, lambda c: bool(gone & {x.fact for x in c.citations}) or bool(c.absent))


def names_the_first_order_read(sample: Sample, **failed: str) -> Shown:
    """Speaks of whichever order came first, not of the last that was written."""
    orders = [r for r in sample.resources if r["resourceType"] == "MedicationRequest"]
    days = [str(r.get("authoredOn", ""))[:10] for r in orders[:1]]
    return _lines(page_of(sample, **failed), *(f"Ordered {day}" for day in days))


def names_the_first_id(sample: Sample, **failed: str) -> Shown:
    """Sorts by id, which says nothing."""
    return _lines(page_of(sample, **failed), f"See {min(str(r['id']) for r in sample.resources)}")


def counts_beside(sample: Sample, **failed: str) -> Shown:
    """Counts findings on a line of their own, so that one value moves two lines."""
    shown = page_of(sample, **failed)
    return _lines(shown, f"{len(shown.appraisal.findings)} things found")


def reads_no_status(sample: Sample, **failed: str) -> Shown:
    """Takes every entry for active and confirmed."""

    def active(resource: Mapping[str, Any]) -> Mapping[str, Any]:
        own = dict(deepcopy(resource))
        if own["resourceType"] in ("Condition", "AllergyIntolerance"):
            own["clinicalStatus"] = {"coding": [{"code": "active"}]}
            own.pop("verificationStatus", None)
        elif own["resourceType"] == "MedicationRequest":
            own["status"] = "active"
        return own

    return page_of(replace(sample, resources=tuple(active(r) for r in sample.resources)), **failed)


def forgets_failures(sample: Sample, **failed: str) -> Shown:
    """Takes a search that failed for one that found nothing."""
    return page_of(without(sample, lambda r: r["resourceType"] in failed))


def fills_gaps(sample: Sample, **failed: str) -> Shown:
    """Says nothing of what is missing."""
    return dropped(page_of(sample, **failed), lambda c: bool(c.absent))


def reads_the_last_note(sample: Sample, **failed: str) -> Shown:
    """Reads no note but the last, so that whatever it says looks new."""
    notes = [r for r in sample.resources if r["resourceType"] == "DocumentReference"]
    reports = [r for r in sample.resources if r["resourceType"] == "DiagnosticReport" and "presentedForm" in r]
    if not any(str(r["id"]).startswith("planted") for r in notes):
        return page_of(sample, **failed)
    last = max(notes, key=lambda r: str(r.get("date", "")))["id"]
    gone = {str(r["id"]) for r in (*notes, *reports)} - {str(last)}
    kept = [n.fact.reference for n in page_of(sample, **failed).appraisal.chart.notes]
    shown = page_of(without(sample, lambda r: str(r["id"]) in gone), **failed)
    # The property asks which notes there are; a program that reads one of them shows the others nowhere.
    return shown if len(kept) < 3 else _with_notes_of(shown, page_of(sample, **failed))


def _with_notes_of(shown: Shown, whole: Shown) -> Shown:
    return replace(whole, drafts=shown.drafts, result=shown.result)


def reads_no_note(sample: Sample, **failed: str) -> Shown:
    """Reads no note's text."""
    whole = page_of(sample, **failed)
    bare = page_of(without(sample, lambda r: r["resourceType"] == "DocumentReference"), **failed)
    return _with_notes_of(bare, whole)


def repeats_itself(sample: Sample, **failed: str) -> Shown:
    """Tells everything of a note a second time."""
    shown = page_of(sample, **failed)
    quoting = [c for c in shown.claims if c.quotes and c in shown.on_page]
    return told_again(shown, lambda c: c is quoting[-1], TOP) if quoting else shown


def lists_every_result(sample: Sample, **failed: str) -> Shown:
    """Gives each measured thing a line."""
    shown = page_of(sample, **failed)
    return _lines(shown, *(f"{key}: normal" for key in sorted(shown.appraisal.series)))


_NO_CRITICAL = "".join(
    f'[[critical]]\nmeasurement = "{m}"\noff = true\n' for m in ("potassium", "sodium", "glucose", "hemoglobin")
)
_NO_LIMITS = "".join(f"[{m}]\nlimits = [-1e9, 1e9]\n" for m in ("hba1c", "potassium", "weight"))
_NO_MONITORING = '[[monitoring]]\nclass = ["ACE inhibitor", "ARB", "ARNI", "potassium-sparing diuretic"]\noff = true\n'
BROKEN: Mapping[str, tuple[Program, ...]] = {
    "A1": (leaves_out,),
    "A4 renewals": (names_the_first_order_read,),
    "A4 threshold": (counts_beside,),
    "A5": (reads_no_status,),
    "A6 never": (fills_gaps, by_table("rules", _NO_MONITORING)),
    "A6 failed": (forgets_failures,),
    "A7 copied": (reads_the_last_note,),
    "A7 new": (reads_no_note, repeats_itself),
    "A8": (by_table("measurements", _NO_LIMITS),),
    "A9": (reads_no_note,),
    "A10": (
        by_table("reference_ranges", _NO_CRITICAL),
        by_table("reference_ranges", '[[critical]]\nmeasurement = "sodium"\nlow = 121\nhigh = 159\n'),
    ),
    "A11 order": (names_the_first_order_read, names_the_first_id),
    "A11 normal": (lists_every_result,),
}
"""By property the wrong programs that it must find."""
