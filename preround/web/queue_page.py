"""The queue as its page shows it: what waits, for whom, how risky, how long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from graphs.node import run_of
from preround.failure import Missing
from preround.web.readings import Identity, Readings
from preround.web.wording import STATES, TIERS
from preround.wiring import House
from review.item import Item, ItemState
from review.queue import queue
from store import runs
from store.runs import Run, RunStatus

MOST = 100
"""So many items stand on one page; the page says how many more there are."""
ALL = "all"
_UNDER_WAY: frozenset[RunStatus] = frozenset({"running", "committing", "failed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One item of the queue."""

    item: Item
    """The item."""
    identity: Identity
    """Who it is about."""
    tier: str
    """How risky, in words."""
    critical: tuple[str, ...]
    """Critical values, in words."""
    drafts: int
    """How many texts were drafted."""
    due: int
    """How many suggestions were made."""
    overdue: bool
    """Whether its time is over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """One round that has no item to decide: it is under way, or it failed."""

    run: Run
    """Its row."""
    identity: Identity
    """Who it is about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueView:
    """Everything on the queue's page."""

    status: str
    """The state that is shown, or `all`."""
    lines: tuple[Line, ...]
    """The items: critical values first, then those that expire first; closed ones latest first."""
    left_out: int
    """How many more there are."""
    filters: tuple[tuple[str, str, int], ...]
    """State, its words, and how many items are in it."""
    rounds: tuple[Round, ...]
    """Rounds under way and the last that failed."""
    now: datetime
    """When the page was made."""


def queue_of(house: House, readings: Readings, status: str) -> QueueView:
    """The items of one state, or of all.

    Raises:
        Missing: there is no such state.
    """
    if status not in (*get_args(ItemState), ALL):
        raise Missing(f"There is no status of that name; choose among {', '.join(get_args(ItemState))} or {ALL}")
    now = house.services.clock.now()
    everything = queue(house.services.db)
    chosen = [item for item in everything if status in (ALL, item.state)]
    lines = sorted((_line(house, readings, item, now) for item in _latest(chosen)), key=_urgency)
    counts: Counter[str] = Counter(item.state for item in everything)
    return QueueView(
        status=status,
        lines=tuple(lines),
        left_out=max(0, len(chosen) - MOST),
        filters=(
            *((state, words, counts[state]) for state, words in STATES.items() if counts[state] or state == "open"),
            (ALL, ALL, len(everything)),
        ),
        rounds=_rounds(house, readings) if status in ("open", ALL) else (),
        now=now,
    )


def _latest(items: Sequence[Item]) -> Sequence[Item]:
    """Open ones that expire first, closed ones that closed last."""
    waiting = sorted((i for i in items if i.state == "open"), key=lambda i: i.expires_at)
    return [*waiting, *sorted((i for i in items if i.state != "open"), key=lambda i: i.closed or i.opened)[::-1]][:MOST]


def _urgency(line: Line) -> tuple[bool, bool, float]:
    if line.item.state == "open":
        return False, not line.critical, line.item.expires_at.timestamp()
    return True, True, -(line.item.closed or line.item.opened).timestamp()


def _line(house: House, readings: Readings, item: Item, now: datetime) -> Line:
    run = run_of(house.services, item.run_id)
    result = readings.result(run)
    return Line(
        item=item,
        identity=readings.identity(run),
        tier=TIERS[item.tier],
        critical=tuple(one["text"] for one in result.get("critical", ())),
        drafts=len(result.get("drafts", ())),
        due=len(result.get("suggestions", ())),
        overdue=item.state == "open" and item.expires_at <= now,
    )


def _rounds(house: House, readings: Readings) -> tuple[Round, ...]:
    with house.services.db.read() as connection:
        found = runs.by_status(connection, _UNDER_WAY)
    return tuple(Round(run=run, identity=readings.identity(run)) for run in found[::-1][:10])
