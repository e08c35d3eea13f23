"""How far each Subscription has got: which are served, what is new for one, and what became of telling it.

What is new is read off the version table, which every process appends to under the write lock: nothing that was stored
is missed, whoever stored it, and writing costs no more because somebody waits for it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from preround.sandbox import tables
from preround.sandbox.document import Json, parse
from preround.sandbox.instants import microseconds
from preround.sandbox.matching import conditions
from preround.sandbox.subscription import Hook, Unservable, hook_of
from preround.sandbox.versions import Version, Writer, live, version_at

MOST_ROWS = 1000
"""Rows of the version table that are looked at in one go."""
_KIND = "Subscription"


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """One Subscription that is served."""

    id: str
    """Its id."""
    hook: Hook
    """What it asks for."""
    cursor: int
    """The last row of the version table that it was told of, or that is nothing to it."""
    failures: int
    """Tries that failed since it was last told."""
    due: int
    """When to try again, microseconds since 1970."""


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What is new for one of them."""

    top: int
    """The row of the version table up to which was looked."""
    versions: tuple[Version, ...]
    """Current versions that meet its criteria, in the order in which they were stored."""


def unsettled(connection: Connection) -> bool:
    """Whether a Subscription was sent in, changed or deleted since it was last settled."""
    r, t = tables.resource.c, tables.told.c
    joined = tables.resource.outerjoin(tables.told, t.id == r.id)
    mine = (r.type == _KIND, func.coalesce(t.seq, 0) != r.seq)
    return connection.execute(select(r.id).select_from(joined).where(*mine).limit(1)).first() is not None


def settle(connection: Connection, *, now: datetime, hosts: Collection[str]) -> None:
    """Take up what was sent in: `requested` becomes `active`, or `error` with the reason.

    Args:
        connection: with the write lock.
        now: the time of what is written.
        hosts: hosts beside this machine that may be told.
    """
    r, t = tables.resource.c, tables.told.c
    joined = tables.resource.outerjoin(tables.told, t.id == r.id)
    rows = connection.execute(
        select(r.id, r.seq, r.deleted, t.cursor)
        .select_from(joined)
        .where(r.type == _KIND, func.coalesce(t.seq, 0) != r.seq)
    ).all()
    for row in rows:
        content = {} if row.deleted else _content(connection, row.seq)
        asked = content.get("status") in {"requested", "active"}
        if not asked:
            _keep(connection, row.id, seq=row.seq, cursor=row.cursor if content.get("status") == "error" else None)
            continue
        try:
            hook_of(content, hosts=hosts)
        except Unservable as problem:
            say(connection, row.id, status="error", error=str(problem), now=now)
            continue
        # One that failed goes on where it stopped; a new one is told of what is stored from now on.
        say(connection, row.id, status="active", error=None, now=now, cursor=row.cursor or row.seq)


def say(
    connection: Connection,
    logical_id: str,
    *,
    status: str,
    error: str | None,
    now: datetime,
    cursor: int | None = None,
) -> None:
    """Change a Subscription's status, as a version of its own.

    Args:
        connection: with the write lock.
        logical_id: which.
        status: FHIR's code.
        error: why, or None.
        now: the time of the version.
        cursor: where it goes on; where it stands without one.
    """
    previous = live(connection, _KIND, logical_id)
    content = _content(connection, previous.seq)
    rest = {name: value for name, value in content.items() if name not in {"status", "error"}}
    written = {**rest, "status": status, **({"error": error} if error else {})}
    writer = Writer(connection, base="", now=now)
    made = writer.put(_KIND, logical_id, written, method="PUT", previous=previous)
    writer.flush()
    row = connection.execute(select(tables.told.c.cursor).where(tables.told.c.id == logical_id)).first()
    standing = row.cursor if row is not None else made.seq
    _keep(connection, logical_id, seq=made.seq, cursor=standing if cursor is None else cursor)


def fail(connection: Connection, logical_id: str, *, error: str, now: datetime) -> None:
    """Put one into error, unless somebody changed or deleted it meanwhile; with the write lock."""
    if any(row.id == logical_id for row in _settled(connection)):
        say(connection, logical_id, status="error", error=error, now=now)


def served(connection: Connection, *, hosts: Collection[str]) -> tuple[list[Served], dict[str, str]]:
    """The Subscriptions that are active; and those that may not be served any more, with the reason."""
    found, refused = [], {}
    for row in _settled(connection):
        content = _content(connection, row.seq)
        if content.get("status") != "active":
            continue
        try:
            hook = hook_of(content, hosts=hosts)
        except Unservable as problem:
            refused[str(row.id)] = str(problem)
            continue
        found.append(Served(id=row.id, hook=hook, cursor=row.cursor, failures=row.failures, due=row.due))
    return found, refused


def _settled(connection: Connection) -> Sequence[Row[*tuple[Any, ...]]]:
    """Those that nobody changed since they were settled, in order of id."""
    r, t = tables.resource.c, tables.told.c
    joined = tables.told.join(tables.resource, (r.type == _KIND) & (r.id == t.id) & (r.seq == t.seq))
    query = select(t.id, t.seq, t.cursor, t.failures, t.due).select_from(joined).where(r.deleted == 0)
    return connection.execute(query.order_by(t.id)).all()


def news(connection: Connection, one: Served) -> News:
    """What was stored since, is current still, and meets the criteria; some thousand rows at a time."""
    v, r = tables.version.c, tables.resource.c
    newest = int(connection.execute(select(func.coalesce(func.max(v.seq), 0))).scalar_one())
    top = min(newest, one.cursor + MOST_ROWS)
    if top <= one.cursor:
        return News(top=one.cursor, versions=())
    pair = tables.version.join(tables.resource, (r.type == v.type) & (r.id == v.id) & (r.seq == v.seq))
    fresh = (
        select(r.key)
        .select_from(pair)
        .where(v.seq > one.cursor, v.seq <= top, v.type == one.hook.type, r.deleted == 0)
        .subquery()
    )
    where = conditions(one.hook.type, one.hook.filters, "", select(fresh.c.key))
    rows = connection.execute(select(tables.resource.c.seq).where(*where).order_by(tables.resource.c.seq)).scalars()
    return News(top=top, versions=tuple(version_at(connection, seq) for seq in rows.all()))


def note(connection: Connection, logical_id: str, *, cursor: int, failures: int, due: int) -> None:
    """Keep how far one was told, or how often that failed and when to try again."""
    t = tables.told
    values = {"cursor": cursor, "failures": failures, "due": due}
    connection.execute(t.update().where(t.c.id == logical_id).values(**values))


def ticks(now: datetime) -> int:
    """A moment as it is kept."""
    return microseconds(now)


def _keep(connection: Connection, logical_id: str, *, seq: int, cursor: int | None) -> None:
    """Start over: nothing failed yet. Without a cursor it will be told of what is stored after it is served again."""
    t = tables.told
    connection.execute(delete(t).where(t.c.id == logical_id))
    kept = cursor if cursor is not None else 0
    connection.execute(t.insert().values(id=logical_id, seq=seq, cursor=kept, failures=0, due=0))


def _content(connection: Connection, seq: int) -> Json:
    found = parse((version_at(connection, seq).body or "{}").encode())
    return found if isinstance(found, dict) else {}
