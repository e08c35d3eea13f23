"""The database: its migrations, its transactions, its writers side by side."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from store import audit, batch_tables, duty_tables, hook_tables, rollout_tables, runs, watch_tables
from store.backup import copy_files
from store.database import Database, DatabaseAway, DatabaseBusy, DatabaseTooNew, database_at, revision
from store.engine import DatabaseUnusable
from store.migrations import HEAD, chain
from store.tables import metadata
from tests.unit.store.conftest import NOW, a_run


def test_the_chain_makes_the_tables_that_the_code_reads(db: Database) -> None:
    # every module with tables is imported
    assert hook_tables.hook_cards.metadata is watch_tables.watches.metadata is metadata
    assert batch_tables.batches.metadata is rollout_tables.switches.metadata is duty_tables.duties.metadata is metadata
    with db.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        made = inspect(connection)
        for table in metadata.sorted_tables:
            columns = {column["name"]: column["nullable"] for column in made.get_columns(table.name)}
            assert columns == {column.name: column.nullable for column in table.columns}


def test_the_noted_head_is_the_end_of_the_chain(db: Database) -> None:
    assert chain.newest() == HEAD
    with db.read() as connection:
        assert revision(connection) == HEAD


def test_migrating_again_changes_nothing_and_keeps_the_rows(db: Database) -> None:
    with db.write() as connection:
        runs.create(connection, a_run())
    db.migrate()
    with db.read() as connection:
        assert runs.get(connection, "run-1") == a_run()


def test_many_may_migrate_at_once(empty_url: str) -> None:
    failed = []

    def migrate() -> None:
        database = Database(empty_url)
        try:
            database.migrate()
        except Exception as error:
            failed.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_database_of_a_newer_version_is_left_alone(db: Database) -> None:
    with db.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match="newer Preround"):
        db.migrate()


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(DatabaseUnusable, match="Give the database a file"):
        Database("sqlite://")


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", "postgresql+asyncpg://host/name", ""])
def test_what_is_no_database_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUnusable, match="PREROUND_DATABASE_URL"):
        Database(url)


def test_a_database_that_is_not_there_is_away(tmp_path: Path) -> None:
    database = Database(f"postgresql://nobody@/none?host={tmp_path}")
    with pytest.raises(DatabaseAway, match="nothing is lost"), database.read():
        pass
    with pytest.raises(DatabaseAway), database.write():
        pass


def test_who_never_gets_a_turn_is_told(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.engine.BUSY_SECONDS", 0.2)
    one, other = Database(store_url), Database(store_url)
    with one.write(), pytest.raises(DatabaseBusy, match="holds the database"), other.write():
        pass
    with other.write():  # and gets it once it is let go
        pass
    one.close()
    other.close()


def test_a_copy_waits_for_who_writes_and_says_whom_it_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.backup.BUSY_SECONDS", 0.2)
    state, to = tmp_path / "state.db", tmp_path / "copy"
    to.mkdir()
    database = database_at(state)
    database.migrate()
    with database.write(), pytest.raises(DatabaseBusy):
        copy_files(state, (), to)
    copy_files(state, (), to)
    assert (to / "state.db").exists()
    database.close()


def test_a_write_that_raises_leaves_nothing(db: Database) -> None:
    def fail() -> None:
        with db.write() as connection:
            runs.create(connection, a_run())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with db.read() as connection:
        assert runs.get(connection, "run-1") is None


def test_what_a_read_writes_does_not_last(db: Database) -> None:
    with db.read() as connection:
        runs.create(connection, a_run())
    with db.read() as connection:
        assert runs.get(connection, "run-1") is None


def test_foreign_keys_hold(db: Database) -> None:
    with pytest.raises(IntegrityError), db.write() as connection:
        runs.create(connection, a_run(refreshes="nobody"))


def test_readers_that_turn_writers_side_by_side_lose_nothing(db: Database) -> None:
    """Read, then write, from many threads: what deferred transactions answer with "database is locked"."""
    each, threads_n = 25, 6

    def work(name: str) -> None:
        for n in range(each):
            with db.write() as connection:
                runs.by_status(connection, {"running"})
                runs.create(connection, a_run(f"{name}-{n}", created=NOW + timedelta(seconds=n)))

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(threads_n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as connection:
        assert len(runs.by_status(connection)) == each * threads_n


@pytest.mark.parametrize("act", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_audit_can_only_grow(db: Database, act: str) -> None:
    with db.write() as connection:
        audit.append(connection, at=NOW, actor="a", act="b", subject="c", detail={})
    with pytest.raises(DBAPIError, match="audit can only grow"), db.write() as connection:
        connection.execute(text(act))
