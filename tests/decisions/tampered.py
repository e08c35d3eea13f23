"""Proposals, signatures and approved writes that somebody changes in the store, then tries to sign or to have written.

Each trial changes rows as who owns the database can, consistently where that is harder to see, and then does what a
reviewer or the commit would do. It must be refused, with no row added or moved. The same act without the change must be
accepted: else the refusal would prove nothing about the change.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from sqlalchemy import text

from review.errors import GateError
from store.database import Transaction
from tests.decisions.ground import Ground
from tests.decisions.harms import HARMS, IDLE
from tests.decisions.rows import Drawn, Rows


@dataclass(kw_only=True)
class Refusals:
    """What came of it."""

    tried: int = 0
    """Proposals that were tampered with."""
    kinds: Counter[str] = field(default_factory=Counter)
    """How many of each kind."""
    accepted: Counter[str] = field(default_factory=Counter)
    """Those that were signed, written or opened all the same, by kind."""
    left: Counter[str] = field(default_factory=Counter)
    """Those that were refused and left a row behind, by kind."""
    idle: Counter[str] = field(default_factory=Counter)
    """Those that would have been refused without any change, by kind."""
    why: Counter[str] = field(default_factory=Counter)
    """What refused them."""

    @property
    def clean(self) -> bool:
        """Whether each was refused, left nothing, and mattered."""
        return not (self.accepted or self.left or self.idle)

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.tried} tampered proposals of {len(self.kinds)} kinds: accepted {self.accepted.total()}, "
            f"left something {self.left.total()}, refused for another reason {self.idle.total()}"
        )


class Tampering:
    """Harm to one ground.

    Args:
        ground: what it is done to.
    """

    def __init__(self, ground: Ground) -> None:
        self._rows = Rows(ground)

    def run(self, number: int, *, seed: int, harmless_every: int = 25) -> Refusals:
        """Try so many, kind after kind.

        Args:
            number: how many.
            seed: of what is drawn.
            harmless_every: how often, beside each kind's first time, the same act is done without the change.
        """
        drawn, found = Drawn(seed), Refusals()
        for kind in cycle(HARMS):
            if found.tried == number:
                return found
            control = found.tried % harmless_every == 0
            while not self._try(kind, drawn, found, control=control):
                pass  # what was drawn changed nothing; each kind has what does
        raise AssertionError

    def _try(self, kind: str, drawn: Drawn, found: Refusals, *, control: bool) -> bool:
        act, harm = HARMS[kind]
        with self._rows.db.trial() as connection:
            if not harm(self._rows, connection, drawn):
                self._rows.hand = self._rows.shown = None
                return False
            before = _counted(connection)
            try:
                act(self._rows)
            except GateError as error:
                found.why[type(error).__name__] += 1
            else:
                found.accepted[kind] += 1
            if _counted(connection) != before:
                found.left[kind] += 1
        if (control or kind not in found.kinds) and kind not in IDLE:
            with self._rows.db.trial():
                try:
                    act(self._rows)
                except GateError:
                    found.idle[kind] += 1
        found.tried += 1
        found.kinds[kind] += 1
        return True


def _counted(connection: Transaction) -> tuple[Any, ...]:
    """How many rows say that something was decided, and how far items and writes are."""
    query = (
        "SELECT (SELECT count(*) FROM decisions), (SELECT count(*) FROM outbox), (SELECT count(*) FROM items), "
        "(SELECT count(*) FROM audit), (SELECT count(*) FROM items WHERE state = 'open'), "
        "(SELECT count(*) FROM outbox WHERE state = 'pending')"
    )
    return tuple(connection.execute(text(query)).one())
