"""The page behind a citation: the resource in the version that was read, with the cited literal marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chart.extract import note
from chart.extract.attachment import Unreadable
from chart.extract.statement import identity
from chart.fhirpath import resolve
from chart.identity import Identity
from chart.reference import bare
from graphs.node import run_of
from preround.doing.evidence import OpenedSource
from preround.failure import Missing
from preround.web.narrative import Narrative, narratives_of
from preround.web.readings import Readings
from preround.web.sources import Sought, sought
from preround.web.tree import Branch, tree
from preround.wiring import House
from review.proposal import Entry
from review.queue import show


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A run of a note's text."""

    text: str
    """The text."""
    marked: bool
    """Whether it is quoted."""
    first: bool = False
    """Whether it is the first that is quoted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceView:
    """Everything on a source's page."""

    item_id: str
    """The item that it was opened from."""
    identity: Identity
    """Who it is about."""
    kind: str
    """The resource's type."""
    reference: str
    """The versioned reference that was read."""
    cited: tuple[tuple[str, str], ...]
    """What is cited: FHIRPath and literal."""
    said: str | None
    """The sentence that cites it."""
    branches: tuple[Branch, ...]
    """The resource."""
    text: tuple[Piece, ...]
    """The note's text, when it is one."""
    quoted: bool
    """Whether a quoted sentence was found in the text."""
    narratives: tuple[Narrative, ...]
    """What of the resource came as markup, cleaned."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PassageView:
    """Everything on the page of a passage of the literature."""

    item_id: str
    """The item that it was opened from."""
    identity: Identity
    """Whose item it is."""
    title: str
    """The document's title."""
    heading: str
    """The heading above the passage."""
    sentences: tuple[Piece, ...]
    """The passage, with the cited sentence marked."""
    facts: tuple[tuple[str, str], ...]
    """What is known of the document, label and words."""
    link: str | None
    """Its web address."""


def passage_of(house: House, readings: Readings, item_id: str, passage: str, index: int) -> PassageView:
    """The page of a passage that a sentence of this item repeats.

    Raises:
        review.errors.ItemNotFound: there is no such item.
        Missing: no sentence of this item repeats it.
    """
    run = run_of(house.services, show(house.services.db, item_id).item.run_id)
    found = next((p for p in readings.result(run).get("literature", ()) if p["id"] == passage), None)
    if found is None:
        raise Missing("No paper of that name stands behind this item; open it from the item's own page")
    url = str(found["url"] or "")
    known = (
        ("Journal", found["journal"]),
        ("Year", found["year"]),
        ("Kind", ", ".join(found["publication_types"])),
        ("PubMed", found["pmid"]),
        ("DOI", found["doi"]),
        ("Page", found["page"]),
        ("Read from", found["origin"]),
        ("Passage", found["id"]),
        ("SHA-256", found["sha256"]),
    )
    return PassageView(
        item_id=item_id,
        identity=readings.identity(run),
        title=found["title"],
        heading=found["heading"],
        sentences=tuple(
            Piece(text=text, marked=n == index, first=n == index) for n, text in enumerate(found["sentences"], start=1)
        ),
        facts=tuple((label, str(value)) for label, value in known if value),
        link=url if url.startswith(("https://", "http://")) else None,
    )


def source_of(house: House, readings: Readings, item_id: str, ref: str, owner: str | None) -> SourceView:
    """The page of a fact's id or of `Type/id`.

    Raises:
        review.errors.ItemNotFound: there is no such item.
        Missing: the round of this item does not stand on such a resource.
        store.artifacts.ArtifactMissing, ArtifactDamaged: when the evidence is not what was kept.
    """
    run = run_of(house.services, show(house.services.db, item_id).item.run_id)
    asked, resource = _found(house, readings, item_id, ref, owner)
    text = tuple(_marked(_text(resource), asked.quotes))
    quoted = any(piece.marked for piece in text)
    return SourceView(
        item_id=item_id,
        identity=readings.identity(run),
        kind=str(resource.get("resourceType")),
        reference=asked.reference,
        cited=tuple((path, resolve(resource, path) or "") for path in asked.paths),
        said=asked.said,
        branches=tree(resource, asked.paths),
        text=text,
        quoted=quoted,
        narratives=narratives_of(resource, readings.sensitive),
    )


def opened_source(house: House, readings: Readings, item_id: str, ref: str) -> OpenedSource:
    """The resource behind a source of an item, for doors without pages.

    Args:
        house: the running program.
        readings: results and evidence.
        item_id: the item.
        ref: a fact's id or `Type/id`, with its version or without.

    Raises:
        review.errors.ItemNotFound, Missing, store.artifacts.ArtifactMissing, ArtifactDamaged: as `source_of` does.
    """
    asked, resource = _found(house, readings, item_id, bare(ref), None)
    return OpenedSource(reference=asked.reference, resource=resource)


def _found(
    house: House, readings: Readings, item_id: str, ref: str, owner: str | None
) -> tuple[Sought, Mapping[str, Any]]:
    shown = show(house.services.db, item_id)
    run = run_of(house.services, shown.item.run_id)
    asked = sought(readings.result(run), ref, owner)
    resource = readings.resources(run).get(bare(asked.reference)) if asked else None
    if resource is None:
        asked, resource = _stood_on(shown.proposal.entries, readings.resources(run), ref)
    if asked is None or resource is None:
        raise Missing("Nothing of that name stands behind this item; open a source from the item's own page")
    return asked, resource


def _stood_on(
    entries: Iterable[Entry], read: Mapping[str, Mapping[str, Any]], ref: str
) -> tuple[Sought | None, Mapping[str, Any] | None]:
    """What an entry stands on that no sentence cites: a source that was named, or the resource that it changes."""
    for entry in entries:
        kept = {
            **read,
            **({} if entry.base is None else {f"{entry.base['resourceType']}/{entry.base['id']}": entry.base}),
        }
        found = next((one for one in entry.sources if bare(one) == ref and ref in kept), None)
        if found is not None:
            return Sought(reference=found, paths=(), quotes=(), said=None), kept[ref]
    return None, None


def _text(resource: Mapping[str, Any]) -> str:
    if resource.get("resourceType") not in ("DocumentReference", "DiagnosticReport"):
        return ""
    facts = note.facts(resource, identity(resource))
    try:
        found = note.note_text(resource, facts[0]) if facts else None
    except Unreadable as error:
        return f"This note was not read: {error}."
    return found.text.strip() if found else ""


def _marked(text: str, quotes: Iterable[str]) -> Iterator[Piece]:
    """The text cut where quotes stand; a quote has its white space folded, the note may break lines inside it."""
    patterns = [r"\s+".join(re.escape(word) for word in quote.split()) for quote in quotes if quote.split()]
    at, first = 0, True
    for found in re.finditer("|".join(patterns), text, re.IGNORECASE) if patterns else ():
        yield Piece(text=text[at : found.start()], marked=False)
        yield Piece(text=found[0], marked=True, first=first)
        at, first = found.end(), False
    if text[at:]:
        yield Piece(text=text[at:], marked=False)
