"""Racing deciders, as threads and as processes on one file: one outcome each, and writes only for an approval."""

import json
import subprocess
import sys
import threading
from collections import Counter
from typing import Any

import pytest

from review.errors import AlreadyDecided
from review.gate import decide, open_item
from review.item import Item
from review.policy import Policy
from review.queue import queue, show
from store import audit, items
from store.database import Database
from tests.unit.review.conftest import NOW, SOON, a_proposal, medication, summary

ROUNDS = 25

DECIDER = """
import json, sys
from datetime import datetime
from review.errors import AlreadyDecided
from review.gate import decide
from review.policy import load_policy
from store.database import Database

url, person, now, *item_ids = sys.argv[1:]
policy, db, won = load_policy(), Database(url), []
sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()
for n, item_id in enumerate(item_ids):
    try:
        if (n + len(person)) % 2:
            decide(db, item_id=item_id, person=person, verb="approve", policy=policy, now=datetime.fromisoformat(now))
        else:
            decide(db, item_id=item_id, person=person, verb="reject", code="clutter", policy=policy,
                   now=datetime.fromisoformat(now))
        won.append(item_id)
    except AlreadyDecided:
        pass
sys.stdout.write(json.dumps(won) + "\\n")
"""


def open_many(db: Database, policy: Policy, *drafts: Any) -> list[Item]:
    return [
        open_item(db, a_proposal(*drafts, policy=policy, revision=n), policy=policy, now=NOW)
        for n in range(1, ROUNDS + 1)
    ]


def check_one_outcome_each(db: Database) -> None:
    for item in queue(db):
        shown = show(db, item.item_id)
        if item.next_item is None and item.revision > ROUNDS:
            continue  # opened by an edit
        assert len(shown.decisions) == 1, item
        outcome = {"approve": "approved", "reject": "rejected", "edit": "superseded"}[shown.decisions[0].verb]
        assert item.state == outcome
        assert len(shown.outbox) == (6 if outcome == "approved" else 0)
    with db.read() as connection:
        assert audit.verify(connection).broken_at is None


def test_threads_that_decide_one_item_have_one_winner(db: Database, policy: Policy) -> None:
    deciders: list[tuple[str, dict[str, Any]]] = [
        ("Ada", {"verb": "approve"}),
        ("Ben", {"verb": "approve"}),
        ("Cyd", {"verb": "reject", "code": "clutter"}),
        ("Dan", {"verb": "approve", "only": (1,)}),
    ]
    wins: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    broken: list[BaseException] = []
    opened = open_many(db, policy)
    barrier = threading.Barrier(len(deciders))

    def work(person: str, call: dict[str, Any]) -> None:
        try:
            for item in opened:
                barrier.wait(timeout=60)
                try:
                    decide(db, item_id=item.item_id, person=person, policy=policy, now=SOON, **call)
                    wins[item.item_id] += 1
                except AlreadyDecided:
                    lost[item.item_id] += 1
        except BaseException as error:
            broken.append(error)
            barrier.abort()

    threads = [threading.Thread(target=work, args=decider) for decider in deciders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    assert wins == Counter({item.item_id: 1 for item in opened})
    assert lost == Counter({item.item_id: len(deciders) - 1 for item in opened})
    for item in opened:
        shown = show(db, item.item_id)
        (decision,) = shown.decisions
        entries = len(decision.entries) if decision.verb == "approve" else 0
        assert len(shown.outbox) == 3 * entries
    with db.read() as connection:
        assert audit.verify(connection).broken_at is None


def test_a_closed_item_is_not_closed_again_by_who_comes_past_the_gate(db: Database, policy: Policy) -> None:
    item = open_item(db, a_proposal(policy=policy), policy=policy, now=NOW)
    with db.write() as connection:
        assert items.close(connection, item.item_id, to="rejected", now=SOON)
        assert not items.close(connection, item.item_id, to="approved", now=SOON, approved_entries=(1,))
    assert show(db, item.item_id).item.state == "rejected"


def test_of_two_signatures_at_once_both_count_and_one_completes(db: Database, policy: Policy) -> None:
    items = open_many(db, policy, summary(), medication("Insulin glargine"))
    outcomes: Counter[tuple[str, str]] = Counter()
    barrier = threading.Barrier(2)

    def sign(person: str) -> None:
        for item in items:
            barrier.wait(timeout=60)
            done = decide(db, item_id=item.item_id, person=person, verb="approve", policy=policy, now=SOON)
            outcomes[item.item_id, done.outcome] += 1

    threads = [threading.Thread(target=sign, args=(person,)) for person in ("Ada", "Ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == Counter({(item.item_id, outcome): 1 for item in items for outcome in ("signed", "approved")})
    assert {len(show(db, item.item_id).outbox) for item in items} == {6}


@pytest.mark.parametrize("people", [("Ada", "Benn")])
def test_processes_that_decide_the_same_items_have_one_winner_each(
    db: Database, policy: Policy, people: tuple[str, ...], store_url: str
) -> None:
    items = open_many(db, policy)
    command = [sys.executable, "-c", DECIDER, store_url]
    ids = [item.item_id for item in items]
    running = [
        subprocess.Popen(
            [*command, person, SOON.isoformat(), *ids], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for person in people
    ]
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        won = []
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in running:
            answer, _ = process.communicate(timeout=120)
            won.append(json.loads(answer))
            assert process.returncode == 0
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()
    assert sorted(won[0] + won[1]) == sorted(ids)
    reopened = Database(store_url)
    check_one_outcome_each(reopened)
    reopened.close()
