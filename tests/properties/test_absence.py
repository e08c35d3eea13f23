"""A6: never recorded is not the same as not looked, and a failed search is never an absence."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from agents.plan import MUST_LOOK
from benchmarks.chart_page import Resource, Sample, Shown
from tests.properties.checks import under
from tests.properties.mutations import codes_of, order, page_of, result, with_more, without, worded

KIDNEY = frozenset({"38483-4", "2160-0", "14682-9", "59826-8", "33914-3", "48642-3", "48643-1", "62238-1", "98979-8"})
KIDNEY |= {"77147-7", "69405-9", "50044-7", "88293-6", "88294-4"}
_NOTHING = re.compile(
    r"\b(no record|never measured|anywhere in the chart|none (since|coded|ordered)|nothing on it)\b", re.I
)


def measures_kidney(resource: Resource) -> bool:
    return resource["resourceType"] == "Observation" and bool(codes_of(resource) & KIDNEY)


def says_never(shown: Shown) -> bool:
    return any(
        re.search(r"\bno [^.]*\bcreatinine\b[^.]*anywhere in the chart", c.text)
        and "measurement:creatinine" in c.absent
        for c in shown.on_page
    )


def test_a6_creatinine_that_was_never_measured_is_said(samples: tuple[Sample, ...]) -> None:
    for sample in samples:
        drug = order("planted", sample, "lisinopril 10 MG Oral Tablet", sample.as_of - timedelta(days=90))
        renewed = order("planted-2", sample, "lisinopril 10 MG Oral Tablet", sample.as_of - timedelta(days=9))
        bare = without(with_more(sample, drug, renewed), measures_kidney)
        # Sodium and potassium, too, so that creatinine is not the only one that was never measured.
        shown = page_of(bare)
        if shown.appraisal.chart.deceased:
            continue
        assert says_never(shown), sample.name
        measured = result("planted-3", sample, "2160-0", "0.9", "mg/dL", sample.as_of - timedelta(days=20))
        assert not says_never(page_of(with_more(bare, measured))), sample.name
        assert not says_never(worded(shown, lambda c: bool(c.absent), lambda text: text.replace("no ", "few ")))


def wrongly_absent(shown: Shown, kind: str) -> list[str]:
    """A6: a failed search that the page does not name, or that it takes for an absence."""
    faults = [] if any(line.startswith(f"COULD NOT READ {kind}") for line in shown.lines) else [f"{kind} is not named"]
    failed = {c["id"] for c in shown.result["coverage"] if c["error"]}
    faults += [c.text for c in shown.claims if c.coverage in failed]
    words = {"Observation": "measured|anywhere", "MedicationRequest": "none ordered", "Condition": "nothing on it"}
    if kind in words:
        faults += [c.text for c in shown.claims if re.search(words[kind], c.text, re.I) and _NOTHING.search(c.text)]
    return faults


@pytest.mark.parametrize("kind", MUST_LOOK)
def test_a6_a_search_that_failed_is_never_an_absence(samples: tuple[Sample, ...], kind: str) -> None:
    for sample in samples:
        shown = page_of(sample, **{kind: "The server gave no answer in time."})
        assert not wrongly_absent(shown, kind), f"{sample.name}: {wrongly_absent(shown, kind)}"
        assert not [r.text for d in shown.drafts for r in d.removed], sample.name


def test_a6_an_absence_after_a_failure_is_seen(samples: tuple[Sample, ...]) -> None:
    """Broken on purpose: the page of a chart that is empty, held to a search that failed."""
    seen = 0
    for sample in samples:
        empty = page_of(without(sample, lambda r: r["resourceType"] in ("Observation", "Condition")))
        failed = page_of(sample, Observation="No answer.")
        seen += bool(wrongly_absent(empty, "Observation"))
        assert under(failed, "Who")
    assert seen == len(samples)
