"""From a model's form to claims: ids become citations, `use` becomes the prepared claim, nothing is taken on trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.reasoner import Material
from agents.worded.answers import SectionForm, SentenceForm
from chart.fact import Fact
from chart.instructions import runs_on
from claims.claim import Citation, Claim, Computed, Draft, PassageCitation, Section, Task, cite
from claims.compute import NotComputable, computed
from claims.printed import own_words, quoted
from claims.traced import traced

_CITED_ROLES = (
    *("name", "value", "unit", "unit_code", "when", "ended", "recorded", "status"),
    *("dosage", "dose", "dose_unit", "frequency", "period", "period_unit"),
    *("reaction", "criticality", "family", "given", "sex", "birth", "class"),
)
MAX_CITATIONS = 40
LETTERS: Mapping[Task, str] = {"summary": "m", "comparison": "w", "suggestions": "x", "question": "q"}
"""What the ids of a model's own sentences begin with: they differ from draft to draft."""


def prepared_claims(drafts: Sequence[Draft]) -> Mapping[str, Claim]:
    """Prepared claims by id."""
    return {c.id: c for d in drafts for c in d.claims}


def to_draft(
    task: Task, sections: Sequence[SectionForm], prepared: Mapping[str, Claim], material: Material, *, tainted: bool
) -> Draft:
    """A draft of claims; what is wrong with them is for the verifier to say, so that it can be mended once."""
    made: list[Section] = []
    count = 0
    used: set[str] = set()
    for form in sections:
        claims: list[Claim] = []
        for sentence in form.sentences:
            count += 1
            claim = to_claim(sentence, f"{LETTERS[task]}{count}", prepared, material, tainted=tainted)
            if claim.id not in used:
                used.add(claim.id)
                claims.append(claim)
        if claims:
            made.append(Section(title=form.title, claims=tuple(claims)))
    return Draft(task=task, sections=tuple(made), tainted=tainted)


def to_claim(
    form: SentenceForm, claim_id: str, prepared: Mapping[str, Claim], material: Material, *, tainted: bool
) -> Claim:
    """One claim; an id that is not in the chart stays a citation that leads nowhere, which the verifier refuses."""
    if form.use and form.use in prepared:
        return prepared[form.use]
    by_id = material.appraisal.chart.by_id
    names = list(dict.fromkeys((*form.facts, *form.of)))
    facts = [by_id[f] for f in names if f in by_id]
    nowhere = tuple(Citation(reference=f, path=f, value="", fact=f) for f in names if f not in by_id)
    one = _computed(form, material) if form.op else None
    passages = _passages(form, material)
    said = " ".join((*form.text.split(), *(quoted(p) for p in passages)))
    made = Claim(
        id=claim_id,
        text=said or f"(prepared sentence {form.use})",
        kind="computed" if one and form.kind != "inference" else form.kind,
        salience=2,
        citations=(*nowhere, *(c for f in facts for c in citations_of(f)))[:MAX_CITATIONS],
        computed=one,
        passages=passages,
        tainted=tainted or bool(passages) or any(f.kind == "note" or runs_on(f) for f in facts),
    )
    # A word that no literal holds is the model's own opinion, whatever it calls it.
    plain = made.model_copy(update={"text": own_words(made)})
    judged = made.kind != "inference" and not traced(plain, facts, material.appraisal)
    if not judged and made.kind != "inference":
        return made
    # Nothing that code can trace chose a judgement's words: it may be any text that the model read.
    return made.model_copy(update={"kind": "inference", "tainted": True})


def _passages(form: SentenceForm, material: Material) -> tuple[PassageCitation, ...]:
    """The sentences that a form names; one that was not found stays a citation that leads nowhere."""
    lines = material.literature.lines
    return tuple(
        lines.get(name) or PassageCitation(address=name, sha256="", text="", reference="")
        for name in dict.fromkeys(form.quotes)
    )


def _computed(form: SentenceForm, material: Material) -> Computed | None:
    by_id = material.appraisal.chart.by_id
    if form.op == "":
        return None
    try:
        return computed(form.op, [by_id[f] for f in form.of if f in by_id], material.appraisal)
    except NotComputable:
        # Kept as it was meant: the verifier says what is wrong with it.
        return Computed(op=form.op, of=tuple(form.of), value="0", unit="")


def citations_of(fact: Fact) -> list[Citation]:
    """Everything of a fact that a sentence may repeat."""
    return [cite(fact, fact.cells[role]) for role in _CITED_ROLES if role in fact.cells]
