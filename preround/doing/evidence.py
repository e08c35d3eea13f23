"""Evidence as doors open it: the resource in the version that was read, and the record of who opened it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from preround.people.signing import signer_here
from preround.wiring import House
from review.item import Item
from review.opened import note_opened, opened_of, still_to_open
from review.policy import person_key
from review.proposal import Entry
from review.signer import Signer
from store.database import DatabaseFull
from store.opened import OpenedRow as Opened


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedSource:
    """A source as it was read."""

    reference: str
    """In the version that was read."""
    resource: Mapping[str, Any]
    """What it says."""


LITERATURE = "literature/"
"""Before the id of a passage, where a paper was opened and no resource."""


def note(house: House, item_id: str, source: str, *, given: str) -> Opened | None:
    """Record that whoever is here has opened a source.

    Args:
        house: the running program.
        item_id: the item that it stands behind.
        source: the versioned reference, or that of a passage.
        given: the name that was given; it counts where nobody signs in.

    Returns:
        The record; None where nobody is known by name, nobody can sign the item any more, or the disk is full. Then the
        source is shown all the same, and does not count.
    """
    signer = signer_here(house.services.clock.now())
    name, key = _who(house, signer, given)
    if not key:
        return None
    try:
        return note_opened(
            house.services.db, item_id=item_id, person=name, key=key, source=source, now=house.services.clock.now()
        )
    except DatabaseFull:
        return None


def opening_json(item_id: str, found: OpenedSource, noted: Opened | None) -> dict[str, Any]:
    """One opened source as `show --source --json` and the API give it."""
    return {
        "item": item_id,
        "source": found.reference,
        "resource": found.resource,
        "person": noted.person if noted else None,
        "revision": noted.revision if noted else None,
        "proposal_sha256": noted.proposal_sha256 if noted else None,
        "at": noted.at.isoformat() if noted else None,
    }


def opened_here(house: House, item: Item, *, given: str) -> tuple[Opened, ...]:
    """What whoever is here has opened of an item as it stands."""
    _, key = _who(house, signer_here(house.services.clock.now()), given)
    return tuple(one for one in opened_of(house.services.db, item) if one.person_key == key)


def entries_json(house: House, item: Item, entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    """Who opened which source of an item as it stands, as `show --json` gives it, and what each may not yet sign."""
    found = opened_of(house.services.db, item)
    people = {one.person_key: one.person for one in found}
    by = {key: [one for one in found if one.person_key == key] for key in people}
    return [
        {
            "person": name,
            "sources": [{"source": one.source, "at": one.at.isoformat()} for one in by[key]],
            "still_to_open": _missing(house, entries, by[key]),
        }
        for key, name in people.items()
    ]


def _missing(house: House, entries: tuple[Entry, ...], of: list[Opened]) -> Mapping[str, int]:
    found = still_to_open(house.services.policy, entries, {one.source for one in of})
    return {str(n): missing for n, missing in found.items()}


def _who(house: House, signer: Signer | None, given: str) -> tuple[str, str]:
    """A name and what tells it from others; nobody, where people sign in and none has."""
    if signer is not None:
        return signer.name, signer.key
    return ("", "") if house.settings.people_sign_in else (given, person_key(given))
