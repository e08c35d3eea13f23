"""A1 to A3 over charts at many moments of their past, in part lost, with numbers and statuses moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from benchmarks.chart_page import Sample, Shown
from tests.properties.checks import TOP, layout, not_latest, undated, under, unplaced
from tests.properties.mutations import at_another_time, dropped, page_of, told_again, worded

ENTRIES = 4_500
"""Mutations of one chart hold about so many entries together: small charts are cheap and are tried more often."""


@pytest.fixture(scope="module")
def pages(samples: tuple[Sample, ...]) -> list[tuple[str, Shown]]:
    """Each sample as it is, and many moments and mutilations of it."""
    found = [(s.name, page_of(s)) for s in samples]
    for sample in samples:
        for seed in range(ENTRIES // len(sample.resources)):
            name = f"{sample.name} {seed}"
            found.append((name, page_of(at_another_time(sample, Random(name)))))  # noqa: S311 - no secret
    return found


@pytest.mark.parametrize("check", [unplaced, layout, undated, not_latest])
def test_every_page_keeps_the_rules(pages: list[tuple[str, Shown]], check: Callable[[Shown], list[str]]) -> None:
    faults = [f"{name}: {fault}" for name, shown in pages for fault in check(shown)]
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:40])


def test_a_finding_that_goes_missing_is_seen(pages: list[tuple[str, Shown]]) -> None:
    """A1 broken on purpose: each sentence that tells a finding is taken out, one after another."""
    missed, taken = [], 0
    for name, shown in pages[:40]:
        for claim in under(shown, TOP, "Also found", "Do not rely on"):
            taken += 1
            if not unplaced(dropped(shown, lambda c, text=claim.text: c.text == text)):  # type: ignore[misc]
                missed.append(f"{name}: {claim.text}")
    assert taken > 20
    assert not missed


def test_a_page_out_of_shape_is_seen(pages: list[tuple[str, Shown]]) -> None:
    """A2 broken on purpose: a value told again, a fifth item on top, a page too long."""
    shown = next(s for _, s in pages if len(under(s, "Active problems")) > 1 and len(under(s, TOP)) > 1)
    problem = next(c for c in under(shown, "Active problems") if any("value" in x.path for x in c.citations))
    top = under(shown, TOP)[0]
    assert not layout(shown)
    assert layout(told_again(shown, lambda c: c.text == problem.text, "Medicines"))
    five = shown
    for _ in range(5):
        five = told_again(five, lambda c: c.text == top.text, TOP)
    assert any("on top" in fault for fault in layout(five))
    long = shown
    for _ in range(46):
        long = told_again(long, lambda c: c.text == top.text, "Medicines")
    assert any("lines" in fault for fault in layout(long))


def test_a_value_without_its_date_is_seen(pages: list[tuple[str, Shown]]) -> None:
    """A3 broken on purpose: years taken out of the words, and an older chart's page held to the newer chart."""
    found = 0
    for _, shown in pages[:40]:
        bare = worded(shown, lambda c: True, lambda text: text.replace("(", "[").replace(" 20", " "))
        found += bool(undated(bare))
    assert found > 5


def test_an_old_value_given_as_the_latest_is_seen(samples: tuple[Sample, ...]) -> None:
    """A3 broken on purpose: a claim of a page from before the last day of results, beside the whole chart."""
    seen = 0
    for sample in samples:
        now = page_of(sample)
        claims = [c for c in under(now, "Active problems") if any("value" in x.path for x in c.citations)][:2]
        by_id = now.appraisal.chart.by_id
        for claim in claims:
            cited = next(x for x in claim.citations if "value" in x.path)
            measured = now.appraisal.table.measured_by(by_id[cited.fact])
            points = now.appraisal.series[measured.key].trusted if measured else ()
            if len(points) > 2 and points[0].day < points[-1].day:
                old = points[0].fact
                cell = old.cells["value"]
                moved = cited.model_copy(update={"fact": old.id, "path": cell.path, "reference": old.citation})
                draft = now.drafts[0]
                section = next(s for s in draft.sections if s.title == "Active problems")
                wrong = section.model_copy(update={"claims": (claim.model_copy(update={"citations": (moved,)}),)})
                seen += bool(not_latest(_with_section(now, wrong)))
    assert seen > 1


def _with_section(shown: Shown, section: object) -> Shown:
    draft = shown.drafts[0].model_copy(update={"sections": (section,)})
    return replace(shown, drafts=(draft,))
