"""Retention: what is removed of closed rounds when their time is over, and what never is.

Of a round that is through go its artifacts (what was read and drafted, pictures, people's words), the bodies of what
was written, its question. Its row stays with its items, decisions, receipts, hashes and the audit chain.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, select, update
from sqlalchemy.engine import Connection

from store import audit
from store.database import Database
from store.duty_tables import asks
from store.holds import held, run_held
from store.runs import FINISHED, UNFINISHED
from store.tables import artifacts, decisions, image_embeddings, items, outbox, runs, uses

AT_ONCE = 100
"""Rounds that go in one transaction, so that nobody waits long for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What may go."""

    before: datetime
    """Rounds that closed before this moment."""
    keep_codes: Collection[str] = ()
    """Rounds that were rejected for one of these reasons stay: something still stands on them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gone:
    """What was removed, or would be."""

    rounds: int = 0
    """Closed rounds."""
    artifacts: int = 0
    """Their artifacts."""
    embeddings: int = 0
    """Vectors of pictures."""
    freed: int = 0
    """Bytes as they were stored."""

    def __add__(self, other: "Gone") -> "Gone":
        """Both together."""
        return Gone(
            rounds=self.rounds + other.rounds,
            artifacts=self.artifacts + other.artifacts,
            embeddings=self.embeddings + other.embeddings,
            freed=self.freed + other.freed,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Staying:
    """Closed rounds whose time is over and that stay all the same."""

    held: int
    """By a legal hold."""
    needed: int
    """By an incident that still counts, a write that is under way, an item that is open, or a round that goes on."""


def preview(connection: Connection, rule: Rule) -> tuple[Gone, Staying]:
    """What a purge would remove now, and what it would not."""
    chosen = _eligible(rule)
    mine = exists().where(uses.c.sha256 == artifacts.c.sha256, uses.c.run_id.in_(chosen))
    others = exists().where(uses.c.sha256 == artifacts.c.sha256, uses.c.run_id.not_in(chosen))
    going = artifacts.c.purged.is_(None) & (mine & ~others | _loose(connection, rule))
    number, size = connection.execute(
        select(func.count(), func.coalesce(func.sum(func.length(artifacts.c.body)), 0)).where(going)
    ).one()
    rounds = _count(connection, select(func.count()).select_from(chosen.subquery()))
    over = select(func.count()).select_from(runs).where(_over(rule))
    on_hold = _count(connection, over.where(run_held()))
    gone = Gone(
        rounds=rounds,
        artifacts=int(number),
        embeddings=_count(connection, select(func.count()).select_from(image_embeddings).where(_vectors(rule))),
        freed=int(size),
    )
    return gone, Staying(held=on_hold, needed=_count(connection, over) - on_hold - rounds)


def purge_some(connection: Connection, rule: Rule, *, person: str, now: datetime) -> tuple[Gone, tuple[str, ...]]:
    """Remove what is over of the next rounds, with an act in the audit chain; nothing once all is done.

    Args:
        connection: of a `Database.write()`.
        rule: what may go.
        person: who had it done.
        now: wall time.

    Returns:
        What went, and the ids of the rounds.
    """
    chosen = connection.execute(_eligible(rule).order_by(runs.c.closed).limit(AT_ONCE)).scalars()
    ids = tuple(str(run_id) for run_id in chosen)
    shas, size = (
        (_unlinked(connection, ids), _strip_rows(connection, ids, now)) if ids else (_orphans(connection, rule), 0)
    )
    number, more = _strip_artifacts(connection, shas, _named(connection, ids) if ids else None, rule, now)
    vectors = connection.execute(delete(image_embeddings).where(_vectors(rule))).rowcount
    gone = Gone(rounds=len(ids), artifacts=number, embeddings=vectors, freed=size + more)
    if gone != Gone():
        detail = {"rounds": len(ids), "artifacts": number, "embeddings": vectors, "before": rule.before.isoformat()}
        audit.append(connection, at=now, actor=person, act="purge", subject="retention", detail=detail)
    return gone, ids


def compact(db: Database) -> None:
    """Give the room of what was removed back to the database, and its old bytes to nobody."""
    db.compact([table.name for table in (artifacts, outbox, uses, image_embeddings)])


def _unlinked(connection: Connection, ids: tuple[str, ...]) -> list[str]:
    """The artifacts that these rounds used, which they no longer do."""
    mine = uses.c.run_id.in_(ids)
    shas = list(connection.execute(select(uses.c.sha256).where(mine).distinct()).scalars())
    connection.execute(delete(uses).where(mine))
    return shas


def _orphans(connection: Connection, rule: Rule) -> list[str]:
    """Some artifacts that no round uses: what was kept for a round that was never put on record, say."""
    query = select(artifacts.c.sha256).where(artifacts.c.purged.is_(None), _loose(connection, rule))
    return list(connection.execute(query.limit(AT_ONCE)).scalars())


def _named(connection: Connection, ids: tuple[str, ...]) -> frozenset[str]:
    """The artifacts that rows of these rounds name: of those the hash, the kind and the size stay."""
    by_item = items.c.run_id.in_(ids)
    queries = (
        select(runs.c.result_sha256).where(runs.c.run_id.in_(ids)),
        select(runs.c.prepared_sha256).where(runs.c.run_id.in_(ids)),
        select(items.c.artifact_sha256).where(by_item),
        select(items.c.card_sha256).where(by_item),
        select(decisions.c.words_sha256).join(items, items.c.item_id == decisions.c.item_id).where(by_item),
        select(asks.c.words_sha256).join(items, items.c.item_id == asks.c.item_id).where(by_item),
    )
    return frozenset(sha for query in queries for sha in connection.execute(query).scalars() if sha is not None)


def _strip_rows(connection: Connection, ids: tuple[str, ...], now: datetime) -> int:
    """Empty what rounds' rows say in words; what the server does not take is kept here only, and stays."""
    connection.execute(update(runs).where(runs.c.run_id.in_(ids)).values(question=None, feedback=None, purged=now))
    of_these = select(items.c.item_id).where(items.c.run_id.in_(ids))
    written = outbox.c.item_id.in_(of_these) & outbox.c.state.in_(("done", "refused"))
    size = _count(connection, select(func.coalesce(func.sum(func.length(outbox.c.body)), 0)).where(written))
    connection.execute(update(outbox).where(written).values(body=""))
    return size


def _strip_artifacts(
    connection: Connection, shas: Sequence[str], named: Collection[str] | None, rule: Rule, now: datetime
) -> tuple[int, int]:
    """Remove those of these artifacts that no round uses any more; returns how many, and their bytes."""
    a = artifacts.c
    query = select(a.sha256, func.length(a.body)).where(
        a.sha256.in_(shas), a.purged.is_(None), _loose(connection, rule)
    )
    going = {sha256: int(size) for sha256, size in connection.execute(query)}
    # Which rows name one is known of the rounds that go now alone; of any other at least the hash stays.
    bare = [] if named is None else [sha for sha in going if sha not in named]
    rest = update(artifacts).where(a.sha256.in_(going.keys() - set(bare)))
    connection.execute(rest.values(body=b"", key_id=None, purged=now))
    connection.execute(delete(artifacts).where(a.sha256.in_(bare)))
    return len(going), sum(going.values())


def _over(rule: Rule) -> ColumnElement[bool]:
    """Rounds whose time is over."""
    return runs.c.purged.is_(None) & (runs.c.closed < rule.before) & runs.c.status.in_(sorted(FINISHED))


def _eligible(rule: Rule) -> Select[tuple[str]]:
    """The ids of the rounds that may go."""
    later = runs.alias()
    its_items = items.c.run_id == runs.c.run_id
    under_way = exists().where(its_items, outbox.c.item_id == items.c.item_id, outbox.c.state.in_(("pending", "sent")))
    reported = exists().where(
        its_items, decisions.c.item_id == items.c.item_id, decisions.c.code.in_(sorted(rule.keep_codes))
    )
    goes_on = exists().where(later.c.refreshes == runs.c.run_id, later.c.status.in_(sorted(UNFINISHED)))
    still_open = exists().where(its_items, items.c.state == "open")
    return select(runs.c.run_id).where(_over(rule), ~run_held(), ~under_way, ~reported, ~goes_on, ~still_open)


def _loose(connection: Connection, rule: Rule) -> ColumnElement[bool]:
    """Artifacts that no round uses any more.

    A new one may wait for its round, so it stays for the time of a round. One of a round from before artifacts were
    linked may be used unseen, so those stay until the last such round is gone.
    """
    unused: ColumnElement[bool] = ~exists().where(uses.c.sha256 == artifacts.c.sha256)
    unlinked = select(runs.c.run_id).where(runs.c.purged.is_(None), runs.c.linked.is_(None)).limit(1)
    if connection.execute(unlinked).first() is not None:
        unused &= artifacts.c.created > _first_linked()
    return unused & (artifacts.c.created < rule.before)


def _first_linked() -> Any:  # noqa: ANN401 (SQLAlchemy's own generics)
    """When the first round began whose artifacts are all linked."""
    return select(func.min(runs.c.created)).where(runs.c.linked.is_not(None)).scalar_subquery()


def _vectors(rule: Rule) -> ColumnElement[bool]:
    return (image_embeddings.c.created < rule.before) & ~held(image_embeddings.c.patient)


def _count(connection: Connection, query: Any) -> int:  # noqa: ANN401 (SQLAlchemy's own generics)
    return int(connection.execute(query).scalar() or 0)
