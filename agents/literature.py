"""Literature beside suggestions: sentences of papers and guidelines, quoted whole by rule, never above the chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from claims.claim import Claim, Draft, PassageCitation, Section
from claims.printed import Printed, quoted
from claims.suggestion import Suggestion
from tools.evidence import Coverage

TITLE = "Literature"
LINES = 4
"""Sentences on a page; what was found beyond them stays in the evidence."""
SALIENCE = 5
"""Read last, and the first to be folded where a page is full."""
QUESTION = "question"
"""What literature is about that a person's question asked for."""
_ARTIFACT = "http://hl7.org/fhir/StructureDefinition/workflow-relatedArtifact"


@dataclass(frozen=True, kw_only=True, slots=True)
class Literature:
    """What a round found."""

    coverage: tuple[Coverage, ...] = ()
    """How the asking went, ``l1``, ``l2``, …; empty where nothing was asked."""
    printed: Mapping[str, Printed] = field(default_factory=dict)
    """The passages by id; only these may be quoted."""
    chosen: Mapping[str, tuple[PassageCitation, ...]] = field(default_factory=dict)
    """Sentences worth quoting, best first, by recommendation ``id|version`` or ``question``."""
    left_out: tuple[tuple[str, str], ...] = ()
    """Documents that matched and are not used, each with the reason in a word or two."""

    @property
    def lines(self) -> Mapping[str, PassageCitation]:
        """Every sentence worth quoting by a short id, ``R1``, ``R2``, …, as a model names it; each once."""
        each = dict.fromkeys(c for citations in self.chosen.values() for c in citations)
        return {f"R{n}": citation for n, citation in enumerate(each, start=1)}


def literature_claims(literature: Literature, due: Sequence[Suggestion]) -> Iterator[Claim]:
    """A few sentences beside what is due: the best of each suggestion first, each sentence once."""
    named = [(f"{s.guideline.id}|{s.guideline.version}", s.title) for s in due]
    ranks = zip_longest(*([(key, title, c) for c in literature.chosen.get(key, ())] for key, title in named))
    seen: set[str] = set()
    for one in (one for rank in ranks for one in rank if one is not None):
        key, title, citation = one
        if citation.text in seen or len(seen) == LINES:
            continue
        seen.add(citation.text)
        yield Claim(
            id=f"r{len(seen)}",
            text=f"{title}: {quoted(citation)}",
            kind="fact",
            salience=SALIENCE,
            guideline=key,
            passages=(citation,),
        )


def with_literature(draft: Draft, literature: Literature, due: Sequence[Suggestion]) -> Draft:
    """The draft of suggestions with its literature behind everything else; other drafts as they are."""
    if draft.task != "suggestions":
        return draft
    # A model that took a sentence over has said it already.
    said = {c.text for claim in draft.claims for c in claim.passages}
    claims = tuple(c for c in literature_claims(literature, due) if c.passages[0].text not in said)
    if not claims:
        return draft
    return draft.model_copy(update={"sections": (*draft.sections, Section(title=TITLE, claims=claims))})


def supported(due: Sequence[Suggestion], drafts: Sequence[Draft]) -> tuple[Suggestion, ...]:
    """The suggestions, each with the literature that stands beside it, and with it in what is proposed."""
    beside: dict[str, list[PassageCitation]] = {}
    for claim in (c for d in drafts for c in d.claims if c.guideline and c.passages):
        beside.setdefault(claim.guideline or "", []).extend(claim.passages)
    return tuple(_supported(s, tuple(beside.get(f"{s.guideline.id}|{s.guideline.version}", ()))) for s in due)


def _supported(suggestion: Suggestion, passages: tuple[PassageCitation, ...]) -> Suggestion:
    if not passages:
        return suggestion
    artifacts = [
        {"url": _ARTIFACT, "valueRelatedArtifact": {"type": "citation", "citation": quoted(p)}} for p in passages
    ]
    action = {**suggestion.action, "extension": [*suggestion.action.get("extension", ()), *artifacts]}
    return suggestion.model_copy(update={"literature": passages, "action": action})


def literature_sections(drafts: Sequence[Draft]) -> tuple[Section, ...]:
    """What the text that goes on record repeats of the literature, from whichever draft."""
    return tuple(s for d in drafts for s in d.sections if s.title == TITLE and d.task == "suggestions")
