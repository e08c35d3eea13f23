"""The words of "Act on / verify first": one sentence for each kind of finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from agents.offline import child_words, lack_words, record_words, therapy_words
from agents.offline.ranking import ranked, top
from agents.offline.words import printed
from agents.reasoner import Material
from chart.finding import Finding
from claims.claim import Claim
from claims.sentence import Sentence

WORDS: Mapping[str, Callable[[Sentence, Finding, Material], None]] = {
    **record_words.WORDS,
    **therapy_words.WORDS,
    **lack_words.WORDS,
    **child_words.WORDS,
}
"""How each kind of finding is said where it stands by itself."""


def act_first(material: Material, number: Callable[[], str]) -> tuple[Claim, ...]:
    """One claim for each finding on top."""
    claims: list[Claim] = []
    for finding in top(material):
        claims.append(claim_of(finding, material, number(), told=printed(claims, material)))
    return tuple(claims)


def also_found(material: Material, number: Callable[[], str], told: AbstractSet[str]) -> tuple[Claim, ...]:
    """The findings that rank behind the top, each still in its own sentence."""
    shown = top(material)
    claims: list[Claim] = []
    for finding in ranked(material):
        if not any(finding is x for x in shown):
            before = told | printed(claims, material)
            claims.append(claim_of(finding, material, number(), salience=3, told=before))
    return tuple(claims)


def on_top(material: Material) -> frozenset[str]:
    """Results whose value stands on top, or right below it."""
    first = act_first(material, lambda: "-")
    told = printed(first, material)
    return told | printed(also_found(material, lambda: "-", told), material)


def claim_of(
    finding: Finding, material: Material, claim_id: str, *, salience: int = 1, told: AbstractSet[str] = frozenset()
) -> Claim:
    """The sentence of one finding; ``told``: results that a sentence above it already prints."""
    sentence = Sentence(material.appraisal, told=told)
    WORDS[finding.kind](sentence, finding, material)
    return sentence.claim(claim_id, salience=salience)
