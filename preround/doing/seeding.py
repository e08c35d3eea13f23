"""Seeded errors: copies of what was drafted for invented patients, each with one known error, to measure attention.

Off unless the setting says a share, and for the invented patients of the embedded sandbox alone.
"""

from __future__ import annotations

import hashlib
import html
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from claims.derived_id import derived_id
from fhir_fixtures import PATIENTS
from fhir_fixtures.loading import load_story
from fhir_fixtures.planted import KINDS, ErrorKind, planted
from preround.wiring import House
from review.card import read_card
from review.item import Item
from review.proposal import Draft, drafts_of
from review.queue import queue, show
from review.seeding import Copy, open_copy
from store import artifacts, runs, seeded


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one error can stand."""

    entry: int
    """The entry."""
    kind: ErrorKind
    """What sort of error."""
    was: str
    """The sentence."""
    says: str
    """The sentence with the error."""


def seed(house: House) -> tuple[Item, ...]:
    """Open copies of a share of the items that wait, rounded up, each with one known error.

    Of what was drafted for the invented patients alone, and each item once, however often this is called.

    Args:
        house: the running program; `seeded_share` of its settings says how large a share.

    Returns:
        The copies that were opened now; none without the setting, or with a FHIR server of the site's own.
    """
    share = house.settings.seeded_share
    if share <= 0 or house.sandbox is None:
        return ()
    db = house.services.db
    with db.read() as connection:
        copied = {one.copy_of for one in seeded.every(connection)}
        ours = seeded.rounds(connection)
    invented = frozenset(f"Patient/fx-{load_story(path).story}-patient" for path in PATIENTS.glob("*.yaml"))
    waiting = [i for i in queue(db, states={"open"}) if i.run_id not in ours and i.patient in invented]
    wanted = math.ceil(share * len(waiting)) - sum(item.item_id in copied for item in waiting)
    left = sorted((i for i in waiting if i.item_id not in copied), key=lambda item: _mixed(item.item_id))
    opened: list[Item] = []
    for item in left:
        if len(opened) >= wanted:
            break
        copy = _copy(house, item)
        if copy is not None:
            opened.append(copy)
    return tuple(opened)


def _copy(house: House, item: Item) -> Item | None:
    """One copy, with the kind of error that there are fewest of and that it has a place for; None without a place."""
    services = house.services
    proposal = show(services.db, item.item_id).proposal
    with services.db.read() as connection:
        run = runs.get(connection, item.run_id)
        count = seeded.by_kind(connection)
        if run is None or run.result_sha256 is None or item.card_sha256 is None:
            return None
        result = artifacts.get_json(connection, run.result_sha256, exact=True)
        about = read_card(connection, item.card_sha256).about
    drafts = drafts_of(proposal)
    places = sorted(_places(result, drafts), key=lambda one: (count.get(one.kind, 0), _mixed(one.kind + one.was)))
    if not places:
        return None
    place, now = places[0], services.clock.now()
    run_id = derived_id("seeded", item.item_id)
    wrong = [
        replace(draft, resource=_without_id(_said(draft.resource, place) if n == place.entry else draft.resource))
        for n, draft in enumerate(drafts, start=1)
    ]
    copy = Copy(
        run=replace(
            run,
            run_id=run_id,
            status="running",
            created=now,
            updated=now,
            closed=None,
            result_sha256=None,
            ledger=None,
            refreshes=None,
        ),
        item=item,
        proposal=proposal,
        drafts=wrong,
        result={
            **result,
            "run_id": run_id,
            **{name: _said(result[name], place) for name in ("drafts", "page") if name in result},
        },
        kind=place.kind,
        entry=place.entry,
        was=place.was,
        says=place.says,
    )
    return open_copy(services.db, copy, policy=services.policy, about=about, now=now)


def _places(result: Mapping[str, Any], drafts: Sequence[Draft]) -> Iterator[Place]:
    """Every sentence of a text that is proposed, with every kind of error that it has a place for."""
    for n, draft in enumerate(drafts, start=1):
        said = next((one for one in result.get("drafts", ()) if one["task"] == draft.task), None)
        if said is None or draft.resource.get("resourceType") != "Composition":
            continue
        for claim in (claim for section in said["sections"] for claim in section["claims"]):
            for kind in KINDS:
                wrong = planted(claim["text"], kind)
                if wrong is None:
                    continue
                place = Place(entry=n, kind=kind, was=claim["text"], says=wrong)
                if _said(draft.resource, place) != draft.resource:
                    yield place


def _said(value: Any, place: Place) -> Any:  # noqa: ANN401 - any JSON value
    """The same JSON with the sentence replaced wherever it stands, in markup too."""
    if isinstance(value, str):
        plain = value.replace(place.was, place.says)
        return plain.replace(html.escape(place.was, quote=False), html.escape(place.says, quote=False))
    if isinstance(value, Mapping):
        return {name: _said(one, place) for name, one in value.items()}
    return [_said(one, place) for one in value] if isinstance(value, list) else value


def _without_id(resource: dict[str, Any]) -> dict[str, Any]:
    """A copy gets an id of its own."""
    return {name: value for name, value in resource.items() if name != "id"}


def _mixed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
