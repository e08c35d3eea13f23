"""A proposal: its hash covers what a signature means, and a stored one that was touched is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.canonical import sha256_of
from review.errors import NeverProposed, ProposalDamaged, ProposalUnusable, WrongPatient
from review.policy import Policy
from review.proposal import Draft, drafts_of, from_bytes, propose, to_bytes
from tests.unit.review.conftest import AUTHOR, NOW, SOURCES, a_proposal, lab, medication, summary


def test_entries_are_numbered_named_hashed_and_ranked(policy: Policy) -> None:
    proposal = a_proposal(summary(), lab(), medication("Insulin glargine"), policy=policy)
    assert [(entry.n, entry.tier) for entry in proposal.entries] == [(1, 1), (2, 2), (3, 4)]
    assert (proposal.tier, proposal.tasks) == (4, ("summary", "suggestions"))
    assert all(entry.sha256 == sha256_of(entry.resource) for entry in proposal.entries)
    assert len({entry.resource["id"] for entry in proposal.entries}) == 3
    assert proposal.entries[2].tier_reasons[0].startswith("a medication is started")


def test_the_same_inputs_give_the_same_bytes(policy: Policy) -> None:
    assert to_bytes(a_proposal(policy=policy)) == to_bytes(a_proposal(policy=policy))
    assert a_proposal(policy=policy, revision=2).proposal_sha256 != a_proposal(policy=policy).proposal_sha256


def test_a_proposal_comes_back_whole_with_its_decimals(policy: Policy) -> None:
    draft = medication("Atorvastatin", medication_class="statin")
    draft.resource["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"] = Decimal("40.50")
    proposal = a_proposal(draft, summary(labels=frozenset({"tainted"})), policy=policy)
    again = from_bytes(to_bytes(proposal))
    assert again == proposal
    dose = again.entries[0].resource["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"]
    assert str(dose) == "40.50"
    assert a_proposal(*drafts_of(again), policy=policy) == proposal


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["entries"][0]["resource"].update(title="Another summary"),
        lambda data: data["entries"][1]["resource"].update(status="active"),
        lambda data: data["entries"][0].update(sha256="0" * 64),
        lambda data: data["entries"][0].update(tier=2),
        lambda data: data["entries"][0].update(title="harmless"),
        lambda data: data["entries"][0].update(n=7),
        lambda data: data["entries"][0].update(sources=[]),
        lambda data: data["entries"][0].update(labels=["sensitive"]),
        lambda data: data["entries"][0].update(base={"resourceType": "Composition"}),
        lambda data: data["entries"].reverse(),
        lambda data: data["entries"].pop(),
        lambda data: data.update(patient="Patient/p2"),
        lambda data: data.update(run_id="run-2"),
        lambda data: data.update(as_of="2021-08-02T07:00:00+00:00"),
        lambda data: data.update(revision=2),
        lambda data: data.update(based_on=[]),
        lambda data: data["author"].update(version="9"),
        lambda data: data.update(proposal_sha256="0" * 64),
        lambda data: data.update(more=1),
        lambda data: data.pop("patient"),
    ],
)
def test_any_change_to_a_stored_proposal_is_refused(change: Change, policy: Policy) -> None:
    data = json.loads(to_bytes(a_proposal(policy=policy)))
    change(data)
    with pytest.raises(ProposalDamaged, match="does not match its hashes"):
        from_bytes(json.dumps(data).encode())


@given(place=st.integers(min_value=0), byte=st.integers(min_value=0, max_value=255))
def test_no_changed_byte_gives_another_proposal(place: int, byte: int, policy: Policy) -> None:
    proposal = a_proposal(policy=policy)
    body = bytearray(to_bytes(proposal))
    body[place % len(body)] = byte
    try:
        read = from_bytes(bytes(body))
    except ProposalDamaged:
        return
    assert read == proposal


def test_what_cannot_be_proposed_is_refused_with_what_to_do(policy: Policy) -> None:
    def of(*drafts: Draft) -> None:
        propose(
            run_id="run-1",
            patient="Patient/p1",
            as_of=NOW,
            revision=1,
            author=AUTHOR,
            drafts=drafts,
            based_on=SOURCES,
            policy=policy,
        )

    other = summary()
    other.resource["subject"] = {"reference": "Patient/p2"}
    nobody = summary()
    del nobody.resource["subject"]
    twice = replace(lab(), resource={**lab().resource, "id": "same"})
    precise = lab()
    precise.resource["quantityQuantity"] = {"value": Decimal("0.12345678901234567890123")}
    with pytest.raises(ProposalUnusable, match="holds no entry"):
        of()
    with pytest.raises(WrongPatient, match="Entry 2"):
        of(summary(), other)
    with pytest.raises(WrongPatient):
        of(nobody)
    with pytest.raises(NeverProposed, match="code status is never proposed"):
        of(lab("Do not resuscitate"))
    with pytest.raises(ProposalUnusable, match="one type and id"):
        of(twice, twice)
    with pytest.raises(ProposalUnusable, match="significant digits"):
        of(precise)


def test_a_change_names_the_version_that_it_changes(policy: Policy) -> None:
    stored = {**summary().resource, "id": "c1", "status": "final", "meta": {"versionId": "3"}}
    undo = {**stored, "status": "entered-in-error"}
    draft = summary(resource=undo, base=stored, labels=frozenset({"undo"}))
    entry = a_proposal(draft, policy=policy).entries[0]
    assert (entry.base_version, entry.tier) == ("3", 4)
    for base in ({**stored, "id": "c2"}, {**stored, "meta": {}}):
        with pytest.raises(ProposalUnusable, match="that entry 1 changes"):
            a_proposal(replace(draft, base=base), policy=policy)
