"""What is said: a sentence and what it stands on, grouped into sections and drafts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from chart.fact import Cell, Fact

ClaimKind = Literal["fact", "computed", "absence", "inference"]
Task = Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,39}$")]
"""What a draft is an answer to. Which there are is for the reasoner to say (`agents.reasoner.Reasoner.tasks`)."""
Operation = Literal[
    "difference",
    "percent_change",
    "count",
    "age",
    "days_since",
    "months_since",
    "days_between",
    "months_between",
    "mean",
    "minimum",
    "maximum",
    "quotient_percent",
    "implied_glucose",
    "implied_egfr",
    "range_low",
    "range_high",
    "gestational_weeks",
    "fluid_balance",
    "dose_per_kg_once",
    "dose_per_kg_day",
    "dose_once",
    "dose_day",
    "least_per_kg_once",
    "least_per_kg_day",
    "most_per_kg_once",
    "most_per_kg_day",
    "most_once",
    "most_day",
]


class Record(BaseModel):
    """A frozen record that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Citation(Record):
    """One literal of one resource version."""

    reference: str
    """``Type/id/_history/version``, or ``Type/id`` where the server keeps no versions."""
    path: str
    """FHIRPath of the literal, with list indexes where there is more than one."""
    value: str
    """The literal's text as the resource has it."""
    fact: str
    """Short id of the fact, such as ``L12``."""


class Computed(Record):
    """A number that code worked out and the verifier works out again."""

    op: Operation
    """What was done."""
    of: tuple[str, ...]
    """Fact ids it was done to, in order."""
    value: str
    """The result, as shown."""
    unit: str
    """UCUM unit of the result; empty for a count."""


class Quote(Record):
    """Words of a note, at an address that can be opened."""

    fact: str
    """Short id of the note, such as ``N12``."""
    reference: str
    """``Type/id/_history/version`` of the note."""
    path: str
    """FHIRPath of the attachment's data."""
    text: str
    """The words, white space folded, as they stand in the note."""


class PassageCitation(Record):
    """One sentence of a paper or a guideline, whole, at an address that can be opened."""

    address: str
    """``<passage>#<index>``, such as ``pmid:12230038/1#3``; index 0 is the title."""
    sha256: str
    """Of the whole passage, so that a change of its words is seen."""
    text: str
    """The sentence, word for word."""
    reference: str
    """Where it is printed, in words: journal, year, kind of publication, number."""


LONGEST = 1500
"""Characters of one sentence, at the most."""


class Claim(Record):
    """One sentence and everything it stands on."""

    id: str
    """Short id within its draft, such as ``s7``."""
    text: str = Field(min_length=1, max_length=LONGEST)
    """The sentence."""
    kind: ClaimKind
    """How it is grounded; an ``inference`` is labelled as judgement."""
    salience: int = Field(ge=1, le=5)
    """1 is read first."""
    citations: tuple[Citation, ...] = ()
    """What it cites."""
    computed: Computed | None = None
    """Its computation."""
    also_computed: tuple[Computed, ...] = ()
    """Further computations of the same sentence."""
    coverage: str | None = None
    """For an absence: the coverage line that says one has looked."""
    absent: tuple[str, ...] = ()
    """For an absence: what was not found: ``kind:…``, ``measurement:…``, ``class:…``, ``ingredient:…``, ``code:…``."""
    guideline: str | None = None
    """For a recommendation: its ``id|version``; its title may stand in the sentence word for word."""
    quotes: tuple[Quote, ...] = ()
    """Words of notes that it repeats in quotation marks."""
    passages: tuple[PassageCitation, ...] = ()
    """Sentences of the literature that it repeats, whole, in quotation marks."""
    tainted: bool = False
    """Whether running text (of a note, a paper, a long entry) or a model's own judgement had a part in its words."""

    @property
    def line(self) -> str:
        """The sentence as it stands on the page and in what is written: what is a judgement says so."""
        return f"{self.text} (judgement)" if self.kind == "inference" else self.text

    @property
    def computations(self) -> tuple[Computed, ...]:
        """All computations."""
        return ((self.computed,) if self.computed else ()) + self.also_computed

    @property
    def facts(self) -> tuple[str, ...]:
        """Ids of all facts that it cites or computes from, each once, in order."""
        cited = [*(c.fact for c in self.citations), *(q.fact for q in self.quotes)]
        return tuple(dict.fromkeys([*cited, *(f for c in self.computations for f in c.of)]))


class Section(Record):
    """A titled group of claims."""

    title: str
    """What a clinician reads above it."""
    claims: tuple[Claim, ...]
    """In the order of the page."""


class Removed(Record):
    """A sentence that did not stand, kept visible."""

    text: str
    """The sentence as drafted."""
    reason: str
    """Why it was removed."""


class Draft(Record):
    """One text of one task."""

    task: Task
    """What it answers."""
    sections: tuple[Section, ...]
    """In the order of the page."""
    removed: tuple[Removed, ...] = ()
    """What did not stand."""
    tainted: bool = False
    """Whether it was worded after reading text that tried to give instructions."""
    refusal: str | None = None
    """For a question that the chart does not answer: what is missing."""
    notice: tuple[str, ...] = ()
    """What its reader must know of how it was made, such as what did not fit the model's context."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims in order."""
        return tuple(c for s in self.sections for c in s.claims)


def cite(fact: Fact, cell: Cell) -> Citation:
    """A citation of one cell of a fact."""
    return Citation(reference=cell.source or fact.citation, path=cell.path, value=cell.text, fact=fact.id)
