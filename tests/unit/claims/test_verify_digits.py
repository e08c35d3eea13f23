"""A digit changed anywhere in the numbers of a real sentence, and the sentence falls."""

from __future__ import annotations

import re
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.reasoner import Material
from claims.claim import Claim
from claims.mention import NumberMention, mentions
from claims.verify import verify
from tests.unit.agents.drafting import chart_materials, claims_of, drafts_of, looks, story_materials
from tests.unit.chart.samples import DATA

Sentence = tuple[Material, Claim, NumberMention]


@lru_cache(maxsize=2)
def numbered(source: str) -> tuple[Sentence, ...]:
    """Every number of every claim of the offline drafts."""
    materials = story_materials() if source == "stories" else chart_materials()
    return tuple(
        (material, claim, number)
        for material in materials.values()
        for claim in claims_of(drafts_of(material))
        for number in mentions(claim.text).numbers
    )


def stands_with(sentence: Sentence, digits: str) -> bool:
    """Whether the claim still stands with the number replaced."""
    material, claim, number = sentence
    at = claim.text.index(number.text, number.start)
    text = f"{claim.text[:at]}{digits}{claim.text[at + len(number.text) :]}"
    return verify(claim.model_copy(update={"text": text}), material.appraisal, looks(material)).stands


def is_a_strength(claim: Claim, digits: str) -> bool:
    """A number that a cited medicine has as a strength (`Humulin 70/30`): without a unit nothing tells them apart."""
    names = [c.value for c in claim.citations if not c.reference.startswith("Observation/")]
    return any(re.search(rf"(?<![\d.]){re.escape(digits)} ?(MG|UNT|MCG|G|ML)", name, re.I) for name in names)


def changes(text: str) -> list[str]:
    return [
        f"{text[:i]}{digit}{text[i + 1 :]}"
        for i, old in enumerate(text)
        if old.isdigit()
        for digit in "0123456789"
        if digit != old
    ]


@settings(max_examples=600)
@given(data=st.data())
@pytest.mark.parametrize("source", ["stories", "synthea"])
def test_a_changed_digit_is_refused(source: str, data: st.DataObject) -> None:
    if source == "synthea" and not (DATA / "synthea").is_dir():
        pytest.skip("test data `synthea` is not here (PREROUND_TEST_DATA)")
    sentence = data.draw(st.sampled_from(numbered(source)))
    digits = data.draw(st.sampled_from(changes(sentence[2].text)))
    assert not stands_with(sentence, digits) or is_a_strength(sentence[1], digits)


def test_the_sentences_stand_as_they_are() -> None:
    assert len(numbered("stories")) > 100
    assert all(stands_with(one, one[2].text) for one in numbered("stories"))
