"""Nothing goes missing: every active problem, order and allergy is named somewhere, by code if no draft names it."""

from __future__ import annotations

from collections.abc import Sequence

from agents.offline.words import chunks, listing
from agents.reasoner import Material
from chart.accounted import Accounted
from chart.concept import plain_name
from chart.fact import Fact
from claims.claim import Claim, Draft, Section
from claims.sentence import Sentence

TITLE = "Also on record"


def spoken_for(material: Material) -> dict[str, frozenset[str]]:
    """For each accounted fact, the ids that speak for it: itself, its course's order, its problem's entries."""
    groups: list[list[Fact]] = [
        *([*c.orders] for c in material.appraisal.courses),
        *([*p.facts] for p in material.appraisal.problems),
    ]
    together: dict[str, frozenset[str]] = {}
    for group in groups:
        together.update(dict.fromkeys((f.id for f in group), frozenset(f.id for f in group)))
    return {a.fact.id: together.get(a.fact.id) or frozenset({a.fact.id}) for a in material.appraisal.accounted}


def claim_naming(entry: Accounted, drafts: Sequence[Draft], speaking: dict[str, frozenset[str]]) -> str | None:
    """The id of the claim that accounts for an entry; its own citation is preferred to its group's."""
    for wanted in (frozenset({entry.fact.id}), speaking[entry.fact.id]):
        for one in drafts:
            for claim in one.claims:
                if wanted & {c.fact for c in claim.citations}:
                    return claim.id
    return None


def with_everything_named(drafts: list[Draft], material: Material) -> list[Draft]:
    """The drafts, with a last section of the summary that names whatever none of them names."""
    first = next((i for i, d in enumerate(drafts) if d.task == "summary"), None)
    if first is None:
        return drafts
    speaking = spoken_for(material)
    left = {
        min(speaking[a.fact.id]): a.fact
        for a in material.appraisal.accounted
        if claim_naming(a, drafts, speaking) is None
    }
    if not left:
        return drafts
    summary = drafts[first]
    claims: list[Claim] = []
    for group in chunks(list(left.values())):
        sentence = Sentence(material.appraisal)
        listing(sentence, group, lambda f, s=sentence: s.name(f, plain_name(f.name)).cite(f, "status"))  # type: ignore[misc]
        claims.append(sentence.claim(f"a{len(claims) + 1}", salience=4))
    section = Section(title=TITLE, claims=tuple(claims))
    return [
        *drafts[:first],
        summary.model_copy(update={"sections": (*summary.sections, section)}),
        *drafts[first + 1 :],
    ]
