"""Opened evidence: a record in the store, held to the chain, without which the gate signs no high tier."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from review.errors import NotAllowed, RecordDiffers
from review.gate import decide, open_item
from review.item import Item
from review.opened import note_opened, opened_of, still_to_open
from review.policy import Policy
from review.proposal import Draft
from review.queue import outbox_for, show
from review.signer import Signer
from store import audit
from store.database import Database
from store.duty_tables import opened_sources
from tests.unit.review.conftest import NOW, SOON, SOURCES, a_proposal, lab, medication, summary

FLO = "Flo Prescriber"
THREE = ("Observation/1/_history/2", "Observation/2/_history/1", "Condition/3/_history/1")


def statin(**more: Any) -> Draft:
    return medication("Atorvastatin", medication_class="statin", **more)


def insulin(**more: Any) -> Draft:
    return medication("Insulin glargine", medication_class="insulin", **more)


def opened(db: Database, policy: Policy, *drafts: Draft, revision: int = 1) -> Item:
    return open_item(db, a_proposal(*drafts, policy=policy, revision=revision), policy=policy, now=NOW)


def look(db: Database, item: Item, source: str, person: str = FLO, **more: Any) -> Any:
    given = {"person": person, "key": person.lower(), "now": SOON, **more}
    return note_opened(db, item_id=item.item_id, source=source, **given)


def sign(db: Database, item: Item, policy: Policy, person: str = FLO, **more: Any) -> str:
    call = {"item_id": item.item_id, "person": person, "verb": "approve", "policy": policy, "now": SOON}
    return decide(db, attested=frozenset({"signed_in_again"}), **{**call, **more}).outcome


@pytest.fixture
def item(db: Database, site: Policy) -> Item:
    found = opened(db, site, statin(sources=THREE))
    assert found.tier == 3
    return found


def test_what_one_person_opened_is_on_record_once_and_in_the_chain_without_a_word(db: Database, item: Item) -> None:
    first = look(db, item, THREE[0])
    again = look(db, item, THREE[0], now=SOON + timedelta(minutes=1))
    assert first == again
    assert (first.person, first.source, first.revision, first.proposal_sha256, first.at) == (
        *(FLO, THREE[0], 1, item.proposal_sha256, SOON),
    )
    look(db, item, THREE[1], person="Ada Prescriber")
    assert [(one.person, one.source) for one in opened_of(db, item)] == [("Ada Prescriber", THREE[1]), (FLO, THREE[0])]
    with db.read() as connection:
        acts = [row for row in audit.rows(connection, subject=item.item_id) if row.act == "item.source_opened"]
        assert audit.verify(connection).problem is None
    assert [(act.actor, act.detail["source"]) for act in acts] == [(FLO, THREE[0]), ("Ada Prescriber", THREE[1])]
    assert {*acts[0].detail} == {"run", "proposal", "tier", "source", "revision"}


def test_nobody_signs_before_they_have_opened_it_themselves(db: Database, site: Policy, item: Item) -> None:
    look(db, item, THREE[0], person="Ada Prescriber")
    for source in ("Patient/p1/_history/1", "literature/abc"):  # behind the item, but nothing that the entry stands on
        look(db, item, source)
    with pytest.raises(NotAllowed, match="needs evidence opened before the signature"):
        sign(db, item, site)
    assert (show(db, item.item_id).decisions, outbox_for(db, item.item_id)) == ((), ())
    look(db, item, THREE[2])
    assert sign(db, item, site) == "approved"
    assert show(db, item.item_id).decisions[0].attested == ("evidence_opened", "signed_in_again")


def test_the_record_holds_for_another_process_and_another_door(db: Database, site: Policy, item: Item) -> None:
    subject = "https://provider.example|u1"
    look(db, item, THREE[0], person="Flo P.", key=subject)
    with pytest.raises(NotAllowed):
        sign(db, item, site)  # the same name typed is another person than who signed in
    elsewhere = Signer(key=subject, name="Flo Prescriber-Smith", roles=("prescriber",))
    assert sign(db, item, site, signer=elsewhere) == "approved"


def test_a_new_proposal_needs_fresh_reading(db: Database, site: Policy, item: Item) -> None:
    look(db, item, THREE[0])
    done = decide(
        db,
        item_id=item.item_id,
        person="Ada Prescriber",
        verb="edit",
        policy=site,
        now=SOON,
        edited={1: _with_dose(show(db, item.item_id).proposal.entries[0].resource)},
    )
    following = show(db, str(done.next_item)).item
    assert opened_of(db, following) == ()
    with pytest.raises(NotAllowed, match="evidence opened"):
        sign(db, following, site)
    look(db, following, THREE[0])
    assert sign(db, following, site) == "approved"


def _with_dose(resource: dict[str, Any]) -> dict[str, Any]:
    return {**resource, "dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": 20, "unit": "mg"}}]}]}


def test_what_is_closed_or_over_is_shown_and_not_recorded(db: Database, site: Policy, item: Item) -> None:
    assert look(db, item, THREE[0], now=item.expires_at) is None
    decide(db, item_id=item.item_id, person=FLO, verb="reject", code="clutter", policy=site, now=SOON)
    assert look(db, item, THREE[0]) is None
    assert opened_of(db, item) == ()


def test_the_policy_says_how_much_each_entry_asks_for(db: Database, site: Policy) -> None:
    def missing(draft: Draft, *seen: str) -> dict[int, int]:
        return dict(still_to_open(site, a_proposal(draft, policy=site).entries, seen))

    assert [site.tier(n).evidence_opened for n in (3, 4)] == [1, 2]
    assert missing(statin(sources=THREE)) == {1: 1}
    assert missing(statin(sources=THREE), "Observation/2/_history/1") == {}
    assert missing(insulin(sources=THREE)) == {1: 2}
    assert missing(insulin(sources=THREE), THREE[0], THREE[0]) == {1: 1}
    assert missing(insulin(sources=THREE), THREE[0], "Condition/3") == {}
    assert missing(insulin(sources=THREE[:1]), THREE[0]) == {}, "all where there are fewer"
    assert missing(insulin(sources=())) == {1: 1}, "something of the item, where it names nothing"
    assert missing(insulin(sources=()), "Patient/p1") == {}
    assert missing(lab()) == missing(summary()) == {}, "a low tier asks for nothing"


def test_each_signer_opens_for_themselves(db: Database, site: Policy) -> None:
    bare = site.model_copy(
        update={"people": site.people.model_copy(update={"named": tuple(map(_unvouched, _named(site)))})}
    )
    found = opened(db, bare, insulin(sources=THREE), lab())
    assert found.tier == 4
    for source in THREE[:2]:
        look(db, found, source)
    look(db, found, THREE[0], person="Ben Pharmacist")
    assert sign(db, found, bare) == "signed"
    with pytest.raises(NotAllowed, match="open 2 of the sources"):
        sign(db, found, bare, person="Ben Pharmacist")
    look(db, found, THREE[2], person="Ben Pharmacist")
    assert sign(db, found, bare, person="Ben Pharmacist") == "approved"


def _named(policy: Policy) -> tuple[Any, ...]:
    return policy.people.named


def _unvouched(person: Any) -> Any:
    return person.model_copy(update={"attests": ()})


@pytest.mark.parametrize("change", ["forged", "moved", "dated", "deleted"])
def test_a_record_that_the_chain_does_not_tell_of_signs_nothing(
    db: Database, site: Policy, item: Item, change: str
) -> None:
    look(db, item, THREE[0], person="Ada Prescriber")
    table = opened_sources
    row = {"item_id": item.item_id, "proposal_sha256": item.proposal_sha256, "revision": 1, "person": FLO}
    statement: Any = {
        "forged": insert(table).values(**row, person_key=FLO.lower(), source=THREE[1], at=SOON),
        "moved": update(table).values(person=FLO, person_key=FLO.lower()),
        "dated": update(table).values(at=NOW),
        "deleted": delete(table),
    }[change]
    with db.write() as connection:
        connection.execute(statement)
    with pytest.raises(RecordDiffers):
        sign(db, item, site)
    assert outbox_for(db, item.item_id) == ()


def test_what_was_opened_of_another_hash_or_revision_counts_for_neither(db: Database, site: Policy, item: Item) -> None:
    look(db, item, THREE[0])
    for other in (replace(item, proposal_sha256="0" * 64), replace(item, revision=2)):
        assert opened_of(db, other) == ()
    assert [one.source for one in opened_of(db, item)] == [THREE[0]]
    assert SOURCES[0] == THREE[0]
