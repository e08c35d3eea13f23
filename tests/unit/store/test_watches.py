"""What is watched, rung for and begun, as rows: each query on both stores."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from store import beginnings, watches
from store.beginnings import Beginning, Seen
from store.database import Database, Transaction
from store.watches import MOST_HINTS, Watch
from tests.unit.store.conftest import NOW

SERVER = "https://ehr.example/fhir"
SECRET = "0" * 64
SOON, LATER = NOW + timedelta(minutes=5), NOW + timedelta(days=2)


@pytest.fixture
def watch(db: Database) -> Watch:
    with db.write() as connection:
        return watches.ensure(connection, rule="admission", server=SERVER, now=NOW)


def at_once(db: Database, work: Callable[[Transaction], object], number: int = 6) -> list[object]:
    """What each of so many threads got that did the same at the same moment."""
    barrier, found = threading.Barrier(number), list[object]()

    def does() -> None:
        barrier.wait()
        try:
            with db.write() as connection:
                got = work(connection)
        except BaseException as error:  # a thread's failure is the test's
            got = error
        found.append(got)

    threads = [threading.Thread(target=does) for _ in range(number)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return found


def seen(name: str, version: str = "1") -> Seen:
    return Seen(reference=f"Encounter/{name}", version=version)


def added(
    db: Database, watch: Watch, name: str, *, tasks: tuple[str, ...] = ("summary",), minutes: int = 0
) -> Beginning:
    with db.write() as connection:
        made = beginnings.add(
            connection,
            watch_id=watch.watch_id,
            patient=f"Patient/{name}",
            tasks=tasks,
            how="asked",
            due=NOW + timedelta(minutes=minutes),
            by=seen(name),
            now=NOW,
        )
        beginnings.see(connection, watch.watch_id, [(seen(name), made.beginning_id)], now=NOW)
    return made


def due(db: Database, *, limit: int = 100, off: tuple[tuple[str, ...], ...] = ()) -> list[str]:
    with db.read() as connection:
        found = beginnings.due(connection, server=SERVER, now=SOON, limit=limit, off=off)
    return [one.patient for one in found]


def test_those_who_begin_to_watch_at_once_share_one_watch(db: Database) -> None:
    found = at_once(db, lambda c: watches.ensure(c, rule="admission", server=SERVER, now=NOW))
    assert found == [found[0]] * 6
    with db.write() as connection:
        watches.ensure(connection, rule="result", server="https://other.example/fhir", now=NOW)
        assert len(watches.every(connection)) == 2
        assert [one.rule for one in watches.every(connection, server=SERVER)] == ["admission"]


def test_who_rings_is_answered_by_a_look_that_began_later_and_was_done(db: Database, watch: Watch) -> None:
    def now() -> Watch:
        with db.read() as connection:
            found = watches.get(connection, watch.watch_id)
        assert found is not None
        return found

    at_once(db, lambda c: watches.ring(c, watch, now=NOW))
    assert (now().rings, now().rung) == (1, True), "one look answers all of them"
    with db.write() as connection:
        taken = watches.take(connection, watch.watch_id, by_id=False)
    with db.write() as connection:
        watches.ring(connection, watch, now=NOW)
    with db.write() as connection:
        watches.done(connection, taken, mark=SOON, behind=True, problem=None, now=SOON)
    assert (now().rung, now().mark, now().behind, now().looked) == (True, SOON, True, SOON)
    with db.write() as connection:
        watches.take(connection, watch.watch_id, by_id=True)
        watches.failed(connection, watch.watch_id, problem="The server is away.", now=LATER)
    assert (now().rung, now().problem, now().looked, now().by_id) == (True, "The server is away.", LATER, True)


def test_a_subscription_is_noted_and_forgotten(db: Database, watch: Watch) -> None:
    with db.write() as connection:
        watches.register(
            connection, watch.watch_id, subscription="Subscription/1", endpoint="e", criteria="c", secret_sha256=SECRET
        )
        found = watches.get(connection, watch.watch_id)
        assert found is not None
        assert (found.subscription, found.endpoint, found.criteria, found.secret_sha256) == (
            "Subscription/1",
            "e",
            "c",
            SECRET,
        )
        watches.unregister(connection, watch.watch_id)
        assert watches.get(connection, watch.watch_id) == watch


def test_what_is_named_is_kept_once_up_to_a_bound_until_it_is_read(db: Database, watch: Watch) -> None:
    assert at_once(db, lambda c: watches.hint(c, watch.watch_id, "Encounter/0")) == [True] * 6
    with db.write() as connection:
        assert all(watches.hint(connection, watch.watch_id, f"Encounter/{n}") for n in range(MOST_HINTS))
        assert not watches.hint(connection, watch.watch_id, "Encounter/more")
        assert len(watches.hinted(connection, watch.watch_id)) == MOST_HINTS
        watches.read(connection, watch.watch_id, [f"Encounter/{n}" for n in range(1, MOST_HINTS)])
        assert watches.hinted(connection, watch.watch_id) == ("Encounter/0",)


def test_each_version_is_news_once_and_forgotten_by_its_age(db: Database, watch: Watch) -> None:
    many = [seen(str(n)) for n in range(1000)]
    with db.write() as connection:
        assert beginnings.unseen(connection, watch.watch_id, many) == many
        beginnings.see(connection, watch.watch_id, [(one, None) for one in many[:900]], now=NOW)
        beginnings.see(connection, watch.watch_id, [], now=NOW)
        assert beginnings.unseen(connection, watch.watch_id, [*many, seen("0", "2")]) == [*many[900:], seen("0", "2")]
        names = [one.reference for one in many]
        assert beginnings.known(connection, watch.watch_id, names) == set(names[:900])
        assert beginnings.known(connection, "another", names) == frozenset()
        beginnings.see(connection, watch.watch_id, [(many[999], None)], now=LATER)
        beginnings.forget(connection, watch.watch_id, before=LATER)
        assert beginnings.known(connection, watch.watch_id, names) == {many[999].reference}


def test_what_is_due_comes_in_order_and_not_what_is_switched_off(db: Database, watch: Watch) -> None:
    for name, minutes in (("late", 4), ("early", 1), ("never", 900)):
        added(db, watch, name, minutes=minutes)
    added(db, watch, "off", tasks=("comparison", "summary"))
    assert due(db) == ["Patient/off", "Patient/early", "Patient/late"]
    assert due(db, limit=1) == ["Patient/off"]
    assert due(db, off=(("comparison", "summary"), ("question",))) == ["Patient/early", "Patient/late"]
    assert due(db, limit=0) == []
    with db.read() as connection:
        kinds = beginnings.tasks_due(connection, server=SERVER, now=SOON)
        assert sorted(kinds) == [("comparison", "summary"), ("summary",)]
        assert beginnings.due(connection, server="https://other.example/fhir", now=LATER, limit=9) == ()
        never = beginnings.waiting(connection, watch.watch_id, "Patient/never")
    assert never is not None
    assert (never.tasks, never.state, never.how) == (("summary",), "waiting", "asked")


def test_of_those_who_begin_a_round_at_once_one_does(db: Database, watch: Watch) -> None:
    made = added(db, watch, "ann")
    assert added_again(db, watch) == made, "the same news is the same beginning"
    assert sorted(map(str, at_once(db, lambda c: beginnings.settle(c, made, "begun", now=SOON)))) == ["False"] * 5 + [
        "True"
    ]
    refused = added(db, watch, "bob")
    with db.write() as connection:
        assert beginnings.settle(connection, refused, "refused", now=LATER, detail="Nobody.")
        assert beginnings.waiting(connection, watch.watch_id, "Patient/ann") is None
        assert beginnings.last_begun(connection, watch.watch_id, "Patient/ann") == SOON
        assert beginnings.last_begun(connection, watch.watch_id, "Patient/bob") is None
        assert [beginnings.begun_since(connection, moment) for moment in (NOW, SOON, LATER)] == [1, 1, 0]
        assert beginnings.tally(connection) == {("admission", "begun"): 1, ("admission", "refused"): 1}
        assert beginnings.causes(connection, made.beginning_id) == (seen("ann"),)
    assert due(db) == []


def added_again(db: Database, watch: Watch) -> Beginning:
    """Somebody else comes with the same, later."""
    with db.write() as connection:
        return beginnings.add(
            connection,
            watch_id=watch.watch_id,
            patient="Patient/ann",
            tasks=("summary",),
            how="told",
            due=LATER,
            by=seen("ann"),
            now=LATER,
        )
