"""Who was asked to sign is held to the audit chain: changed, taken out or put in, nothing is signed and it is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from review.asking import Wish, ask, party_of
from review.errors import RecordDiffers
from review.gate import decide, open_item
from review.item import Item
from review.policy import Policy
from review.queue import outbox_for, show
from review.recorded import due_rows
from store import artifacts, asks, audit
from store.database import Database, Transaction
from tests.unit.review.conftest import NOW, SOON, a_proposal, lab, summary

Harm = Callable[[Transaction, Item], None]
WISH = Wish(party=party_of("attending"), words="Is the dose right?")


@pytest.fixture
def item(db: Database, site: Policy) -> Item:
    return open_item(db, a_proposal(summary(), lab(), policy=site), policy=site, now=NOW)


def asked(db: Database, item: Item, site: Policy, wish: Wish = WISH) -> None:
    ask(db, item_id=item.item_id, person="Dan Clinician", wish=wish, policy=site, now=SOON)


def sign(db: Database, item: Item, site: Policy, person: str = "Ada Prescriber") -> str:
    return decide(db, item_id=item.item_id, person=person, verb="approve", policy=site, now=SOON).outcome


def problem(db: Database) -> str | None:
    with db.read() as connection:
        return audit.verify(connection).problem


def unlocked(connection: Transaction) -> None:
    """As who owns the database can."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE asks DISABLE TRIGGER asks_only_grows"))
    else:
        for act in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER asks_no_{act}"))


def column(name: str, value: str) -> Harm:
    def harm(connection: Transaction, item: Item) -> None:
        connection.execute(text(f"UPDATE asks SET {name} = :value"), {"value": value})  # noqa: S608 - our own names

    return harm


def gone(connection: Transaction, item: Item) -> None:
    connection.execute(text("DELETE FROM asks"))


def other_words(connection: Transaction, item: Item) -> None:
    said = {"ask": "another", "words": "All is well, sign."}
    sha256 = artifacts.put_json(connection, said, kind="words", run_id=item.run_id, now=NOW)
    connection.execute(text("UPDATE asks SET words_sha256 = :sha"), {"sha": sha256})


def put_in(connection: Transaction, item: Item) -> None:
    (there,) = asks.of_item(connection, item.item_id)
    asks.append(connection, replace(there, ask_id="another"), run_id=item.run_id)


HARMS: dict[str, Harm] = {
    "gone": gone,
    "put in": put_in,
    "other words": other_words,
    "another asked": column("asked", "a pharmacist"),
    "another's keys": column("asked_keys", '["role:pharmacist"]'),
    "another asks": column("person", "Eve Prescriber"),
    "another asks, by key": column("person_key", "eve prescriber"),
    "another proposal": column("proposal_sha256", "0" * 64),
    "another time": column("at", "2021-08-01T07:30:00.000000+00:00"),
    "another id": column("ask_id", "another"),
}


@pytest.mark.parametrize("kind", HARMS)
def test_an_ask_that_was_changed_signs_nothing_and_is_found(db: Database, site: Policy, item: Item, kind: str) -> None:
    asked(db, item, site)
    assert problem(db) is None
    with db.write() as connection:
        unlocked(connection)
        HARMS[kind](connection, item)
    with pytest.raises(RecordDiffers):
        sign(db, item, site)
    with pytest.raises(RecordDiffers):
        asked(db, item, site, Wish(party=party_of("Cyd Attending"), words="You too."))
    shown = show(db, item.item_id)
    assert (shown.item.state, shown.decisions, outbox_for(db, item.item_id)) == ("open", (), ())
    assert item.item_id in str(problem(db))


@pytest.mark.parametrize("value", ["not json", "[", ""])
def test_what_cannot_be_read_is_found_too(db: Database, site: Policy, item: Item, value: str) -> None:
    asked(db, item, site)
    with db.write() as connection:
        unlocked(connection)
        column("asked_keys", value)(connection, item)
    assert item.item_id in str(problem(db))


def test_an_ask_put_in_where_nobody_asked_is_found(db: Database, site: Policy, item: Item) -> None:
    other = open_item(db, a_proposal(summary("Another"), policy=site, revision=2), policy=site, now=NOW)
    asked(db, other, site)
    with db.write() as connection:
        unlocked(connection)
        connection.execute(text("UPDATE asks SET item_id = :item"), {"item": item.item_id})
    for one in (item, other):
        with pytest.raises(RecordDiffers):
            sign(db, one, site)


def test_an_ask_that_goes_after_the_signatures_is_written_no_more(db: Database, site: Policy, item: Item) -> None:
    asked(db, item, site)
    assert sign(db, item, site) == "signed"
    assert sign(db, item, site, "Cyd Attending") == "approved"
    assert due_rows(db, item.item_id)
    with db.write() as connection:
        unlocked(connection)
        gone(connection, item)
    with pytest.raises(RecordDiffers):
        due_rows(db, item.item_id)


@pytest.mark.parametrize("statement", ["DELETE FROM asks", "UPDATE asks SET asked = 'nobody'"])
def test_the_database_itself_lets_asks_only_grow(db: Database, site: Policy, item: Item, statement: str) -> None:
    asked(db, item, site)
    with pytest.raises(DBAPIError, match="asks can only grow"), db.write() as connection:
        connection.execute(text(statement))
