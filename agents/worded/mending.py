"""Mending: refused sentences of all drafts go back in one call, each with its reason and the facts to mend it by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agents.prompts import prompt
from agents.reasoner import Judged, Material
from agents.worded.answers import RepairForm
from agents.worded.context import Context, relevant_lines
from agents.worded.drafts import to_claim
from claims.claim import Claim, Draft, Section
from claims.verify import Verdict

MOST = 24
"""So many refused sentences are sent back; the rest is removed."""


def to_mend(judged: Sequence[Judged], context: Context, fits: Callable[[str], bool]) -> str:
    """The prompt that asks for corrections; as many refused sentences as fit, the first ones first.

    Args:
        judged: drafts with the verdicts on their refused claims; claim ids differ from draft to draft.
        context: what the drafts were made from.
        fits: whether so much text may be sent.
    """
    refused = [v for _, verdicts in judged for v in verdicts][:MOST]
    while True:
        text = _prompt(refused, context, fits)
        if fits(text) or len(refused) <= 1:
            return text
        refused = refused[: len(refused) // 2]


def _prompt(refused: Sequence[Verdict], context: Context, fits: Callable[[str], bool]) -> str:
    lines = "\n".join(f"{v.claim.id}: {v.claim.text} — refused: {'; '.join(v.reasons)}" for v in refused)
    rest = (prompt("repair"), lines)
    facts = relevant_lines(
        context, [v.claim for v in refused], lambda found: fits("\n\n".join((prompt("rules"), found, *rest)))
    )
    return "\n\n".join((prompt("rules"), facts, *rest))


def mend(
    draft: Draft,
    refused: Sequence[Verdict],
    form: RepairForm,
    known: Mapping[str, Claim],
    material: Material,
) -> Draft:
    """The draft with its refused claims replaced by their corrections, where one was given."""
    wanted = {v.claim.id for v in refused}
    mended = {
        one.id: to_claim(one.sentence, one.id, known, material, tainted=draft.tainted)
        for one in form.sentences
        if one.id in wanted
    }
    sections = tuple(
        Section(title=s.title, claims=tuple(mended.get(c.id, c) for c in s.claims)) for s in draft.sections
    )
    return draft.model_copy(update={"sections": sections})
