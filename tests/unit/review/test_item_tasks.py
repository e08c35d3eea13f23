"""Which items the FHIR server does not show as they stand, since when, and what of that is tried again: both stores."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from review.gate import decide, expire, open_item
from review.item import Item
from review.policy import Policy
from review.queue import claim, release
from store import item_tasks, runs, seeded
from store.database import Database
from store.item_tasks import FIRST_WAIT, GIVEN_UP, LONGEST_WAIT, Behind
from store.seeded import SeededRow
from tests.unit.review.conftest import NOW, SOON, a_proposal, a_run, medication, summary

LATER = NOW + timedelta(days=400)


@pytest.fixture
def item(db: Database, policy: Policy) -> Item:
    return an_item(db, policy)


def an_item(db: Database, policy: Policy, run: str = "run-1", at: datetime = NOW) -> Item:
    with db.write() as connection:
        runs.create_if_absent(connection, a_run(run))
    return open_item(db, a_proposal(policy=policy, run_id=run), policy=policy, now=at)


def due(db: Database, *, now: datetime = LATER, most: int = 100) -> tuple[str, ...]:
    with db.read() as connection:
        return item_tasks.due(connection, now=now, most=most)


def behind(db: Database) -> Behind:
    with db.read() as connection:
        return item_tasks.behind(connection)


def shown(db: Database, item: Item) -> None:
    """The server shows it as it stands now."""
    with db.write() as connection:
        item_tasks.begin(connection, item.item_id, now=NOW)
        found = item_tasks.standing(connection, item.item_id)
        item_tasks.shown(connection, found, stored_id=f"there-{item.item_id}")


def failed(db: Database, item: Item, *, now: datetime, closed: bool = False) -> None:
    with db.write() as connection:
        item_tasks.failed(connection, item.item_id, error="The server takes no Tasks.", closed=closed, now=now)


def test_an_item_is_due_whenever_it_moved_and_until_it_is_shown(db: Database, policy: Policy, item: Item) -> None:
    def moves_and_is_shown() -> None:
        assert due(db) == (item.item_id,)
        assert behind(db).items == 1
        shown(db, item)
        assert due(db) == ()
        assert behind(db).items == 0

    moves_and_is_shown()
    claim(db, item_id=item.item_id, person="Ada Nowak", policy=policy, now=SOON)
    assert behind(db).since == SOON
    moves_and_is_shown()
    release(db, item_id=item.item_id, person="Ada Nowak", policy=policy, now=SOON)
    moves_and_is_shown()
    decide(db, item_id=item.item_id, person="Ada Nowak", verb="approve", policy=policy, now=SOON)
    moves_and_is_shown()
    written = SOON + timedelta(minutes=1)
    with db.write() as connection:
        assert runs.set_status(connection, "run-1", from_={"awaiting_review"}, to="written", now=written)
    assert behind(db).since == written, "it was shown as being written"
    moves_and_is_shown()
    assert behind(db) == Behind(items=0, since=None, shown=1, last_error=None)


def test_the_one_that_waits_longest_is_first_and_says_since_when(db: Database, policy: Policy) -> None:
    hours = [timedelta(hours=hour) for hour in (3, 1, 2)]
    made = [an_item(db, policy, f"run-{n}", NOW + one) for n, one in enumerate(hours, start=1)]
    names = [one.item_id for one in (made[1], made[2], made[0])]
    assert due(db) == tuple(names)
    assert due(db, most=2) == tuple(names[:2])
    assert (behind(db).items, behind(db).since) == (3, NOW + timedelta(hours=1))
    shown(db, made[1])
    assert behind(db).since == NOW + timedelta(hours=2)


def test_what_closed_before_anybody_was_shown_it_is_never_due(db: Database, policy: Policy, item: Item) -> None:
    decide(db, item_id=item.item_id, person="Ada", verb="reject", code="clutter", policy=policy, now=SOON)
    assert (due(db), behind(db).items) == ((), 0)


def test_what_closed_after_it_was_shown_is_due_once_more(db: Database, item: Item) -> None:
    shown(db, item)
    expire(db, now=LATER)
    assert due(db) == (item.item_id,)
    shown(db, item)
    assert due(db) == ()


def test_what_was_refused_is_tried_again_ever_later_and_at_last_left_when_it_is_closed(
    db: Database, item: Item
) -> None:
    with db.write() as connection:
        item_tasks.begin(connection, item.item_id, now=NOW)
    wait, now = FIRST_WAIT, NOW
    for _ in range(GIVEN_UP - 1):
        failed(db, item, now=now, closed=True)
        assert due(db, now=now + wait - timedelta(seconds=1)) == ()
        assert due(db, now=now + wait) == (item.item_id,)
        assert behind(db).items == 1, "it waits, and is not shown"
        now, wait = now + wait, min(LONGEST_WAIT, 2 * wait)
    assert behind(db).last_error == "The server takes no Tasks."
    failed(db, item, now=now)
    assert due(db) == (item.item_id,), "one that waits for a decision is tried for ever"
    failed(db, item, now=now, closed=True)
    assert (due(db), behind(db).items) == ((), 0)


def test_a_copy_with_a_known_error_is_shown_to_nobody(db: Database, policy: Policy, item: Item) -> None:
    an_item(db, policy, "run-2")
    with db.write() as connection:
        row = SeededRow(run_id="run-2", copy_of=item.item_id, kind="dose", entry=1, text_sha256="0" * 64, created=NOW)
        seeded.append(connection, row)
    assert (due(db), behind(db).items) == ((item.item_id,), 1)


def test_it_is_said_who_signed_and_how_often(db: Database, policy: Policy) -> None:
    drafts = [summary(), medication("Warfarin 5 mg", labels=frozenset({"tainted"}))]
    item = open_item(db, a_proposal(*drafts, policy=policy), policy=policy, now=NOW)
    signatures = set()
    for number, person in enumerate(("Ada Nowak", "Ben Okafor"), start=1):
        decide(db, item_id=item.item_id, person=person, verb="approve", policy=policy, now=NOW + number * FIRST_WAIT)
        with db.read() as connection:
            found = item_tasks.standing(connection, item.item_id)
        assert (found.signatures, found.signer, found.settled) == (number, person, False)
        signatures.add(found.signature)
    assert (found.item.state, found.outcome, len(signatures)) == ("approved", "awaiting_review", 2)


def test_tasks_of_items_are_known_by_the_servers_name_of_them(db: Database, item: Item) -> None:
    shown(db, item)
    mine = f"Task/there-{item.item_id}"
    with db.read() as connection:
        assert item_tasks.ours(connection, [mine, "Task/somebodys", f"Patient/there-{item.item_id}"]) == {mine}
        assert item_tasks.ours(connection, ["Patient/p1"]) == frozenset()


def test_of_those_who_begin_at_once_each_finds_the_same_row(db: Database, item: Item) -> None:
    barrier = threading.Barrier(6)
    broken: list[BaseException] = []

    def begins() -> None:
        try:
            barrier.wait()
            with db.write() as connection:
                item_tasks.begin(connection, item.item_id, now=NOW)
        except BaseException as error:  # a thread's failure is the test's
            broken.append(error)

    threads = [threading.Thread(target=begins) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert broken == []
    failed(db, item, now=NOW)
    with db.write() as connection:  # and none of them undoes what another noted since
        item_tasks.begin(connection, item.item_id, now=LATER)
    assert due(db, now=NOW) == ()
    assert due(db, now=NOW + FIRST_WAIT) == (item.item_id,)
