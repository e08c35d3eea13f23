"""Encryption at rest: what is sealed opens under its own key, in its own place, and nowhere else."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from store import api_answers, decisions, holds, hook_cards, items, runs
from store.artifacts import ArtifactDamaged, get_bytes, put_bytes
from store.database import Database
from store.hook_tables import api_answers as answer_rows
from store.hook_tables import hook_feedback
from store.keyring import check_keys, needed_keys, rekey, sealed_counts
from store.tables import artifacts
from store.tables import decisions as decision_rows
from store.tables import runs as run_rows
from store.vault import KeyMissing, KeyUnusable, SealBroken, Vault
from tests.unit.store.conftest import NOW, a_decision, a_run
from tests.unit.store.test_runs import an_item

FIRST, SECOND = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
SECRET = b"Testpatient Aurora slept badly"


def at(url: str, keys: str | None) -> Database:
    return Database(url, vault=Vault.of(keys))


@pytest.fixture
def sealed(store_url: str) -> Iterator[Database]:
    """A database with the first key, and an artifact of `run-1`, its question, and a hold."""
    database = at(store_url, FIRST)
    check_keys(database)
    fill(database, "run-1", SECRET)
    yield database
    database.close()


def fill(database: Database, run_id: str, secret: bytes) -> str:
    with database.write() as connection:
        runs.create(connection, a_run(run_id, question=secret.decode()))
        holds.set_hold(connection, subject=run_id, reason=secret.decode(), person="Ada", now=NOW)
        return put_bytes(connection, secret, kind="evidence", run_id=run_id, now=NOW)


def read(database: Database, run_id: str, sha256: str) -> tuple[bytes, str | None, str]:
    with database.read() as connection:
        run = runs.get(connection, run_id)
        assert run is not None
        (hold,) = [one for one in holds.every(connection) if one.subject == run_id]
        return get_bytes(connection, sha256), run.question, hold.reason


def test_what_is_sealed_comes_back_and_does_not_lie_there(sealed: Database) -> None:
    with sealed.read() as connection:
        row = connection.execute(select(artifacts.c.sha256, artifacts.c.body, artifacts.c.key_id)).one()
        question = connection.execute(select(run_rows.c.question)).scalar_one()
    assert read(sealed, "run-1", row.sha256) == (SECRET, SECRET.decode(), SECRET.decode())
    assert row.key_id == Vault.of(FIRST).head
    assert SECRET not in row.body
    assert b"Aurora" not in base64.b64decode(question.rpartition(":")[2])
    with pytest.raises(zlib.error):
        zlib.decompress(row.body)


def test_the_same_content_is_never_the_same_bytes(sealed: Database, store_url: str) -> None:
    with sealed.write() as connection:
        runs.create(connection, a_run("run-2", question=SECRET.decode()))
        one, other = connection.execute(select(run_rows.c.question)).scalars().all()
    assert one != other


def test_what_is_put_in_anothers_place_does_not_open(sealed: Database) -> None:
    other = fill(sealed, "run-2", b"Somebody else")
    with sealed.write() as connection:
        a, r = artifacts.c, run_rows.c
        body = connection.execute(select(a.body).where(a.sha256 != other)).scalar_one()
        question = connection.execute(select(r.question).where(r.run_id == "run-1")).scalar_one()
        connection.execute(update(artifacts).where(a.sha256 == other).values(body=body))
        connection.execute(update(run_rows).where(r.run_id == "run-2").values(question=question))
    with sealed.read() as connection:
        with pytest.raises(ArtifactDamaged):
            get_bytes(connection, other)
        with pytest.raises(SealBroken, match="restore the database"):
            runs.get(connection, "run-2")


@pytest.mark.parametrize("keys", [None, SECOND], ids=["none", "another"])
def test_a_key_that_is_not_here_is_named_before_anything_is_done(
    sealed: Database, store_url: str, keys: str | None
) -> None:
    database = at(store_url, keys)
    with pytest.raises(KeyMissing, match=f"under the key {Vault.of(FIRST).head}, which PREROUND_STATE_KEY"):
        check_keys(database)
    with pytest.raises(KeyMissing), database.read() as connection:
        runs.get(connection, "run-1")
    database.close()


def test_a_new_key_seals_and_the_old_one_still_opens_until_all_is_sealed_again(
    sealed: Database, store_url: str
) -> None:
    both, new = at(store_url, f"{SECOND},{FIRST}"), at(store_url, SECOND)
    check_keys(both)
    sha = fill(both, "run-2", b"later")
    first = fill(both, "run-1b", SECRET)
    with both.read() as connection:
        assert sealed_counts(connection) == {Vault.of(FIRST).head: 1, Vault.of(SECOND).head: 1}
    next(rekey(both))  # cut off after the first rows
    with pytest.raises(KeyMissing):
        check_keys(new)
    assert sum(rekey(both)) > 0
    check_keys(new)
    assert read(new, "run-1", first) == (SECRET, SECRET.decode(), SECRET.decode())
    assert read(new, "run-2", sha)[0] == b"later"
    with new.read() as connection:
        assert needed_keys(connection) == {Vault.of(SECOND).head}
    assert sum(rekey(both)) == 0
    both.close()
    new.close()


def test_what_was_kept_before_there_was_a_key_is_read_and_then_sealed(store_url: str) -> None:
    plain = at(store_url, None)
    check_keys(plain)
    sha = fill(plain, "run-1", SECRET)
    database = at(store_url, FIRST)
    check_keys(database)
    assert read(database, "run-1", sha) == (SECRET, SECRET.decode(), SECRET.decode())
    assert sum(rekey(database)) == 3
    assert read(database, "run-1", sha)[0] == SECRET
    with pytest.raises(KeyMissing), plain.read() as connection:
        get_bytes(connection, sha)
    plain.close()
    database.close()


def test_words_of_a_decision_are_no_part_of_its_row(sealed: Database) -> None:
    with sealed.write() as connection:
        sha256 = put_bytes(connection, b"proposed", kind="proposal", run_id="run-1", now=NOW)
        items.insert(connection, replace(an_item("item-1", "run-1"), artifact_sha256=sha256))
        one = replace(a_decision("item-1"), words=SECRET.decode())
        assert decisions.append(connection, one)
        assert decisions.of_item(connection, "item-1") == (one,)
        assert connection.execute(select(decision_rows.c.words)).scalar_one() is None


def test_what_other_systems_people_say_of_a_card_is_sealed(sealed: Database) -> None:
    card = hook_cards.CardRow(card="c1", service="s", about="a", client="", shown=NOW)
    said = hook_cards.FeedbackRow(
        card="c1",
        outcome="overridden",
        code=None,
        system=None,
        words=SECRET.decode(),
        suggestions=(),
        decided=NOW,
        received=NOW,
    )
    with sealed.write() as connection:
        hook_cards.keep(connection, [card])
        assert hook_cards.answer(connection, said)
        assert hook_cards.answers(connection) == ((card, said),)
        assert "Aurora" not in connection.execute(select(hook_feedback.c.words)).scalar_one()


def test_what_the_api_answered_is_sealed_and_sealed_again(sealed: Database, store_url: str) -> None:
    answer_id = api_answers.id_of("a program", "monday")
    with sealed.write() as connection:
        api_answers.begin(connection, api_answers.Answered(answer_id=answer_id, request_sha256="0" * 64, begun=NOW))
        api_answers.finish(connection, answer_id, status=200, location=None, body=SECRET.decode())
        before = connection.execute(select(answer_rows.c.body)).scalar_one()
    later = at(store_url, f"{SECOND},{FIRST}")
    check_keys(later)
    list(rekey(later))
    with later.read() as connection:
        found = api_answers.find(connection, answer_id)
        after = connection.execute(select(answer_rows.c.body)).scalar_one()
    later.close()
    assert found is not None
    assert found.body == SECRET.decode()
    assert "Aurora" not in before + after
    assert before != after


@pytest.mark.parametrize("keys", ["short", base64.b64encode(b"x" * 16).decode(), f"{FIRST},nonsense"])
def test_what_is_no_key_is_refused(keys: str) -> None:
    with pytest.raises(KeyUnusable, match="openssl rand -base64 32"):
        Vault.of(keys)


def test_keys_are_shown_by_nothing() -> None:
    assert FIRST not in repr(Vault.of(FIRST))
    assert str(bytes([1]) * 4) not in repr(Vault.of(FIRST))
