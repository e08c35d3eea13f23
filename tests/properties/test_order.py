"""A11: the page depends on what the chart says, not on its order or ids, and normal results do not fill it."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from benchmarks.chart_page import Sample
from tests.properties.checks import changed_lines
from tests.properties.mutations import page_of, result, shuffled, with_more, worded

NORMAL = (
    ("2000-8", "mg/dL", 8.9, 10.0, 1),
    ("1751-7", "g/dL", 3.8, 4.8, 1),
    ("1742-6", "U/L", 12, 35, 0),
    ("1975-2", "mg/dL", 0.3, 1.0, 2),
    ("2947-0", "mmol/L", 138, 142, 0),
)


def test_a11_order_and_ids_do_not_matter(samples: tuple[Sample, ...]) -> None:
    for sample in samples:
        before = page_of(sample).lines
        for seed in range(max(2, 600 // len(sample.resources))):
            after = page_of(shuffled(sample, Random(seed))).lines  # noqa: S311 - no secret
            assert after == before, f"{sample.name}: {set(after) ^ set(before)}"


def test_a11_five_hundred_normal_results_add_two_lines_at_most(samples: tuple[Sample, ...]) -> None:
    for sample in samples:
        random = Random(sample.name)  # noqa: S311 - no secret
        more = []
        for number in range(500):
            code, unit, low, high, places = NORMAL[number % len(NORMAL)]
            when = sample.as_of - timedelta(days=random.randint(1, 900), minutes=random.randint(0, 1000))
            value = f"{random.uniform(low, high):.{places}f}"
            more.append(result(f"normal-{number}", sample, code, value, unit, when))
        before, after = page_of(sample), page_of(with_more(sample, *more))
        assert len(after.lines) <= len(before.lines) + 2, f"{sample.name}: {changed_lines(before, after)}"
        assert not [r.text for d in after.drafts for r in d.removed]


def test_a11_a_page_that_depends_on_order_is_seen(samples: tuple[Sample, ...]) -> None:
    shown = page_of(samples[0])
    assert worded(shown, lambda c: c.id == "s1", lambda text: text + ".").lines != shown.lines
