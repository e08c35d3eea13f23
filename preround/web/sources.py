"""Citations as readers meet them: one number a resource on a page, and the way back from a number to the record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from chart.reference import bare
from chart.units import shown
from preround.web.wording import date_words


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One numbered link."""

    n: int
    """Its number on the page; 0 where it has none."""
    href: str
    """Where it leads, relative to the site."""
    words: str
    """What it is, for those who cannot see the number's place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """What a source page must show."""

    reference: str
    """The resource, `Type/id/_history/version` or `Type/id`."""
    paths: tuple[str, ...]
    """FHIRPaths of what is cited."""
    quotes: tuple[str, ...]
    """Words of a note that are quoted."""
    said: str | None
    """The sentence that cites it, when one link was followed."""


class Numbering:
    """Numbers resources in the order in which a page cites them.

    Args:
        item_id: the item whose page it is.
        result: the round's result.
    """

    def __init__(self, item_id: str, result: Mapping[str, Any]) -> None:
        self._base = f"/items/{item_id}/sources/"
        self._facts: Mapping[str, Mapping[str, Any]] = result.get("facts", {})
        self._numbers: dict[str, int] = {}
        self._words: dict[str, str] = {}

    def cited(self, citations: Iterable[Mapping[str, Any]], owner: str) -> tuple[Source, ...]:
        """The links of one sentence: each resource once."""
        found: dict[str, Source] = {}
        for one in citations:
            place = bare(one["reference"])
            if place not in found:
                found[place] = Source(
                    n=self._number(place, one["fact"]),
                    href=f"{self._base}{self._ref(one)}?of={quote(owner)}#cited",
                    words=self._words[place],
                )
        return tuple(found.values())

    def facts(self, ids: Iterable[str]) -> tuple[Source, ...]:
        """The links of facts that a computation used; they are named, not numbered."""
        return tuple(Source(n=0, href=f"{self._base}{i}#cited", words=self._says(i)) for i in ids if i in self._facts)

    def passage(self, address: str) -> str:
        """The page of a sentence of the literature."""
        passage, _, index = address.rpartition("#")
        return f"{self._base.replace('/sources/', '/literature/')}{quote(passage)}?sentence={index}#cited"

    def all(self) -> Sequence[Source]:
        """Every resource cited so far, by number."""
        return [
            Source(n=n, href=f"{self._base}{quote(place)}#cited", words=self._words[place])
            for place, n in self._numbers.items()
        ]

    def _ref(self, citation: Mapping[str, Any]) -> str:
        """The fact's id where the resource is the fact's own, else the reference."""
        fact = self._facts.get(citation["fact"])
        own = fact is not None and bare(fact["reference"]) == bare(citation["reference"])
        return citation["fact"] if own else quote(bare(citation["reference"]))

    def _number(self, place: str, fact_id: str) -> int:
        if place not in self._numbers:
            self._numbers[place] = len(self._numbers) + 1
            fact = self._facts.get(fact_id, {})
            what = fact.get("name") if bare(fact.get("reference", "")) == place else None
            parts = [place.partition("/")[0], what, date_words(fact.get("when"))]
            self._words[place] = " · ".join(part for part in parts if part)
        return self._numbers[place]

    def _says(self, fact_id: str) -> str:
        fact = self._facts[fact_id]
        value = " ".join(part for part in (fact["value"], shown(fact["unit"])) if part)
        return " · ".join(part for part in (fact["name"], value, date_words(fact["when"])) if part)


def owners(result: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Everything that cites, with the name that links use for it."""
    for i, one in enumerate(result.get("critical", ()), start=1):
        yield f"critical-{i}", one
    for draft in result.get("drafts", ()):
        for section in draft["sections"]:
            for claim in section["claims"]:
                yield f"{draft['task']}-{claim['id']}", claim
    for suggestion in result.get("suggestions", ()):
        yield suggestion["id"], suggestion


def sought(result: Mapping[str, Any], ref: str, owner: str | None) -> Sought | None:
    """What a link asks for: a fact's id or `Type/id`, as one sentence or as all cite it; `None` when none does."""
    fact = result.get("facts", {}).get(ref) or _point(result, ref)
    place = bare(fact["reference"]) if fact else ref
    citing = [(name, one) for name, one in owners(result) if owner in (None, name)]
    cited = [c for _, one in citing for c in _citations(one) if bare(c["reference"]) == place]
    quotes = [q for _, one in citing for q in one.get("quotes", ()) if bare(q["reference"]) == place]
    paths = [c["path"] for c in cited]
    if not cited and fact and fact.get("path"):
        paths = [fact["path"]]
    reference = next((c["reference"] for c in [*cited, *quotes]), fact["reference"] if fact else None)
    if reference is None:
        reference = next((a["reference"] for a in result.get("accounted", ()) if bare(a["reference"]) == place), None)
    if reference is None:
        return None
    said = next((one.get("text") or one.get("rationale") for name, one in citing if owner == name), None)
    return Sought(
        reference=reference,
        paths=tuple(dict.fromkeys(paths)),
        quotes=tuple(dict.fromkeys(q["text"] for q in quotes)),
        said=said,
    )


def _citations(one: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [*one.get("citations", ()), *one.get("because", ())]


def _point(result: Mapping[str, Any], fact_id: str) -> Mapping[str, Any] | None:
    points = [p for series in result.get("series", ()) for p in series["points"]]
    dated = result.get("timeline") or {}
    points += [one for kind in ("visits", "medicines", "results") for one in dated.get(kind, ())]
    return next((p for p in points if p["fact"] == fact_id), None)
