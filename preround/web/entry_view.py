"""One proposed resource as an item's page shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from claims.diff import Change, changes
from claims.note import words_of
from preround.shown.items import entry_json, fit_words
from preround.web.wording import tier_words
from preround.wiring import House
from review.proposal import Entry
from review.queue import Shown
from review.switches import said, standing, stopping_entry, where
from store.runs import Run


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryView:
    """One proposed resource."""

    entry: Entry
    """The entry."""
    tier: str
    """Its tier in words."""
    changes: tuple[Change, ...]
    """What it would change in the record."""
    sealed: Mapping[str, Any]
    """What is written once it is signed."""
    sealing: tuple[Change, ...]
    """What signing adds."""
    fit: tuple[str, ...]
    """How it fits the server: what it stands for, what is kept here, what validation said."""
    words: str | None = None
    """The text of a note that travels inside the resource."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """One entry that can be read and not signed."""

    n: int
    """Its number."""
    title: str
    """What it is."""
    said: str
    """Who switched it off, when and why."""


def entry_view(house: House, shown: Shown, entry: Entry, now: datetime) -> EntryView:
    """One entry of an item as it would be signed now."""
    sealed = entry_json(shown, entry.n, now)["sealed"]
    return EntryView(
        entry=entry,
        tier=tier_words(house.services.policy, entry.tier),
        changes=changes(entry.base, entry.resource),
        sealed=sealed,
        sealing=changes(entry.resource, sealed),
        fit=tuple(fit_words(entry)),
        words=words_of(entry.resource),
    )


def stopped_entries(house: House, shown: Shown, run: Run) -> Iterator[Stopped]:
    """The entries of an item that somebody switched off."""
    found, at = standing(house.services.db), where(run, shown.proposal.author)
    for entry in shown.proposal.entries:
        switch = stopping_entry(found, at, entry)
        if switch is not None:
            yield Stopped(n=entry.n, title=entry.title, said=said(switch))
