"""What each entry stands on, what of it whoever is here has opened, and how much its tier asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from chart.reference import bare
from preround.doing.evidence import opened_here
from preround.people.signing import name_here, policy_here
from preround.web.item_page import ItemView
from preround.wiring import House
from review.opened import still_to_open, to_open


@dataclass(frozen=True, kw_only=True, slots=True)
class Stand:
    """One source of one entry."""

    href: str
    """Its page."""
    words: str
    """What it is."""
    opened: bool
    """Whether whoever is here has opened it, by the record."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One entry whose tier asks that evidence is opened."""

    n: int
    """The entry."""
    least: int
    """So many of its sources each signer opens, or all where there are fewer."""
    missing: int
    """So many whoever is here has still to open."""
    stands: Sequence[Stand]
    """What it stands on."""


def evidence_of(house: House, view: ItemView, *, given: str) -> tuple[tuple[Evidence, ...], bool]:
    """The entries that ask for opened evidence, and whether the policy takes that as given for whoever is here.

    Args:
        house: the running program.
        view: the item's page.
        given: the name that was given; it counts where nobody signs in.
    """
    policy, item = policy_here(house.services.policy), view.shown.item
    asked = [one.entry for one in view.entries if view.can_decide and to_open(policy, one.entry)]
    if not asked:
        return (), False
    sources = {bare(one.source) for one in opened_here(house, item, given=given)}
    missing = still_to_open(policy, asked, sources)
    words = {one.href: one.words for one in view.sources}
    found = []
    for entry in asked:
        places = dict.fromkeys(map(bare, entry.sources))
        links = {place: f"/items/{item.item_id}/sources/{quote(place)}#cited" for place in places}
        found.append(
            Evidence(
                n=entry.n,
                least=to_open(policy, entry),
                missing=missing.get(entry.n, 0),
                stands=[
                    Stand(href=href, words=words.get(href) or place.partition("/")[0], opened=place in sources)
                    for place, href in links.items()
                ],
            )
        )
    grant = policy.grant(name_here(given) or "anybody")
    return tuple(found), "evidence_opened" in grant.attests
