"""What a round asks the literature: a recommendation and coded concepts of the chart; nothing that tells who it is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from chart.fact import Fact
from tools.literature.analysis import terms
from tools.literature.concept import Concept, ConceptQuery, Topic, concept_of_fact, query_in

CONCEPTS = 2
"""Concepts that a passage must all speak of; with more hardly any paper does."""


@lru_cache(maxsize=1)
def quoting() -> Mapping[str, Any]:
    """The table of what is worth quoting."""
    text = resources.files("tools.literature.tables").joinpath("quoting.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    phrases = {name: tuple(re.split(r"[|\n]", table[name].strip())) for name in ("intends", "labels")}
    acts = {terms(verb)[0]: frozenset(terms(words)) for verb, words in table["acts"].items()}
    read = {"places": frozenset(terms(table["places"])), "asks": frozenset(terms(table["asks"])) | acts.keys()}
    return table | phrases | read | {"acts": acts, "states": frozenset(table["states"].split())}


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One thing asked."""

    about: str
    """The recommendation's ``id|version``, or ``question``."""
    title: str
    """The recommendation's title; empty for a person's question. It is asked of the local index only."""
    topics: tuple[str, ...] = ()
    """What the recommendation is about."""
    concepts: ConceptQuery | None
    """What sources over the network are asked; none where our tables have nothing of it."""

    @property
    def words(self) -> str:
        """As the local index is asked."""
        return " ".join(part for part in (self.title, self.concepts.text if self.concepts else "") if part)

    @property
    def telling(self) -> frozenset[str]:
        """The terms of the title that say what it is about."""
        asks: frozenset[str] = quoting()["asks"]
        return frozenset(terms(self.title)) - asks

    @property
    def acts(self) -> frozenset[str]:
        """The terms by which a text speaks of doing what the title asks for; those of every verb where it has none."""
        known: Mapping[str, frozenset[str]] = quoting()["acts"]
        verb = next((term for term in terms(self.title) if term in known), None)
        return known[verb] if verb else frozenset().union(*known.values())

    @property
    def places(self) -> frozenset[str]:
        """The terms of its topics that say what of the body it is about."""
        known: frozenset[str] = quoting()["places"]
        return frozenset(terms(" ".join(self.topics))) & known


def question_of(*, about: str, title: str, topics: Sequence[str], facts: Iterable[Fact]) -> Question:
    """What is asked about a recommendation that is due.

    Args:
        about: its ``id|version``.
        title: its title.
        topics: what it is about.
        facts: the facts of the chart that make it due; of them only the rows of our tables are used.
    """
    named = query_in(f"{title} {' '.join(topics)}")
    own = named.concepts if named else ()
    more = (c for fact in facts if (c := concept_of_fact(fact)) is not None)
    found: tuple[Concept, ...] = tuple(dict.fromkeys((*own, *more)))[:CONCEPTS]
    known: Mapping[str, Topic] = quoting()["topics"]
    topic = next((known[t] for t in topics if t in known), None)
    concepts = ConceptQuery(concepts=found, topic=topic) if found else None
    return Question(about=about, title=title, topics=tuple(topics), concepts=concepts)


def question_in(text: str) -> Question | None:
    """What is asked about a person's question: the concepts that it names, and nothing else of its words."""
    concepts = query_in(text)
    return Question(about="question", title="", concepts=concepts) if concepts else None
