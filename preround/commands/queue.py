"""`preround queue`, `preround show`: what waits for a person, and one item whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, get_args

import typer
from rich.text import Text

from preround.commands.incidents import incident_json, say_incidents
from preround.doing import rounds
from preround.door import Fhir, Json, enter, err, out, write_json
from preround.failure import Unusable
from preround.people.signing import me_here
from preround.shown.items import row
from preround.web.wording import span_words
from preround.wiring import House
from review.card import Card
from review.incidents import incidents
from review.item import Item, ItemState
from review.queue import queue as items_of
from review.standing import Standing, standings
from review.worklist import Wanted, Whose, cards_of, narrowed
from store.artifacts import ArtifactDamaged, ArtifactMissing, ArtifactPurged


def queue(
    status: Annotated[
        str | None, typer.Option("--status", help="open, approved, rejected, expired, …; all without it.")
    ] = None,
    whose: Annotated[
        str | None,
        typer.Option(
            "--whose",
            help="With --as: mine, cover, asked, escalated, me or nobody: whose the items are that are listed.",
        ),
    ] = None,
    as_: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Who looks, for --whose.")] = None,
    reported: Annotated[
        bool, typer.Option("--incidents", help="List the reports that opened an incident instead.")
    ] = False,
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """List the review items: whose, how risky, how old, until when, and what each proposes to write."""

    async def work(house: House) -> int:
        if reported:
            return _incidents(house, json)
        found = _wanted(house, status, whose, as_)
        stand = standings(house.services.db, found, policy=house.services.policy)
        critical = {i.item_id: critical_of(house, i) for i in found if i.state == "open"}
        cards = cards_of(house.services.db, found)
        if json is not None:
            write_json(
                [
                    {
                        **row(item, stand[item.item_id]),
                        "critical": critical.get(item.item_id, []),
                        "proposes": [one.title for one in cards[item.item_id].proposed],
                    }
                    for item in found
                ],
                json,
            )
        if json != "-":
            for item in found:
                for words in critical.get(item.item_id, ()):
                    err.print(f"{words} ({item.patient}, item {item.item_id})", style="bold red", markup=False)
            for item in found:
                _say_item(item, cards[item.item_id], stand[item.item_id], house.services.clock.now())
            if not found:
                nothing = "Nothing waits. Draft something with `preround run PATIENT`."
                out.print(nothing if whose is None else "No item is all of that. See everything with `preround queue`.")
        return 0

    enter(work, fhir=fhir, json=json)


def _wanted(house: House, status: str | None, whose: str | None, person: str | None) -> tuple[Item, ...]:
    """The items that are asked for, oldest first."""
    if status is not None and status not in get_args(ItemState):
        raise Unusable(f"There is no status {status}; choose among {', '.join(get_args(ItemState))}")
    if whose is None:
        return items_of(house.services.db, states=None if status is None else {status})  # type: ignore[arg-type]
    if whose not in get_args(Whose):
        raise Unusable(f"--whose {whose} is none of {', '.join(get_args(Whose))}")
    me = me_here(house.services.policy, person or "")
    if me is None and whose not in ("anybody", "nobody"):
        raise Unusable("Say with --as NAME who looks; it says whose the items are")
    state = status or ("expired" if whose == "escalated" else "open")
    return narrowed(house.services.db, Wanted(state=state, claimed=whose, order="oldest"), me=me)  # type: ignore[arg-type]


def _say_item(item: Item, card: Card, stands: Standing, now: datetime) -> None:
    """One item in lines that a narrow terminal folds and does not cut."""
    when = f"waits {span_words(now - item.opened)}"
    if item.state != "open":
        when = f"{item.state}, opened {item.opened.isoformat()[:16]}"
    elif item.expires_at > now:
        when += f", expires in {span_words(item.expires_at - now)}"
    else:
        when += ", its time is over"
    whose = f", claimed by {item.claimed_by}" if item.claimed_by else ""
    out.print(Text.assemble((item.item_id, "bold"), f"  tier {item.tier}  {card.identity.name}  {item.patient}"))
    out.print(f"    {when}{whose}", markup=False)
    for words in _standing_words(item, stands):
        out.print(f"    {words}", markup=False)
    for one in card.proposed:
        out.print(f"    {one.n}. {one.title} ({one.kind}{', changes the record' if one.change else ''})", markup=False)


def _standing_words(item: Item, stands: Standing) -> Iterator[str]:
    duty = stands.duty
    if duty is not None and duty.escalated_at is not None:
        then = f"{item.claimed_by} has taken it up" if item.claimed_by else "nobody has taken it up: preround claim"
        yield f"escalated to {duty.escalate} at {duty.escalated_at.isoformat()[:16]}; {then}"
    elif duty is not None and item.state == "open":
        yield f"for {duty.owner}, covered by {duty.cover} from {duty.cover_from.isoformat()[:16]}"
    if item.state == "open" and stands.signing.needed > 1:
        yield "; ".join([str(stands.signing), *(f"{one.person} asked {one.asked}" for one in stands.asks)])


def critical_of(house: House, item: Item) -> list[str]:
    """The critical values of the round that opened an item, in words, or that they cannot be read."""
    try:
        found = rounds.result(house, item.run_id)
    except ArtifactPurged:
        return []
    except (ArtifactDamaged, ArtifactMissing) as error:
        return [f"Whether there was a critical value cannot be said: {error}"]
    return [one["text"] for one in found.get("critical", ())]


def _incidents(house: House, json: str | None) -> int:
    """Reports of harm or near harm, newest first."""
    found = incidents(house.services.db)
    if json is not None:
        write_json([incident_json(one) for one in found], json)
    if json != "-":
        say_incidents(found)
    return 0
