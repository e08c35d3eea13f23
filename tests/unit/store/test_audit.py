"""The audit chain finds every way of touching it."""

import hashlib
import json
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from store import audit
from store.database import Database, Transaction
from tests.unit.store.conftest import NOW

Tamper = Callable[[Transaction], object]


def grow(db: Database, rows: int) -> None:
    for n in range(rows):
        with db.write() as connection:
            audit.append(
                connection,
                at=NOW + timedelta(seconds=n),
                actor=f"Reviewer {n}",
                act="item.opened",
                subject=f"item-{n}",
                detail={"tier": n},
            )


def sql(*statements: str) -> Tamper:
    def tamper(connection: Transaction) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_only_grows"))
        else:
            for act in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER audit_no_{act}"))
        for statement in statements:
            connection.execute(text(statement))

    return tamper


def hashed_anew(connection: Transaction) -> None:
    """A row changed, and its own hash computed over what it says now; the row behind it is left as it was."""
    sql("UPDATE audit SET actor = 'Somebody else' WHERE seq = 3")(connection)
    content = "SELECT seq, at, actor, act, subject, detail, previous FROM audit WHERE seq = 3"
    row = json.dumps(tuple(connection.execute(text(content)).one()), separators=(",", ":"))
    digest = hashlib.sha256(row.encode()).hexdigest()
    connection.execute(text("UPDATE audit SET hash = :digest WHERE seq = 3"), {"digest": digest})


def test_an_empty_and_a_grown_chain_hold(db: Database) -> None:
    with db.read() as connection:
        assert audit.verify(connection) == audit.ChainReport(rows=0, head=audit.GENESIS, broken_at=None, problem=None)
    grow(db, 5)
    with db.read() as connection:
        report = audit.verify(connection)
        assert (report.rows, report.broken_at) == (5, None)
        assert report.head == audit.rows(connection)[-1].hash
        assert [row.seq for row in audit.rows(connection, subject="item-3")] == [4]


@pytest.mark.parametrize(
    ("tamper", "broken_at"),
    [
        (sql("UPDATE audit SET actor = 'Somebody else' WHERE seq = 3"), 3),
        (sql("UPDATE audit SET act = 'item.approved' WHERE seq = 1"), 1),
        (sql("UPDATE audit SET subject = 'item-9' WHERE seq = 2"), 2),
        (sql("""UPDATE audit SET detail = '{"tier": 9}' WHERE seq = 5"""), 5),
        (sql("UPDATE audit SET detail = 'not json' WHERE seq = 5"), 5),
        (sql("UPDATE audit SET at = 'yesterday' WHERE seq = 2"), 2),
        (sql("UPDATE audit SET hash = 'abc' WHERE seq = 2"), 2),
        (sql("DELETE FROM audit WHERE seq = 1"), 1),
        (sql("DELETE FROM audit WHERE seq = 3"), 3),
        (sql("DELETE FROM audit WHERE seq = 5"), 5),
        (sql("DELETE FROM audit"), 1),
        (sql("DELETE FROM audit WHERE seq = 3", "UPDATE audit SET seq = seq - 1 WHERE seq > 3"), 3),
        (
            sql(
                "UPDATE audit SET seq = 99 WHERE seq = 2",
                "UPDATE audit SET seq = 2 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 99",
            ),
            2,
        ),
        (
            sql(
                "INSERT INTO audit SELECT 6, at, actor, act, subject, detail, hash, hash FROM audit WHERE seq = 5",
            ),
            6,
        ),
        (hashed_anew, 4),
    ],
    ids=[
        "actor changed",
        "act changed",
        "subject changed",
        "detail changed",
        "detail unreadable",
        "time unreadable",
        "hash changed",
        "first missing",
        "middle missing",
        "last missing",
        "all missing",
        "missing and renumbered",
        "reordered",
        "one put in",
        "changed and hashed anew",
    ],
)
def test_a_touched_chain_is_found_where_it_breaks(db: Database, tamper: Tamper, broken_at: int) -> None:
    grow(db, 5)
    with db.write() as connection:
        tamper(connection)
    with db.read() as connection:
        report = audit.verify(connection)
    assert report.broken_at == broken_at
    assert report.problem


def test_a_row_stands_or_falls_with_what_it_records(db: Database) -> None:
    grow(db, 2)

    def fail() -> None:
        with db.write() as connection:
            audit.append(connection, at=NOW, actor="a", act="b", subject="c", detail={})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    grow(db, 1)
    with db.read() as connection:
        assert audit.verify(connection).broken_at is None


def test_acts_of_many_at_once_make_one_chain(db: Database) -> None:
    broken: list[BaseException] = []

    def act(name: str) -> None:
        try:
            for n in range(10):
                with db.write() as connection:
                    audit.append(connection, at=NOW, actor=name, act="item.opened", subject=f"{name}-{n}", detail={})
        except BaseException as error:
            broken.append(error)

    threads = [threading.Thread(target=act, args=(f"Reviewer {n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    with db.read() as connection:
        report = audit.verify(connection)
        assert (report.rows, report.broken_at) == (50, None)
