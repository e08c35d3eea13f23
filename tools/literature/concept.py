"""What may be asked over the network: concepts of our own tables, and nothing else.

A `Concept` is a row of a table that ships with Preround, named by its key; it has no place for a name, a date, a place
or a sentence, and one whose key stands in no table cannot be made. The words that leave are the table's, never the
chart's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

from chart.concept import concept_of, concepts
from chart.drug import drugs
from chart.fact import Fact
from tools.literature.analysis import terms
from tools.literature.errors import QueryUnusable

ConceptKind = Literal["problem", "ingredient", "class"]
Topic = Literal["treatment", "diagnosis", "prognosis", "monitoring", "prevention", "harms", "guideline"]
MOST = 4
"""Concepts of one query: a longer list could be one person's own."""


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Mapping[str, list[str]]]:
    return tomllib.loads(resources.files("tools.literature.tables").joinpath("concepts.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def vocabulary() -> Mapping[tuple[ConceptKind, str], tuple[str, ...]]:
    """Every concept that may be asked about, with its words. A site's own tables are not in it."""
    known: dict[tuple[ConceptKind, str], tuple[str, ...]] = {}
    for key, words in _table()["problems"].items():
        known["problem", key] = tuple(words)
    for ingredient, classes in drugs().classes.items():
        known["ingredient", ingredient] = (ingredient,)
        for name in classes:
            known["class", name] = (name,)
    return known


@dataclass(frozen=True, kw_only=True, slots=True)
class Concept:
    """One row of a table of ours."""

    kind: ConceptKind
    """Which table."""
    key: str
    """The row's key, such as `ckd` or `metformin`."""

    def __post_init__(self) -> None:
        """Refuse what stands in no table.

        Raises:
            QueryUnusable: there is no such row; what was given is not repeated.
        """
        if (self.kind, self.key) not in vocabulary():
            msg = "Only problems and medicines of Preround's own tables may be asked about over the network."
            raise QueryUnusable(msg)

    @property
    def words(self) -> tuple[str, ...]:
        """The table's words for it."""
        return vocabulary()[self.kind, self.key]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConceptQuery:
    """A question in concepts: papers that speak of all of them."""

    concepts: tuple[Concept, ...]
    """From 1 to `MOST`."""
    topic: Topic | None = None
    """What is asked about them."""

    def __post_init__(self) -> None:
        """Refuse an empty or a long list, and anything that is not what it says.

        Raises:
            QueryUnusable: it cannot be asked.
        """
        fits = 1 <= len(self.concepts) <= MOST and all(type(concept) is Concept for concept in self.concepts)
        if not fits or (self.topic is not None and self.topic not in _table()["topics"]):
            msg = f"Ask about 1 to {MOST} problems or medicines of Preround's own tables."
            raise QueryUnusable(msg)

    @property
    def parts(self) -> tuple[tuple[str, ...], ...]:
        """One group of words for each concept, then the topic's; a paper must have one of each group."""
        topic = (tuple(_table()["topics"][self.topic]),) if self.topic else ()
        return tuple(concept.words for concept in self.concepts) + topic

    @property
    def text(self) -> str:
        """As plain words, for the local index."""
        return " ".join(part[0] for part in self.parts)


def concept_of_fact(fact: Fact) -> Concept | None:
    """The concept of a problem or a medicine of a chart; None where our tables do not have it."""
    if fact.kind == "problem":
        key = concept_of(fact, concepts()).key
        return Concept(kind="problem", key=key) if ("problem", key) in vocabulary() else None
    if fact.kind == "medication":
        known = [i.name for i in drugs().read(fact.name).ingredients if ("ingredient", i.name) in vocabulary()]
        return Concept(kind="ingredient", key=known[0]) if known else None
    return None


def query_about(facts: Iterable[Fact], topic: Topic | None = None) -> ConceptQuery | None:
    """The question that some facts of a chart amount to, each concept once; None where our tables have none of them."""
    found = dict.fromkeys(c for fact in facts if (c := concept_of_fact(fact)) is not None)
    return ConceptQuery(concepts=tuple(found)[:MOST], topic=topic) if found else None


def query_in(text: str) -> ConceptQuery | None:
    """The concepts and the topic that somebody typed, by their names in our tables; other words are left out.

    Longer names win: `chronic kidney disease` is one concept. None where no concept is named.
    """
    said = terms(text)
    names = {tuple(terms(word)): Concept(kind=k, key=key) for (k, key), words in vocabulary().items() for word in words}
    names |= {
        tuple(terms(c.short)): Concept(kind="problem", key=c.key) for c in concepts() if c.key in _table()["problems"]
    }
    found: dict[Concept, None] = {}
    at = 0
    longest = max(len(name) for name in names)
    while at < len(said):
        for length in range(min(longest, len(said) - at), 0, -1):
            if (concept := names.get(tuple(said[at : at + length]))) is not None:
                found[concept] = None
                at += length - 1
                break
        at += 1
    if not found:
        return None
    topic = next((t for t in _topics() if set(terms(t)) <= set(said)), None)
    return ConceptQuery(concepts=tuple(found)[:MOST], topic=topic)


def _topics() -> tuple[Topic, ...]:
    return ("treatment", "diagnosis", "prognosis", "monitoring", "prevention", "harms", "guideline")
