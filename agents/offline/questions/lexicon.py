"""Names that a question may hold: the chart's own, those of our tables, and what people call them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

from chart.appraisal import Appraisal
from chart.concept import plain_name
from chart.drug import Drugs
from chart.fact import Fact, FactKind
from chart.measurement import Measurements
from chart.spelling import is_named, place_of, spelled

Kind = Literal[
    "result",
    "medication",
    "problem",
    "allergy",
    "immunization",
    "procedure",
    "encounter",
    "report",
    "care_plan",
    "imaging",
    "note",
]
"""Kinds of things that questions are about."""
FACT_KINDS: Mapping[Kind, tuple[FactKind, ...]] = {
    "result": ("lab", "vital", "survey", "other"),
    "medication": ("medication", "administration"),
    "problem": ("problem",),
    "allergy": ("allergy",),
    "immunization": ("immunization",),
    "procedure": ("procedure",),
    "encounter": ("encounter",),
    "report": ("report",),
    "care_plan": ("care_plan",),
    "imaging": ("imaging",),
    "note": ("note",),
}
"""The facts of each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrase:
    """A name, and what it stands for."""

    words: tuple[str, ...]
    """Folded words."""
    kind: Kind
    """What kind of thing it names."""
    by: Literal["name", "measurement", "ingredient", "class", "concept"]
    """What ``key`` is."""
    key: str
    """The chart's own name, or a key of our tables; keys of several measurements have a comma between them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A name in a question."""

    phrase: Phrase
    """The name."""
    start: int
    """Index of its first word."""


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("agents.offline.questions").joinpath("names.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def other_words() -> Mapping[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """What people say, and how the record's names may have it; folded words."""
    return _folded("words")


@lru_cache(maxsize=2)
def _folded(table: str) -> Mapping[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    return {spelled(said): tuple(spelled(one) for one in ways) for said, ways in _table()[table].items()}


def plain_words(of: str) -> tuple[str, ...]:
    """Words that name nothing: ``frame``, what questions are made of; ``beside``, what may stand beside a name."""
    return tuple(_table()["plain"][of].split())


def ways_of(word: str, kind: Kind) -> tuple[tuple[str, ...], ...]:
    """The ways in which names of a kind may have a folded word, its own first."""
    vaccines = _folded("vaccines").get((word,), ()) if kind == "immunization" else ()
    return tuple(dict.fromkeys(((word,), *other_words().get((word,), ()), *vaccines)))


def looks_like_procedure(words: Sequence[str]) -> bool:
    """Whether a name that no table knows is one of something done."""
    patterns = [re.compile(p) for p in _table()["kinds"]["procedure"]]
    return any(p.search(word) for p in patterns for word in words)


def _measured(table: Measurements) -> Iterator[Phrase]:
    rows = _table()
    for key, one in table.by_key.items():
        for name in (one.name, *rows["measurements"].get(key, ())):
            yield Phrase(words=spelled(name), kind="result", by="measurement", key=key)
    for name, keys in rows["together"].items():
        yield Phrase(words=spelled(name), kind="result", by="measurement", key=",".join(keys))


def _drugs(table: Drugs) -> Iterator[Phrase]:
    classes = {c for found in table.classes.values() for c in found}
    for name in classes:
        yield Phrase(words=spelled(name), kind="medication", by="class", key=name)
    for name in table.classes:
        yield Phrase(words=spelled(name), kind="medication", by="ingredient", key=name)
    for name, own in table.same.items():
        yield Phrase(words=spelled(name), kind="medication", by="ingredient", key=own)


def _concepts(appraisal: Appraisal) -> Iterator[Phrase]:
    for concept in appraisal.concepts:
        if concept.kind not in ("symptom", "social", "directive") and concept.key not in (
            "infection",
            "injury",
            "dental",
        ):
            yield Phrase(words=spelled(concept.short), kind="problem", by="concept", key=concept.key)


def own_name(fact: Fact) -> str:
    """What a question would call it; ``Encounter for problem`` is not every problem."""
    return fact.name.removesuffix(" (procedure)") if fact.kind == "encounter" else plain_name(fact.name)


def _own(appraisal: Appraisal) -> Iterator[Phrase]:
    for kind, facts in FACT_KINDS.items():
        seen: set[str] = set()
        for fact in appraisal.chart.of(*facts):
            if fact.name in seen or fact.tags & {"reason", "activity"}:
                continue
            seen.add(fact.name)
            yield Phrase(words=spelled(own_name(fact)), kind=kind, by="name", key=fact.name)
            if kind == "medication":
                drug = appraisal.drug_table.read(fact.name)
                for one in drug.substances:
                    yield Phrase(words=spelled(one), kind=kind, by="ingredient", key=one)
                if drug.brand:
                    yield Phrase(words=spelled(drug.brand), kind=kind, by="name", key=fact.name)


class Lexicon:
    """The names of one chart and of our tables.

    Args:
        appraisal: the chart.
    """

    def __init__(self, appraisal: Appraisal) -> None:
        self._appraisal = appraisal
        self._by_first: dict[str, list[Phrase]] = {}
        for source in (_own(appraisal), _measured(appraisal.table), _drugs(appraisal.drug_table), _concepts(appraisal)):
            for phrase in source:
                if phrase.words:
                    self._by_first.setdefault(phrase.words[0], []).append(phrase)

    def in_(self, words: Sequence[str]) -> list[Found]:
        """Every name in a question's folded words, the longest first, the chart's own before others."""
        found = [
            Found(phrase=phrase, start=start)
            for start, word in enumerate(words)
            for phrase in self._by_first.get(word, ())
            if tuple(words[start : start + len(phrase.words)]) == phrase.words
        ]
        return sorted(found, key=lambda f: (-len(f.phrase.words), f.phrase.by != "name", f.start))

    def rewritten(self, words: Sequence[str]) -> tuple[str, ...]:
        """The words with what people call things put as the record has it: ``heart attack``, ``pap smear``."""
        for said, ways in other_words().items():
            at = place_of(said, words) if len(said) > 1 else None
            if at is not None:
                own = next((way for way in ways if self._named(way)), ways[0])
                words = (*words[:at], *own, *words[at + len(said) :])
        return tuple(words)

    def _named(self, words: Sequence[str]) -> bool:
        return any(is_named(words, fact.name) for fact in self._appraisal.chart.facts)

    def facts_named(self, kind: Kind, words: Sequence[str]) -> tuple[Fact, ...]:
        """Facts of a kind whose name holds each word, or what people also call it; oldest first."""
        ways = [ways_of(word, kind) for word in words]
        return tuple(
            f
            for f in self._appraisal.chart.of(*FACT_KINDS[kind])
            if ways and all(any(is_named(way, f.name) for way in each) for each in ways)
        )
