"""The queue as its page shows it: what waits, for whom, how risky, how old, until when, and what it proposes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import cast

from chart.identity import Identity
from graphs.node import run_of
from graphs.switched import hushed
from preround.failure import Missing
from preround.web.queue_address import CONCERNS, address_of, fields_of
from preround.web.readings import Readings
from preround.web.wording import STATES, TIERS
from preround.wiring import House
from review.card import About, Card, Proposed, card_of
from review.item import Item, ItemState
from review.pace import Pace, paces
from review.queue import show
from review.standing import Standing, standings
from review.worklist import MINE, CursorUnusable, Line, Me, Order, Wanted, Whose, concerning, lines, views
from store import runs
from store.runs import Run, RunStatus

MOST = 50
"""So many items stand on one page."""
_TEXTS = frozenset({"Composition", "DocumentReference"})
_UNDER_WAY: frozenset[RunStatus] = frozenset({"running", "committing", "failed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class LineView:
    """One item of the queue."""

    item: Item
    """The item."""
    card: Card
    """What it is about and what it proposes."""
    tier: str
    """How risky, in words."""
    asked: tuple[Proposed, ...]
    """What is proposed beside texts, riskiest first."""
    texts: tuple[str, ...]
    """The titles of the texts."""
    overdue: bool
    """Whether its time is over."""
    soon: bool
    """Whether it expires within the hour."""
    standing: Standing
    """Whose it is, who was asked, how many have signed."""
    hurried: tuple[Pace, ...]
    """The signatures on it that came sooner than it can be read."""

    @property
    def claimable(self) -> bool:
        """Whether somebody can make it theirs: it waits for a decision, or it ran out and was escalated."""
        duty = self.standing.duty
        return self.item.state == "open" or (
            self.item.state == "expired" and duty is not None and duty.escalated_at is not None
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RoundView:
    """One round that has no item to decide: it is under way, or it failed."""

    run: Run
    """Its row."""
    identity: Identity
    """Who it is about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One choice among several."""

    words: str
    """What it shows."""
    href: str
    """Where it leads."""
    here: bool
    """Whether it is what is shown."""
    count: int | None = None
    """How many items are there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueView:
    """Everything on the queue's page."""

    wanted: Wanted
    """What is shown."""
    fields: Mapping[str, str]
    """The same as fields of a form; what is as usual is left out."""
    lines: tuple[LineView, ...]
    """The items."""
    total: int
    """How many there are in all."""
    following: str | None
    """The next page."""
    first_page: str | None
    """The first page, when this is a later one."""
    states: tuple[Link, ...]
    """By state."""
    concerns: tuple[Link, ...]
    """What is this person's, what they cover, were asked, and were told of; none where nobody is known."""
    kept: tuple[Link, ...]
    """The views that this person keeps."""
    rounds: tuple[RoundView, ...]
    """Rounds under way and the last that failed."""
    me: str
    """Who looks; empty where it is not known."""
    now: datetime
    """When the page was made."""
    waiting: int
    """How many items wait in all."""

    @property
    def narrowed(self) -> bool:
        """Whether more than the state narrows what is shown."""
        return replace(self.wanted, state="open", order="urgent") != Wanted()


def queue_of(house: House, readings: Readings, wanted: Wanted, *, me: Me | None, after: str | None = None) -> QueueView:
    """A page of the queue.

    Raises:
        Missing: `after` is no place in it.
    """
    now, db = house.services.clock.now(), house.services.db
    try:
        found = lines(db, wanted, me=me, after=after, most=MOST)
    except CursorUnusable as error:
        raise Missing(str(error)) from error
    everything = sum(found.counts.values())
    stand = standings(db, [one.item for one in found.lines], policy=house.services.policy)
    return QueueView(
        wanted=wanted,
        fields=fields_of(wanted),
        lines=tuple(_line(house, readings, one, stand[one.item.item_id], now) for one in found.lines),
        total=found.total,
        following=address_of(wanted, after=found.following) if found.following else None,
        first_page=address_of(wanted) if after else None,
        states=tuple(_states(wanted, found.counts, everything)),
        concerns=tuple(_concerns(wanted, concerning(db, me))) if me else (),
        kept=tuple(
            Link(words=name, href=address_of(kept), here=kept == wanted)
            for name, kept in (views(db, me.name) if me else ())
        ),
        rounds=_rounds(house, readings) if wanted.state in ("open", None) and not after else (),
        me=me.name if me else "",
        now=now,
        waiting=found.counts.get("open", 0),
    )


def _states(wanted: Wanted, counts: Mapping[ItemState, int], everything: int) -> Iterator[Link]:
    for state, words in STATES.items():
        named = cast("ItemState", state)
        if counts.get(named) or state in ("open", wanted.state):
            order: Order = "urgent" if state == "open" else "latest"
            there = replace(wanted, state=named, order=order)
            yield Link(
                words=words.capitalize(), href=address_of(there), here=state == wanted.state, count=counts.get(named, 0)
            )
    there = replace(wanted, state=None, order="latest")
    yield Link(words="All", href=address_of(there), here=wanted.state is None, count=everything)


def _concerns(wanted: Wanted, counts: Mapping[Whose, int]) -> Iterator[Link]:
    for whose, words in CONCERNS.items():
        order: Order = "urgent" if MINE[whose] == "open" else "latest"
        there = Wanted(state=MINE[whose], claimed=whose, order=order)
        here = (wanted.state, wanted.claimed) == (there.state, there.claimed)
        yield Link(words=words, href=address_of(there), here=here, count=counts[whose])


def _line(house: House, readings: Readings, line: Line, standing: Standing, now: datetime) -> LineView:
    item = line.item
    left = (item.expires_at - now).total_seconds()
    card = line.card or _older(house, readings, item)
    return LineView(
        item=item,
        card=card,
        tier=TIERS[item.tier],
        asked=tuple(sorted((one for one in card.proposed if one.kind not in _TEXTS), key=lambda one: -one.tier)),
        texts=tuple(one.title for one in card.proposed if one.kind in _TEXTS),
        overdue=item.state == "open" and left <= 0,
        soon=item.state == "open" and 0 < left <= 3600,
        standing=standing,
        hurried=_hurried(house, item, card, standing),
    )


def _hurried(house: House, item: Item, card: Card, standing: Standing) -> tuple[Pace, ...]:
    words, pace = sum(one.words for one in card.proposed), house.settings.reading_words_a_minute
    return tuple(one for one in paces(item, words, standing.signed, words_a_minute=pace) if one.hurried)


def _older(house: House, readings: Readings, item: Item) -> Card:
    """The card of an item of an earlier release, made from its round."""
    run = run_of(house.services, item.run_id)
    critical = tuple(one["text"] for one in readings.result(run).get("critical", ()))
    about = About(identity=readings.identity(run), critical=critical)
    return card_of(show(house.services.db, item.item_id).proposal, about)


def _rounds(house: House, readings: Readings) -> tuple[RoundView, ...]:
    with house.services.db.read() as connection:
        found = runs.by_status(connection, _UNDER_WAY)
    told = (run for run in found[::-1] if not hushed(house.services, run))
    return tuple(RoundView(run=run, identity=readings.identity(run)) for run in islice(told, 10))
