"""A proposal that is prepared goes the way of any other: gate, freshness, commit, receipts; no reasoner is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.offline.reasoner import OfflineReasoner
from agents.plan import Plan, ToolCall
from agents.reasoner import Brief, Material
from claims.author import Author
from claims.claim import Claim, Draft, Section, Task
from graphs.prepared import Prepared, PreparedEntry
from preround.doing import deciding, rounds
from preround.failure import Declined, Missing
from preround.shown.instant import instant
from preround.wiring import House, open_house
from review.errors import NeverProposed, NotDrafted
from review.queue import queue, show
from tests.acceptance.homes import AS_OF, PATIENT, Home, copied, loaded_home

NOTE: dict[str, Any] = {
    "resourceType": "DocumentReference",
    "status": "current",
    "docStatus": "preliminary",
    "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]},
    "subject": {"reference": f"Patient/{PATIENT}"},
    "content": [{"attachment": {"contentType": "text/plain", "data": "U2xlcHQgd2VsbC4="}}],
}


class Silent(OfflineReasoner):
    """A reasoner that must not be asked."""

    async def plan(self, brief: Brief) -> Plan:
        raise AssertionError("asked to plan")

    async def assess(self, material: Material) -> Sequence[ToolCall]:
        raise AssertionError("asked to assess")

    async def draft(self, task: Task, material: Material) -> Draft:
        raise AssertionError("asked to draft")


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home")


@pytest.fixture
async def house(home: Home) -> AsyncIterator[House]:
    async with open_house(home.settings, reasoner=Silent()) as opened:
        yield opened


def a_note(**more: Any) -> Prepared:
    entry = PreparedEntry(title="Dictated note", resource=NOTE)
    return Prepared(
        **{
            "patient": f"Patient/{PATIENT}",
            "task": "transcript",
            "prepared_by": "a dictation of Dr Example",
            "author": Author(
                device_name="Preround", version="0", reasoner="speech", model_name="ear", model_revision="1"
            ),
            "entries": (entry,),
            "page": ("Dictated: slept well.",),
            **more,
        }
    )


async def opened(house: House, prepared: Prepared) -> dict[str, Any]:
    run = await rounds.open_prepared(house, prepared, as_of=instant(AS_OF))
    return rounds.result(house, run.run_id)


async def approved(house: House, item: str) -> dict[str, Any]:
    return await deciding.decide(house, item_id=item, person="Ada Nowak", verb="approve")


async def test_a_note_is_signed_and_written_as_any_proposal(house: House, home: Home) -> None:
    before = home.stored()
    found = await opened(house, a_note())
    assert (found["status"], found["tier"], found["model"]["name"]) == ("awaiting_review", 1, "ear")
    assert found["prepared"] == {"by": "a dictation of Dr Example", "lines": ["Dictated: slept well."]}
    assert "Dictated: slept well." in found["page"]
    assert found["ledger"]["fhir_requests"] > 0
    assert home.stored() == before
    done = await approved(house, found["review_item"])
    assert done["run_status"] == "written"
    (receipt,) = done["receipts"]
    added = {name: r for name, r in home.stored().items() if name not in before}
    assert added[receipt["reference"]]["docStatus"] == "final"
    (device,) = (r for r in added.values() if r["resourceType"] == "Device")
    assert "ear@1" in str(device)


async def test_what_touched_foreign_text_needs_more_care(house: House) -> None:
    assert (await opened(house, a_note(tainted=True)))["tier"] == 3


async def test_two_notes_of_one_patient_stand_side_by_side(house: House) -> None:
    for _ in range(2):
        await opened(house, a_note())
    assert [item.state for item in queue(house.services.db)] == ["open", "open"]


async def test_it_is_opened_once_under_one_id(house: House) -> None:
    for _ in range(2):
        await rounds.open_prepared(house, a_note(), run_id="0123456789abcdef")
    assert len(queue(house.services.db)) == 1


async def test_it_cannot_be_sent_back_but_edited(house: House) -> None:
    item = (await opened(house, a_note()))["review_item"]
    with pytest.raises(NotDrafted):
        await deciding.decide(house, item_id=item, person="Ada Nowak", verb="revise", words="Shorter.")
    resource = show(house.services.db, item).proposal.entries[0].resource
    edited = {1: {**resource, "description": "Corrected"}}
    done = await deciding.decide(house, item_id=item, person="Ada Nowak", verb="edit", edited=edited)
    assert (await approved(house, done["next_item"]))["run_status"] == "written"


@pytest.mark.parametrize("watch", ["named", "chart"])
async def test_news_in_the_chart_matters_only_to_who_watches_it(house: House, home: Home, watch: str) -> None:
    item = (await opened(house, a_note(watch=watch)))["review_item"]
    order = next(
        r
        for r in home.stored().values()
        if r["resourceType"] == "MedicationRequest" and r["subject"]["reference"] == f"Patient/{PATIENT}"
    )
    await asyncio.to_thread(
        home.put, {**{k: v for k, v in order.items() if k != "meta"}, "note": [{"text": "Changed."}]}
    )
    if watch == "named":
        assert (await approved(house, item))["run_status"] == "written"
        return
    with pytest.raises(Declined, match="prepare it again"):
        await approved(house, item)
    assert [i.state for i in queue(house.services.db)] == ["stale"], "nobody but its preparer can make a fresh one"


@pytest.mark.parametrize("happens", ["changed", "gone", "nothing"])
async def test_what_it_names_must_still_be_as_it_was(house: House, home: Home, happens: str) -> None:
    goal = {
        "resourceType": "Goal",
        "id": "fx-goal",
        "lifecycleStatus": "active",
        "description": {"text": "Walk"},
        "subject": {"reference": f"Patient/{PATIENT}"},
    }
    await asyncio.to_thread(home.put, goal)
    entry = PreparedEntry(title="Dictated note", resource=NOTE, based_on=("Goal/fx-goal/_history/1",))
    item = (await opened(house, a_note(entries=(entry,))))["review_item"]
    if happens == "changed":
        await asyncio.to_thread(home.put, {**goal, "lifecycleStatus": "completed"})
    elif happens == "gone":
        await asyncio.to_thread(home.put, {**goal, "subject": {"reference": "Patient/fx-hf-ward-patient"}})
    else:
        assert (await approved(house, item))["run_status"] == "written"
        return
    with pytest.raises(Declined, match="prepare it again"):
        await approved(house, item)


async def test_sentences_are_verified_against_the_chart(house: House) -> None:
    invented = Claim(id="s1", text="HbA1c 55 % and rising.", kind="fact", salience=2)
    draft = Draft(task="summary", sections=(Section(title="Changed", claims=(invented,)),))
    found = await opened(house, a_note(drafts=(draft,), watch="chart"))
    (shown,) = found["drafts"]
    assert [one["text"] for one in shown["removed"]] == [invented.text]
    assert not any("55 %" in line for line in found["page"])
    assert len(show(house.services.db, found["review_item"]).proposal.entries) == 1, "nothing stood to be composed"


async def test_what_the_policy_forbids_is_refused_and_said(house: House) -> None:
    status = {"resourceType": "ServiceRequest", "status": "active", "intent": "order", "subject": NOTE["subject"]}
    with pytest.raises(NeverProposed):
        await opened(house, a_note(entries=(PreparedEntry(title="An order", resource=status),)))
    assert queue(house.services.db) == ()


async def test_of_nobody(house: House) -> None:
    with pytest.raises(Missing):
        await opened(house, a_note(patient="Patient/nobody"))


def test_it_says_what_it_lacks() -> None:
    with pytest.raises(ValueError, match="at least one entry"):
        a_note(entries=())
    with pytest.raises(ValueError, match="set watch to chart"):
        a_note(drafts=(Draft(task="summary", sections=()),))


async def test_a_change_is_undone_by_bringing_the_version_before_it_back(house: House, home: Home) -> None:
    """The chart's own note, written by somebody else, without a label of ours: it comes back word for word."""
    theirs = {**NOTE, "id": "fx-note", "docStatus": "final", "meta": {"source": "urn:ward"}}
    await asyncio.to_thread(home.put, theirs)
    before = home.stored()["DocumentReference/fx-note"]
    changed = {**theirs, "description": "Read on the round"}
    entry = PreparedEntry(
        title="Describe the note", resource=changed, base=before, based_on=("DocumentReference/fx-note/_history/1",)
    )
    with pytest.raises(NeverProposed):
        await opened(house, a_note(entries=(entry,)))
    entry = entry.model_copy(update={"resource": {**changed, "docStatus": "preliminary"}})
    (receipt,) = (await approved(house, (await opened(house, a_note(entries=(entry,))))["review_item"]))["receipts"]
    assert receipt["version"] == "2"
    assert home.stored()["DocumentReference/fx-note"]["description"] == "Read on the round"
    item = rounds.item_of_run(house, (await rounds.undo(house, receipt["receipt"])).run_id)
    for person in ("Ada Nowak", "Ben Okafor"):
        done = await deciding.decide(house, item_id=item, person=person, verb="approve")
    assert [r["version"] for r in done["receipts"]] == ["3"]
    after = home.stored()["DocumentReference/fx-note"]
    assert {k: v for k, v in after.items() if k != "meta"} == {k: v for k, v in before.items() if k != "meta"}
    assert "security" not in after["meta"]
    (provenance,) = (r for r in home.stored().values() if str(r.get("activity", "")).find("UPDATE") > 0)
    assert provenance["target"] == [{"reference": "DocumentReference/fx-note"}]
