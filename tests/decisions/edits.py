"""Edits of the audit table by who owns the database: each kind, at rows that are drawn, and what `verify` says to it.

The chain is one that the gate made. An edit may be plain, or compute the hashes of all that follows anew and move the
head along; the seal of the head stays, goes, is another's, or is one that was valid before.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from sqlalchemy import text

from store import audit
from store.database import Transaction
from tests.decisions.ground import Ground

Rows = list[dict[str, Any]]
Edit = Callable[[Rows, random.Random], Rows]
COLUMNS = ("seq", "at", "actor", "act", "subject", "detail", "previous", "hash")


@dataclass(kw_only=True)
class Found:
    """What came of it."""

    edits: int = 0
    """Edits tried."""
    kinds: Counter[str] = field(default_factory=Counter)
    """How many of each kind."""
    missed: Counter[str] = field(default_factory=Counter)
    """Those that `verify` did not find, by kind."""

    def __str__(self) -> str:
        """One line."""
        return f"{self.edits} edits of {len(self.kinds)} kinds: found {self.edits - self.missed.total()}"


def _changed(column: str) -> Edit:
    def edit(rows: Rows, drawn: random.Random) -> Rows:
        row = drawn.choice(rows)
        value = row[column]
        at = drawn.randrange(len(value))
        other = drawn.choice([c for c in "0123456789abcdefXYZ {}," if c != value[at]])
        row[column] = drawn.choice([value[:at] + other + value[at + 1 :], value[:at] + value[at + 1 :], value + other])
        return rows

    return edit


def _respaced(rows: Rows, drawn: random.Random) -> Rows:
    """The same JSON in another text."""
    row = drawn.choice(rows)
    row["detail"] = row["detail"].replace(":", ": ", drawn.randint(1, 3))
    return rows


def _deleted(rows: Rows, drawn: random.Random) -> Rows:
    at = drawn.randrange(len(rows))
    return rows[:at] + rows[at + drawn.randint(1, 3) :]


def _closed_up(rows: Rows, drawn: random.Random) -> Rows:
    """Rows taken out, those after them numbered as if nothing had been."""
    return _numbered(_deleted(rows, drawn))


def _inserted(rows: Rows, drawn: random.Random) -> Rows:
    at = drawn.randint(0, len(rows))
    return _numbered([*rows[:at], dict(drawn.choice(rows)), *rows[at:]])


def _swapped(rows: Rows, drawn: random.Random) -> Rows:
    one, other = drawn.sample(range(len(rows)), 2)
    rows[one]["seq"], rows[other]["seq"] = rows[other]["seq"], rows[one]["seq"]
    return rows


def _contents_swapped(rows: Rows, drawn: random.Random) -> Rows:
    one, other = drawn.sample(rows, 2)
    for column in ("at", "actor", "act", "subject", "detail"):
        one[column], other[column] = other[column], one[column]
    return rows


def _reordered(rows: Rows, drawn: random.Random) -> Rows:
    at = drawn.randrange(len(rows) - 2)
    return _numbered([*rows[:at], *reversed(rows[at : at + 3]), *rows[at + 3 :]])


def _cut(rows: Rows, drawn: random.Random) -> Rows:
    return rows[: drawn.randrange(len(rows))]


def _added(rows: Rows, drawn: random.Random) -> Rows:
    last = rows[-1]
    return [*rows, {**drawn.choice(rows), "seq": last["seq"] + 1, "previous": last["hash"]}]


def _numbered(rows: Rows) -> Rows:
    return [{**row, "seq": n} for n, row in enumerate(rows, start=1)]


EDITS: Mapping[str, Edit] = {
    **{f"{column} changed": _changed(column) for column in COLUMNS if column != "seq"},
    "detail spaced otherwise": _respaced,
    "rows deleted": _deleted,
    "rows deleted and numbered anew": _closed_up,
    "a row put in": _inserted,
    "rows swapped": _swapped,
    "contents swapped": _contents_swapped,
    "rows reordered": _reordered,
    "end cut off": _cut,
    "a row put at the end": _added,
}
WAYS = (
    "plain",
    "head moved",
    "computed anew",
    "computed anew, seal gone",
    "computed anew, another's seal",
    "with an old seal",
)
"""What is done about hashes and head after an edit."""


class Edits:
    """Edits of one chain.

    Args:
        made: whose; the heads that were noted when it was made stand beside it.
    """

    def __init__(self, made: Ground) -> None:
        self._made, self._db, self._noted = made, made.db, made.db.heads
        with self._db.read() as connection:
            self._rows = [dict(row._mapping) for row in connection.execute(text("SELECT * FROM audit ORDER BY seq"))]
            assert audit.verify(connection, self._noted).problem is None

    def run(self, number: int, *, seed: int, ways: tuple[str, ...] = WAYS) -> Found:
        """Try so many, kind after kind."""
        drawn, found = random.Random(seed), Found()  # noqa: S311 - which edit, nothing secret
        kinds = [(kind, way) for way in ways for kind in EDITS]
        for kind, way in cycle(kinds):
            if found.edits == number:
                break
            with self._db.trial() as connection:
                if not self._edit(connection, kind, way, drawn):
                    continue
                problem = audit.verify(connection, self._noted).problem
            found.edits += 1
            found.kinds[f"{kind}, {way}"] += 1
            if problem is None:
                found.missed[f"{kind}, {way}"] += 1
        return found

    def _edit(self, connection: Transaction, kind: str, way: str, drawn: random.Random) -> bool:
        """Make an edit; False when what was drawn is what stood there."""
        rows = EDITS[kind]([dict(row) for row in self._rows], drawn)
        if "anew" in way or "old" in way:
            rows = _computed(rows)
        if rows == self._rows:
            return False
        before = {row["seq"]: row for row in self._rows}
        after = {row["seq"]: row for row in rows}
        changed = [seq for seq in before.keys() | after.keys() if before.get(seq) != after.get(seq)]
        connection.execute(text("DELETE FROM audit WHERE seq = :seq"), [{"seq": seq} for seq in changed])
        put = [after[seq] for seq in changed if seq in after]
        if put:
            columns = ", ".join(COLUMNS)
            values = ", ".join(f":{column}" for column in COLUMNS)
            connection.execute(text(f"INSERT INTO audit ({columns}) VALUES ({values})"), put)  # noqa: S608 - ours
        if way != "plain":
            self._move_head(connection, rows, way)
        return True

    def _move_head(self, connection: Transaction, rows: Rows, way: str) -> None:
        if not rows:
            connection.execute(text("DELETE FROM audit_head"))
            return
        seq, head = rows[-1]["seq"], rows[-1]["hash"]
        connection.execute(text("UPDATE audit_head SET seq = :seq, hash = :head"), {"seq": seq, "head": head})
        seal = {"computed anew, seal gone": None, "computed anew, another's seal": self._made.foreign}
        if way in seal:
            connection.execute(text("UPDATE audit_head SET seal = :seal"), {"seal": seal[way]})
        if way == "with an old seal":
            connection.execute(text("UPDATE audit_head SET seal = :seal"), {"seal": self._made.seals.get(seq)})


def _computed(rows: Rows) -> Rows:
    """The same acts with hashes as if they had been written so."""
    previous, found = audit.GENESIS, []
    for n, row in enumerate(sorted(rows, key=lambda row: int(row["seq"])), start=1):
        content = {**row, "seq": n, "previous": previous}
        previous = audit._hash(tuple(content[column] for column in COLUMNS[:-1]))
        found.append({**content, "hash": previous})
    return found
