"""Switches: what is off or silent, by whom and why. A row is an act; the last one about the same counts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import uuid4

from sqlalchemy import Row, Select, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from store import audit
from store.rollout_tables import switches
from store.vault import KeyMissing, SealBroken, open_text, place, seal_text

Mode = Literal["off", "silent", "on"]
UNREADABLE = "(the reason cannot be read)"


class SwitchesUnreadable(Exception):
    """What is switched off can't be read, so nothing is drafted, signed or written: run `preround doctor`."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What a switch is about: everything that is all of what it names."""

    task: str | None = None
    """A task."""
    site: str | None = None
    """A site, by the setting of that name."""
    model: str | None = None
    """A model by its name, or a reasoner."""
    guideline: str | None = None
    """A recommendation: its id, or its canonical address with or without a version."""

    def __str__(self) -> str:
        """In words, as `task summary at site north`."""
        said = [f"{name} {value}" for name, value in asdict(self).items() if value is not None and name != "site"]
        where = [f"site {self.site}"] if self.site is not None else []
        return " at ".join(filter(None, (", ".join(said), *where)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Switch:
    """One act."""

    switch_id: str
    """Ten hex digits."""
    scope: Scope
    """What it is about."""
    mode: Mode
    """What is so from then on."""
    reason: str
    """Why."""
    person: str
    """Who says so."""
    at: datetime
    """When, wall time."""


def throw(connection: Connection, scope: Scope, mode: Mode, *, reason: str, person: str, now: datetime) -> Switch:
    """Switch something, with an act in the audit chain.

    Args:
        connection: of a `Database.write()`.
        scope: what.
        mode: how it is from now on.
        reason: why; it may name somebody, so it stays out of the chain.
        person: who says so.
        now: wall time.
    """
    switch = Switch(switch_id=uuid4().hex[:10], scope=scope, mode=mode, reason=reason, person=person, at=now)
    seq = int(connection.execute(select(func.coalesce(func.max(switches.c.seq), 0))).scalar_one()) + 1
    sealed = seal_text(connection, reason, place("switches", "reason", switch.switch_id))
    values = {**asdict(scope), "switch_id": switch.switch_id, "seq": seq, "mode": mode}
    connection.execute(switches.insert().values(**values, reason=sealed, person=person, at=now))
    what = {name: value for name, value in asdict(scope).items() if value is not None}
    audit.append(connection, at=now, actor=person, act=f"switch.{mode}", subject=switch.switch_id, detail=what)
    return switch


def every(connection: Connection) -> tuple[Switch, ...]:
    """All acts, oldest first.

    Raises:
        SwitchesUnreadable: when one of them can't be understood.
    """
    return _read(connection, select(switches))


def in_force(connection: Connection) -> tuple[Switch, ...]:
    """What is off or silent now, in the order in which it was switched.

    Raises:
        SwitchesUnreadable: when it can't be known; then nothing may go on.
    """
    scope = (switches.c.task, switches.c.site, switches.c.model, switches.c.guideline)
    last = select(func.max(switches.c.seq)).group_by(*scope)
    return _read(connection, select(switches).where(switches.c.seq.in_(last), switches.c.mode != "on"))


def _read(connection: Connection, query: Select[Any]) -> tuple[Switch, ...]:
    with _readable():
        return tuple(_switch(connection, row) for row in connection.execute(query.order_by(switches.c.seq)))


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError) as error:
        raise SwitchesUnreadable from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise  # the database is away, which is said as that
        raise SwitchesUnreadable from error


def _switch(connection: Connection, row: Row[Any]) -> Switch:
    scope = Scope(task=row.task, site=row.site, model=row.model, guideline=row.guideline)
    if row.mode not in get_args(Mode) or scope == Scope():
        raise ValueError(row.switch_id)
    try:
        reason = open_text(connection, row.reason, place("switches", "reason", row.switch_id)) or ""
    except (KeyMissing, SealBroken):
        reason = UNREADABLE  # it is off all the same
    return Switch(switch_id=row.switch_id, scope=scope, mode=row.mode, reason=reason, person=row.person, at=row.at)
