"""The manifest: each thing once, with how often, from when to when and its last value; bounded for a prompt."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chart.chart import Chart
from chart.manifest import manifest, manifest_json, manifest_lines
from tests.unit.chart.entries import AS_OF, chart_of
from tests.unit.chart.samples import stories, synthea


def tokens(text: str) -> int:
    """A model's tokens, roughly, and rather too many."""
    return len(text) // 3 + 1


def test_each_thing_once_with_its_span_and_last_value() -> None:
    chart = chart_of(
        {
            "one": {"lab": "HbA1c", "date": "2019-05-14", "value": "8.1 %"},
            "two": {"lab": "HbA1c", "date": "2021-05-14", "value": "7.2 %"},
            "again": {"lab": "HbA1c", "date": "2021-05-14", "value": "7.2 %"},
            "weight": {"lab": "weight", "date": "2020-01-01", "value": "80 kg"},
            "pounds": {"lab": "weight", "date": "2021-01-01", "value": "170 [lb_av]"},
        }
    )
    found = {e.code.rpartition("|")[2]: e for e in manifest(chart).entries}
    sugar = found["4548-4"]
    assert (sugar.count, sugar.value, sugar.units) == (2, "7.2 %", ("%",))
    assert (sugar.first and sugar.first.text, sugar.last and sugar.last.text) == ("2019-05-14", "2021-05-14")
    assert chart.by_id[sugar.fact].value == chart.of("lab")[-1].value
    assert found["29463-7"].units == ("[lb_av]", "kg")
    assert found["29463-7"].value == "170 lb"
    row = manifest_json(manifest(chart))["entries"][0]  # type: ignore[index]
    assert row["first"] == "2019-05-14"


def test_every_fact_is_in_it_and_kinds_keep_their_order() -> None:
    for resources, now in stories().values():
        chart = Chart.build(resources, as_of=now)
        made = manifest(chart)
        assert {e.kind for e in made.entries} == {f.kind for f in chart.facts}
        assert sum(e.count for e in made.entries) <= len(chart.facts)
        assert set(made.left_out) == set(chart.left_out)
        assert len({(e.kind, e.code or e.name.lower()) for e in made.entries}) == len(made.entries)
        for entries in made.by_kind.values():
            stamps = [e.last.start for e in entries if e.last]
            assert all(one >= other for one, other in pairwise(stamps))


@pytest.mark.parametrize("budget", [300, 900, 1500, 10**6])
def test_the_largest_chart_fits_the_budget_and_says_what_is_not_named(budget: int) -> None:
    chart = Chart.build(max(synthea().values(), key=lambda found: len(list(found))), as_of=AS_OF)
    made = manifest(chart)
    lines = manifest_lines(made, cost=tokens, budget=budget)
    heads = [line for line in lines if not line.startswith("- ")]
    assert sum(map(tokens, lines)) <= max(budget, sum(map(tokens, heads)) + 8 * len(heads))
    assert len([h for h in heads if not h.startswith("left out")]) == len(made.by_kind)
    named = [line for line in lines if line.startswith("- ") and not line.startswith("- and ")]
    more = [int(line.split()[2]) for line in lines if line.startswith("- and ")]
    assert len(named) + sum(more) == len(made.entries)
    assert (not more) == (budget == 10**6)
