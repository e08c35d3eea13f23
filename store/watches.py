"""What is watched on a FHIR server: how far each look got, who rang, and the subscription that has it ring."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.watch_tables import hints, watches

MOST_HINTS = 1000
"""Resources that may wait to be read because somebody named them; beyond that nothing is noted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """One rule, watched on one server."""

    watch_id: str
    """Sixteen hex digits, of both."""
    rule: str
    """The rule's name."""
    server: str
    """The FHIR server's base address."""
    mark: datetime | None = None
    """`meta.lastUpdated` up to which everything was seen, by the server's clock; None before the first look."""
    behind: bool = False
    """Whether the last look ended before the newest, so that the next goes on at the mark."""
    looked: datetime | None = None
    """Wall time of the last look."""
    problem: str | None = None
    """Why that look did not do all it should, without patient data."""
    rings: int = 0
    """Notifications that asked for a look which had not begun."""
    taken: int = 0
    """Of these, how many there were when the last look began."""
    answered: int = 0
    """And when the last one began that was done to its end."""
    told: datetime | None = None
    """Wall time of the last notification that asked for a look."""
    by_id: bool = False
    """Whether the server can't be asked for what is new, so that what a notification names is read."""
    subscription: str | None = None
    """`Subscription/id` on that server; None where none was made, or it was taken back."""
    endpoint: str | None = None
    """Where that one sends its notifications."""
    criteria: str | None = None
    """What it waits for."""
    secret_sha256: str | None = None
    """SHA-256 of the secret that its notifications bring; None where none opens anything."""
    created: datetime
    """Wall time."""

    @property
    def rung(self) -> bool:
        """Whether somebody rang since the last look that was done to its end."""
        return self.rings > self.answered


def watch_id(rule: str, server: str) -> str:
    """The id of a rule on a server."""
    return hashlib.sha256(f"{server}\n{rule}".encode()).hexdigest()[:16]


def ensure(connection: Connection, *, rule: str, server: str, now: datetime) -> Watch:
    """The watch of a rule on a server, made where it is missing."""
    name = watch_id(rule, server)
    insert_if_absent(connection, watches, asdict(Watch(watch_id=name, rule=rule, server=server, created=now)))
    found = get(connection, name)
    assert found is not None  # noqa: S101 - it was made above
    return found


def get(connection: Connection, name: str) -> Watch | None:
    """The watch of this id, or None."""
    row = connection.execute(select(watches).where(watches.c.watch_id == name)).first()
    return None if row is None else Watch(**row._mapping)


def every(connection: Connection, *, server: str | None = None) -> tuple[Watch, ...]:
    """All watches, or those on one server, by rule."""
    query = select(watches).order_by(watches.c.rule, watches.c.server)
    if server is not None:
        query = query.where(watches.c.server == server)
    return tuple(Watch(**row._mapping) for row in connection.execute(query))


def register(
    connection: Connection, name: str, *, subscription: str, endpoint: str, criteria: str, secret_sha256: str
) -> None:
    """Note the subscription that has it ring; the secret of before opens nothing any more."""
    values = {
        "subscription": subscription,
        "endpoint": endpoint,
        "criteria": criteria,
        "secret_sha256": secret_sha256,
    }
    connection.execute(update(watches).where(watches.c.watch_id == name).values(**values))


def void(connection: Connection, name: str) -> None:
    """Forget the subscription's secret: nothing that still brings it is let in."""
    connection.execute(update(watches).where(watches.c.watch_id == name).values(secret_sha256=None))


def unregister(connection: Connection, name: str) -> None:
    """Forget the subscription, which the server has turned off."""
    values = dict.fromkeys(("subscription", "endpoint", "criteria", "secret_sha256"))
    connection.execute(update(watches).where(watches.c.watch_id == name).values(**values))


def ring(connection: Connection, watch: Watch, *, now: datetime) -> None:
    """Ask for a look; while one that was asked for has not begun, that one will do."""
    w = watches.c
    connection.execute(
        update(watches).where(w.watch_id == watch.watch_id, w.rings == w.taken).values(rings=w.rings + 1, told=now)
    )


def hint(connection: Connection, name: str, reference: str) -> bool:
    """Note a resource to be read; returns whether it is noted now."""
    waiting = connection.execute(select(func.count()).select_from(hints).where(hints.c.watch_id == name)).scalar_one()
    if waiting < MOST_HINTS:
        insert_if_absent(connection, hints, {"watch_id": name, "reference": reference})
    return waiting < MOST_HINTS


def hinted(connection: Connection, name: str) -> tuple[str, ...]:
    """The resources that are to be read."""
    query = select(hints.c.reference).where(hints.c.watch_id == name).order_by(hints.c.reference)
    return tuple(connection.execute(query).scalars())


def read(connection: Connection, name: str, references: Iterable[str]) -> None:
    """Take off what was read."""
    for one in references:
        connection.execute(delete(hints).where(hints.c.watch_id == name, hints.c.reference == one))


def take(connection: Connection, name: str, *, by_id: bool) -> Watch:
    """Begin a look: rings up to now are answered by it once it is done."""
    w = watches.c
    connection.execute(update(watches).where(w.watch_id == name).values(taken=w.rings, by_id=by_id))
    found = get(connection, name)
    assert found is not None  # noqa: S101 - nothing removes a watch
    return found


def done(
    connection: Connection, watch: Watch, *, mark: datetime | None, behind: bool, problem: str | None, now: datetime
) -> None:
    """End a look that read what there is; `watch` is as `take` gave it."""
    values = {"mark": mark, "behind": behind, "problem": problem, "looked": now, "answered": watch.taken}
    connection.execute(update(watches).where(watches.c.watch_id == watch.watch_id).values(**values))


def failed(connection: Connection, name: str, *, problem: str, now: datetime) -> None:
    """End a look that could not be done: it will be done again, from where it began."""
    connection.execute(update(watches).where(watches.c.watch_id == name).values(problem=problem, looked=now))
