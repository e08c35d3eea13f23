"""Items with a known error: decided as any other, counted apart, and by no way written."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from review.errors import AlreadyDecided, NotAllowed, RoundOver
from review.gate import decide, open_item
from review.incidents import incidents, paused
from review.item import Item
from review.outcomes import outcomes
from review.policy import Policy
from review.proposal import drafts_of
from review.quality_csv import seeded_table
from review.queue import outbox_for, show
from review.recorded import due_rows
from review.rollout import happened
from review.seeding import Copy, attention, open_copy, seeded_every
from store import audit, outbox, runs, seeded
from store.database import Database
from store.duty_tables import seeded_errors
from store.tables import outbox as outbox_table
from tests.unit.review.conftest import NOW, SOON, a_proposal, a_run, lab, summary

CANONICAL = "https://example.org/PlanDefinition/screening|2.1"


def copied(db: Database, policy: Policy, kind: str = "wrong-value", run_id: str = "copy-1") -> Item:
    """A copy of the item of run-1, whose first entry says something else."""
    item = open_item(db, a_proposal(policy=policy), policy=policy, now=NOW)
    proposal = show(db, item.item_id).proposal
    drafts = [
        replace(one, resource={k: v for k, v in one.resource.items() if k != "id"}) for one in drafts_of(proposal)
    ]
    drafts[0] = replace(drafts[0], resource={**drafts[0].resource, "title": "Summary, 6.5"})
    drafts[1] = replace(drafts[1], resource={**drafts[1].resource, "instantiatesCanonical": [CANONICAL]})
    copy = Copy(
        run=replace(a_run(run_id), status="running"),
        item=item,
        proposal=proposal,
        drafts=drafts,
        result={"evidence": [], "page": ["Summary, 6.5"]},
        kind=kind,
        entry=1,
        was="Summary, 5.6",
        says="Summary, 6.5",
    )
    return open_copy(db, copy, policy=policy, about=None, now=NOW)


def decided(db: Database, item: Item, policy: Policy, verb: str, **more: Any) -> Any:
    call: dict[str, Any] = {"item_id": item.item_id, "person": "Ada", "verb": verb, "policy": policy, "now": SOON}
    return decide(db, **{**call, **more})


def test_a_copy_waits_as_any_other_item_beside_the_one_that_it_copies(db: Database, policy: Policy) -> None:
    item = copied(db, policy)
    assert (item.state, item.tier, item.patient) == ("open", 2, "Patient/p1")
    with db.read() as connection:
        seed = seeded.of_run(connection, item.run_id)
        assert seed is not None
        assert show(db, seed.copy_of).item.state == "open"
        assert (seed.kind, seed.result, seeded.texts(connection, seed)) == (
            *("wrong-value", None),
            ("Summary, 5.6", "Summary, 6.5"),
        )
        assert [run.run_id for run in runs.undriven(connection)] == [], "nothing drives it"
    assert not {e.resource["id"] for e in show(db, item.item_id).proposal.entries} & {
        e.resource["id"] for e in show(db, seed.copy_of).proposal.entries
    }


@pytest.mark.parametrize(
    ("verb", "more", "result"),
    [
        ("approve", {}, "missed"),
        ("approve", {"only": (1,)}, "missed"),
        ("approve", {"only": (2,)}, "left out"),
        ("reject", {"code": "unsafe"}, "caught"),
        ("revise", {"words": "It says 5.6."}, "caught"),
        ("edit", {"edit": 1}, "caught"),
        ("edit", {"edit": 2}, "missed"),
    ],
)
def test_whatever_is_decided_nothing_is_written_and_the_answer_is_noted(
    db: Database, policy: Policy, verb: str, more: dict[str, Any], result: str
) -> None:
    item = copied(db, policy)
    if "edit" in more:
        entry = show(db, item.item_id).proposal.entries[more["edit"] - 1]
        more = {"edited": {entry.n: {**entry.resource, "language": "en"}}}
    done = decided(db, item, policy, verb, **more)
    assert (done.seeded, done.next_item, done.item.state) == (True, None, "cancelled")
    assert (outbox_for(db, item.item_id), due_rows(db, item.item_id)) == ((), ())
    assert [one.result for one in seeded_every(db)] == [result]
    with pytest.raises(AlreadyDecided):
        decided(db, item, policy, "approve", person="Ben")
    with db.read() as connection:
        run = runs.get(connection, item.run_id)
        assert run is not None
        assert run.status == "nothing_to_write"
        assert audit.verify(connection).problem is None
        acts = list(audit.rows(connection, subject=item.item_id))
    assert (acts[-1].act, acts[-1].detail["result"]) == ("item.seed_decided", result)
    assert "5.6" not in str([row.detail for row in acts])


def test_who_may_decide_is_asked_as_of_any_item(db: Database, site: Policy) -> None:
    item = copied(db, site)
    with pytest.raises(NotAllowed):
        decided(db, item, site, "approve", person="Dan Clinician")
    assert [one.result for one in seeded_every(db)] == [None]


def test_the_store_lets_none_of_it_into_the_outbox(db: Database, policy: Policy) -> None:
    item = copied(db, policy)
    ordinary = show(db, seeded_every(db)[0].copy_of)
    row = _row(item)
    with pytest.raises((IntegrityError, DatabaseError), match="seeded"), db.write() as connection:
        outbox.append(connection, [row])
    decided(db, ordinary.item, policy, "approve")
    assert outbox_for(db, ordinary.item.item_id), "an ordinary one is let in"
    for statement in (
        update(outbox_table).values(item_id=item.item_id, entry=outbox_table.c.entry + 10),
        delete(seeded_errors),
        update(seeded_errors).values(run_id="run-1"),
    ):
        with pytest.raises((IntegrityError, DatabaseError), match="seeded"), db.write() as connection:
            connection.execute(statement)


def _row(item: Item) -> outbox.OutboxRow:
    return outbox.OutboxRow(
        outbox_id=f"{item.item_id}-1-1",
        item_id=item.item_id,
        entry=1,
        position=1,
        part="target",
        resource_type="Composition",
        resource_id="x",
        if_match=None,
        body="{}",
        sha256="0" * 64,
        group_sha256="0" * 64,
        state="pending",
        attempts=0,
        created=NOW,
        updated=NOW,
    )


def test_it_counts_in_no_figure_of_ordinary_work_and_reports_no_harm(db: Database, policy: Policy) -> None:
    item = copied(db, policy)
    decided(db, item, policy, "reject", code="unsafe")
    assert (outcomes(db), incidents(db), paused(db)) == ((), (), frozenset())
    assert [run.run_id for run in happened(db).runs] == ["run-1"]
    with db.read() as connection:
        assert runs.last_result(connection, "Patient/p1") is None, "no later round is compared with it"


def test_caught_and_missed_stand_by_kind_and_in_the_table(db: Database, policy: Policy) -> None:
    first = copied(db, policy, "wrong-unit", "copy-1")
    second = copied(db, policy, "stale-date", "copy-2")
    copied(db, policy, "stale-date", "copy-3")
    decided(db, first, policy, "approve")
    decided(db, second, policy, "reject", code="clutter")
    found = seeded_every(db)
    assert [(a.kind, a.seeded, a.caught, a.left_out, a.missed, a.waiting) for a in attention(found)] == [
        ("stale-date", 2, 1, 0, 0, 1),
        ("wrong-unit", 1, 0, 0, 1, 0),
    ]
    lines = list(csv.DictReader(io.StringIO(seeded_table(found))))
    assert {(line["kind"], line["result"]) for line in lines} == {
        ("wrong-unit", "missed"),
        ("stale-date", "caught"),
        ("stale-date", ""),
    }


def test_its_round_is_over_so_that_nothing_more_opens_in_it(db: Database, policy: Policy) -> None:
    item = copied(db, policy)
    with pytest.raises(RoundOver):
        open_item(
            db, a_proposal(lab(), summary(), policy=policy, run_id=item.run_id, revision=2), policy=policy, now=SOON
        )
