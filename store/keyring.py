"""The keys that state is encrypted under: which ones are needed, and everything sealed again under the newest."""

from collections.abc import Iterator

from sqlalchemy import Table, bindparam, delete, func, or_, select, update
from sqlalchemy.engine import Connection

from store import artifacts as kept
from store import audit_head
from store.batch_tables import batches
from store.database import Database, insert_if_absent
from store.hook_tables import api_answers, hook_feedback
from store.rollout_tables import incident_acts, switches
from store.tables import artifacts, holds, outbox, runs, state_keys
from store.vault import KeyMissing, open_text, place, seal_text, sealed_under, vault_of

AT_ONCE = 200
"""Rows that are sealed again in one transaction, so that nobody waits long for it."""


TEXTS: tuple[tuple[Table, str], ...] = (
    (outbox, "body"),
    (runs, "question"),
    (runs, "feedback"),
    (batches, "question"),
    (batches, "source"),
    (holds, "reason"),
    (holds, "lifted_reason"),
    (hook_feedback, "words"),
    (api_answers, "body"),
    (switches, "reason"),
    (incident_acts, "words"),
)
"""Every sealed text: its table, whose primary key is one text, and its column."""


def check_keys(db: Database) -> None:
    """Make sure that every key is here that something may be sealed under, and note a new one.

    Raises:
        KeyMissing: when one is not.
    """
    with db.read() as connection:
        vault, needed = vault_of(connection), needed_keys(connection)
    missing = needed - vault.keys.keys()
    if missing:
        raise KeyMissing(min(missing))
    if vault.head is not None and vault.head not in needed:
        with db.write() as connection:
            # A key that something is sealed under is not new, whoever took its name out of the table.
            a = artifacts.c
            new = connection.execute(select(a.sha256).where(a.key_id == vault.head).limit(1)).first() is None
            if new and (not needed or audit_head.head_holds(connection)):
                audit_head.seal_head(connection)
            insert_if_absent(connection, state_keys, {"key_id": vault.head})


def needed_keys(connection: Connection) -> frozenset[str]:
    """The ids of the keys that something may be sealed under."""
    return frozenset(connection.execute(select(state_keys.c.key_id)).scalars())


def sealed_counts(connection: Connection) -> dict[str | None, int]:
    """How many artifacts are kept under which key; None for those that are kept as they are."""
    query = select(artifacts.c.key_id, func.count()).where(artifacts.c.purged.is_(None)).group_by(artifacts.c.key_id)
    return {key_id: int(number) for key_id, number in connection.execute(query)}


def rekey(db: Database) -> Iterator[int]:
    """Seal everything under the newest key, some rows at a time; what was done stays done when it is cut off.

    Yields:
        How many rows were sealed again, after each transaction. When it is through, the other keys are not needed.

    Raises:
        KeyMissing: when a key is not here that something is sealed under.
        SealBroken: when something does not open under its own key.
    """
    with db.read() as connection:
        head = vault_of(connection).head
    if head is None:
        return
    while done := _artifacts(db, head):
        yield done
    for table, name in TEXTS:
        yield from _texts(db, table, name, head)
    with db.write() as connection:
        if audit_head.head_holds(connection):
            audit_head.seal_head(connection)
        connection.execute(delete(state_keys).where(state_keys.c.key_id != head))


def _artifacts(db: Database, head: str) -> int:
    a = artifacts.c
    other = a.purged.is_(None) & or_(a.key_id.is_(None), a.key_id != head)
    with db.write() as connection:
        vault = vault_of(connection)
        rows = connection.execute(select(a.sha256, a.body, a.key_id).where(other).limit(AT_ONCE)).all()
        changed = [
            {"this": row.sha256, **kept.sealed(vault, kept.opened(vault, row.body, row.sha256, row.key_id), row.sha256)}
            for row in rows
        ]
        if changed:
            by_key = update(artifacts).where(a.sha256 == bindparam("this"))
            connection.execute(by_key.values(body=bindparam("body"), key_id=bindparam("key_id")), changed)
    return len(changed)


def _texts(db: Database, table: Table, name: str, head: str) -> Iterator[int]:
    (key,), column, last = table.primary_key.columns, table.c[name], ""
    while True:
        with db.write() as connection:
            query = select(key, column).where(key > last, column.is_not(None), column != "").order_by(key)
            rows = connection.execute(query.limit(AT_ONCE)).all()
            if not rows:
                return
            changed = [(row[0], row[1]) for row in rows if sealed_under(row[1]) != head]
            for row_id, stored in changed:
                about = place(table.name, name, row_id)
                again = seal_text(connection, open_text(connection, stored, about), about)
                connection.execute(update(table).where(key == row_id).values({column: again}))
        last = rows[-1][0]
        yield len(changed)
