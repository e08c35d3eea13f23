"""Lists that are longer than a sentence may be: nothing is lost, and no round ends over them."""

from __future__ import annotations

import re

import pytest

from benchmarks.chart_page import Sample, stories
from claims.claim import LONGEST
from tests.properties.mutations import allergy, page_of, with_more


@pytest.fixture(scope="module")
def sample() -> Sample:
    return next(s for s in stories() if s.name == "diabetes-ckd")


def test_forty_allergies_with_long_names_are_all_said(sample: Sample) -> None:
    name = "extraordinarily long name of a substance that somebody typed in full"
    shown = page_of(with_more(sample, *(allergy(f"long-{n}", sample, f"Allergen {n} {name}") for n in range(40))))
    said = {int(n) for line in shown.lines for n in re.findall(r"allergen (\d+) extra", line, re.I)}
    assert said == set(range(40))
    assert all(len(claim.text) <= LONGEST for claim in shown.claims)
    assert not [removed.text for draft in shown.drafts for removed in draft.removed]


def test_a_name_that_fits_no_sentence_is_cut_and_says_so(sample: Sample) -> None:
    shown = page_of(with_more(sample, allergy("endless", sample, f"Allergen {'verylong ' * 400}")))
    (line,) = [line for line in shown.lines if "verylong" in line]
    assert line.endswith(" …")
    assert len(line) <= LONGEST
    assert any("penicillin" in other for other in shown.lines)
