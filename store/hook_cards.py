"""Cards that were shown in other systems, and what became of them there; no patient is named here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, func, select
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.hook_tables import hook_cards, hook_feedback
from store.vault import open_text, place, seal_text


@dataclass(frozen=True, kw_only=True, slots=True)
class CardRow:
    """One card."""

    card: str
    """Its uuid."""
    service: str
    """The service that gave it."""
    about: str
    """What it was about: a recommendation with its version, or a kind of check."""
    client: str
    """The issuer of the system that asked; empty for a program on this machine."""
    shown: datetime
    """When it was given first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedbackRow:
    """What became of one card."""

    card: str
    """Its uuid."""
    outcome: str
    """`accepted` or `overridden`."""
    code: str | None
    """The coded reason for overriding it."""
    system: str | None
    """The system of that code."""
    words: str | None
    """The clinician's own words."""
    suggestions: tuple[str, ...]
    """The uuids of suggestions that were taken."""
    decided: datetime
    """When, by the client's clock."""
    received: datetime
    """When we were told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How cards about one thing fared."""

    service: str
    """The service."""
    about: str
    """What they were about."""
    shown: int
    """Cards given."""
    accepted: int
    """Of these with a suggestion taken."""
    overridden: int
    """Of these overridden."""


def keep(connection: Connection, rows: Iterable[CardRow]) -> None:
    """Note cards as given; one that was given before stays as it was."""
    for row in rows:
        insert_if_absent(connection, hook_cards, asdict(row))


def card(connection: Connection, name: str) -> CardRow | None:
    """One card."""
    row = connection.execute(select(hook_cards).where(hook_cards.c.card == name)).first()
    return None if row is None else CardRow(**row._mapping)


def answer(connection: Connection, row: FeedbackRow) -> bool:
    """Keep what became of a card; the first word counts, and returns whether this was it."""
    values = {**asdict(row), "suggestions": list(row.suggestions)}
    values["words"] = seal_text(connection, row.words, place("hook_feedback", "words", row.card))
    return insert_if_absent(connection, hook_feedback, values)


def tallies(connection: Connection) -> tuple[Tally, ...]:
    """How cards fared, by what they were about."""
    said = hook_feedback.c.outcome
    query = (
        select(
            hook_cards.c.service,
            hook_cards.c.about,
            func.count(),
            func.sum(case((said == "accepted", 1), else_=0)),
            func.sum(case((said == "overridden", 1), else_=0)),
        )
        .select_from(hook_cards.outerjoin(hook_feedback, hook_cards.c.card == hook_feedback.c.card))
        .group_by(hook_cards.c.service, hook_cards.c.about)
        .order_by(hook_cards.c.service, hook_cards.c.about)
    )
    return tuple(
        Tally(service=service, about=about, shown=int(shown), accepted=int(yes or 0), overridden=int(no or 0))
        for service, about, shown, yes, no in connection.execute(query)
    )


def answers(connection: Connection, *, limit: int = 100) -> tuple[tuple[CardRow, FeedbackRow], ...]:
    """The newest words on cards, newest first."""
    query = (
        select(hook_feedback, hook_cards.c.service, hook_cards.c.about, hook_cards.c.client, hook_cards.c.shown)
        .join(hook_cards, hook_cards.c.card == hook_feedback.c.card)
        .order_by(hook_feedback.c.received.desc(), hook_feedback.c.card)
        .limit(limit)
    )
    return tuple(_pair(connection, row) for row in connection.execute(query))


def _pair(connection: Connection, row: Row[Any]) -> tuple[CardRow, FeedbackRow]:
    found = dict(row._mapping)
    shown = {name: found.pop(name) for name in ("service", "about", "client", "shown")}
    found["suggestions"] = tuple(found["suggestions"])
    found["words"] = open_text(connection, found["words"], place("hook_feedback", "words", row.card))
    return CardRow(card=found["card"], **shown), FeedbackRow(**found)
