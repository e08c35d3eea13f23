"""Servers that do not take every type: what stands for what was meant is signed before it is written, and said."""

from __future__ import annotations

import base64
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from preround.doing import deciding, rounds
from preround.failure import Declined
from preround.shown.instant import instant
from preround.shown.items import item_json
from preround.wiring import House
from review.errors import NeverProposed
from review.queue import queue, show
from review.receipt import receipts
from store import runs
from tests.acceptance.homes import AS_OF, PATIENT, Home, copied, loaded_home
from tests.acceptance.test_decisions import assert_nothing_dangles
from tests.integration.picky import on_picky
from tools.fhir import wire


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home")


async def drafted(house: House, *tasks: str) -> dict[str, Any]:
    run = await rounds.start(house, patient=PATIENT, tasks=tasks or rounds.DEFAULT_TASKS, as_of=instant(AS_OF))
    return rounds.result(house, run.run_id)


async def approve(house: House, item: str, person: str = "Ada Nowak", only: tuple[int, ...] | None = None) -> Any:
    return await deciding.decide(house, item_id=item, person=person, verb="approve", only=only)


def the_open(house: House) -> str:
    (item,) = queue(house.services.db, states={"open"})
    return item.item_id


def kinds(house: House, item: str) -> list[str]:
    return [entry.resource["resourceType"] for entry in show(house.services.db, item).proposal.entries]


def text_of(document: dict[str, Any]) -> str:
    return base64.b64decode(document["content"][0]["attachment"]["data"]).decode()


def added(home: Home, before: dict[str, Any]) -> dict[str, Any]:
    now = home.stored()
    assert {name: now[name] for name in before} == before
    return {name: resource for name, resource in now.items() if name not in before}


@pytest.mark.parametrize(
    ("refuses", "stands"),
    [
        ({"Composition"}, {"Composition": "DocumentReference"}),
        ({"ServiceRequest", "MedicationRequest"}, {"ServiceRequest": "Task", "MedicationRequest": "Task"}),
        ({"ServiceRequest", "MedicationRequest", "Task"}, {"ServiceRequest": "DocumentReference"}),
    ],
    ids=["summary", "order as task", "order as note"],
)
async def test_what_the_server_says_it_takes_is_what_is_signed_and_written(
    home: Home, refuses: set[str], stands: dict[str, str]
) -> None:
    before = home.stored()
    async with on_picky(home, refuses=refuses, says=True) as (house, picky):
        plain = {e["title"]: e for e in (await _plain_tiers(home)).values()}
        item = (await drafted(house))["review_item"]
        shown = item_json(house, show(house.services.db, item))
        meant = [e for e in shown["entries"] if e["stands_for"]]
        assert meant
        for entry in meant:
            kind = entry["stands_for"]["resourceType"]
            assert entry["resource"]["resourceType"] == stands.get(kind, entry["resource"]["resourceType"])
            assert entry["tier"] >= plain[entry["title"]]["tier"], "what stands for an order is signed no more lightly"
        assert not refuses & set(kinds(house, item))
        await _signed_by_as_many_as_needed(house, item)
        new = added(home, before)
        assert picky.refused == 0
        for receipt in receipts(house.services.db, item):
            entry = shown["entries"][receipt.entry - 1]
            stored = new[receipt.reference]
            assert receipt.stands_for == (entry["stands_for"] or {}).get("resourceType")
            assert stored["subject" if "subject" in stored else "for"] == {"reference": f"Patient/{PATIENT}"}
            draft = {k: v for k, v in entry["resource"].items() if k not in ("meta", "status", "docStatus")}
            assert {k: v for k, v in wire.unversioned(stored).items() if k in draft} == draft
        assert_nothing_dangles(home.stored(), new)


async def _plain_tiers(home: Home) -> dict[str, Any]:
    """The same entries on a server that takes everything."""
    async with on_picky(copied(home.path, home.path.parent / "plain")) as (house, _):
        item = (await drafted(house))["review_item"]
        return {e["title"]: e for e in item_json(house, show(house.services.db, item))["entries"]}


async def _signed_by_as_many_as_needed(house: House, item: str) -> None:
    done = await approve(house, item)
    if done["outcome"] == "signed":
        done = await approve(house, item, "Ben Okafor")
    assert done["run_status"] == "written"


async def test_the_words_of_a_summary_and_of_an_order_are_all_there(home: Home) -> None:
    async with on_picky(home, refuses={"Composition", "ServiceRequest", "Task"}, says=True) as (house, _):
        item = (await drafted(house))["review_item"]
        for entry in show(house.services.db, item).proposal.entries:
            meant, document = entry.stands_for, entry.resource
            if meant is None:
                continue
            text = text_of(document)
            if meant["resourceType"] == "Composition":
                for section in meant["section"]:
                    assert section["title"] in text
                    assert section["text"]["div"].count("<li>") == text.split(section["title"])[1].split("\n\n")[
                        0
                    ].count("\n- ")
                assert document["type"] == meant["type"]
            else:
                assert "Proposal, not an order (ServiceRequest, status draft)." in text
                assert entry.title in text
            assert document["meta"]["security"] == meant["meta"]["security"] if "meta" in meant else True
            assert (document["status"], document["docStatus"]) == ("current", "preliminary")


@pytest.mark.parametrize("says", [True, False], ids=["says so", "says nothing"])
async def test_a_provenance_that_is_not_taken_is_kept_here(home: Home, says: bool) -> None:
    before = home.stored()
    async with on_picky(home, refuses={"Provenance"}, says=says) as (house, _):
        item = (await drafted(house, "summary"))["review_item"]
        entry = show(house.services.db, item).proposal.entries[0]
        assert entry.keeps == (("provenance",) if says else ())
        done = await approve(house, item)
        assert (done["run_status"], done["receipts"][0]["kept"]) == ("written", ["provenance"])
        (kept,) = item_json(house, show(house.services.db, item))["kept"]
        assert kept["resource"]["target"] == [{"reference": done["receipts"][0]["reference"]}]
        assert kept["resource"]["agent"][1]["who"]["display"] == "Ada Nowak"
        assert (kept["why"] is None) == says
        assert {name.partition("/")[0] for name in added(home, before)} == {"Composition", "Device"}
        undo = rounds.item_of_run(house, (await rounds.undo(house, done["receipts"][0]["receipt"])).run_id)
        await approve(house, undo)
        assert (await approve(house, undo, "Ben Okafor"))["receipts"][0]["kept"] == ["provenance"]


async def test_a_device_that_is_not_taken_is_named_by_its_identifier(home: Home) -> None:
    before = home.stored()
    async with on_picky(home, refuses={"Device"}, says=True) as (house, _):
        item = (await drafted(house, "summary"))["review_item"]
        sealed = item_json(house, show(house.services.db, item))["entries"][0]["sealed"]
        assert sealed["author"][0]["type"] == "Device"
        assert "reference" not in sealed["author"][0]
        done = await approve(house, item)
        assert (done["run_status"], done["receipts"][0]["kept"]) == ("written", ["device"])
        new = added(home, before)
        assert {name.partition("/")[0] for name in new} == {"Composition", "Provenance"}
        (composition,) = (r for r in new.values() if r["resourceType"] == "Composition")
        assert composition["author"] == sealed["author"]
        assert_nothing_dangles(home.stored(), new)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 422, 501])
async def test_what_is_refused_unannounced_waits_in_another_form_and_is_not_written_unasked(
    home: Home, status: int
) -> None:
    before = home.stored()
    async with on_picky(home, refuses={"Composition"}, status=status) as (house, _):
        item = (await drafted(house, "summary"))["review_item"]
        with pytest.raises(Declined, match=r"Decide item [0-9a-f]{16}, which stands for it") as declined:
            await approve(house, item)
        instead = the_open(house)
        assert instead in str(declined.value)
        assert set(added(home, before)) <= {name for name in home.stored() if name.startswith("Device/")}
        shown = show(house.services.db, instead)
        (entry,) = shown.proposal.entries
        assert (entry.resource["resourceType"], entry.task) == ("DocumentReference", "summary")
        assert any(
            "the server refused a Composition" in line for line in rounds.result(house, shown.item.run_id)["page"]
        )
        done = await approve(house, instead)
        assert done["run_status"] == "written"
        assert done["receipts"][0]["stands_for"] == "Composition"
        assert (await house.runner.sweep()) == ()
        new = {name.partition("/")[0] for name in added(home, before)}
        assert new == {"DocumentReference", "Device", "Provenance"}


async def test_down_the_ladder_to_its_end(home: Home) -> None:
    before = home.stored()
    async with on_picky(home, refuses={"ServiceRequest", "Task", "DocumentReference"}, status=405) as (house, _):
        item = (await drafted(house, "suggestions"))["review_item"]
        seen = []
        for _ in range(3):
            entries = show(house.services.db, item).proposal.entries
            orders = [e for e in entries if (e.stands_for or e.resource)["resourceType"] == "ServiceRequest"]
            seen.append({e.resource["resourceType"] for e in orders})
            with pytest.raises(Declined):
                await approve(house, item, only=tuple(e.n for e in orders))
            following = [i.item_id for i in queue(house.services.db, states={"open"})]
            if not following:
                break
            (item,) = following
        assert seen == [{"ServiceRequest"}, {"Task"}, {"DocumentReference"}]
        with house.services.db.read() as connection:
            assert [run.status for run in runs.by_status(connection)] == ["failed"] * 3
        assert {name.partition("/")[0] for name in added(home, before)} <= {"Device"}


async def test_a_type_that_may_not_even_be_asked_for(home: Home) -> None:
    async with on_picky(home, refuses={"Composition"}, status=403, reads=False) as (house, _):
        item = (await drafted(house, "summary"))["review_item"]
        with pytest.raises(Declined, match="which stands for it"):
            await approve(house, item)
        assert kinds(house, the_open(house)) == ["DocumentReference"]


async def test_a_part_of_a_round_is_refused_and_the_rest_stands(home: Home) -> None:
    async with on_picky(home, refuses={"Composition"}) as (house, _):
        found = await drafted(house, "summary", "suggestions")
        item = found["review_item"]
        with pytest.raises(Declined):
            await _signed_by_as_many_as_needed(house, item)
        with house.services.db.read() as connection:
            first = runs.get(connection, found["run_id"])
        assert first is not None
        assert first.status == "partly_written"
        there = {r.reference.partition("/")[0] for r in receipts(house.services.db, item)}
        assert there == {"ServiceRequest", "MedicationRequest"}
        assert kinds(house, the_open(house)) == ["DocumentReference"]


async def test_a_document_of_ours_is_no_note_for_the_next_round(home: Home) -> None:
    async with on_picky(home, refuses={"Composition"}, says=True) as (house, _):
        first = await drafted(house, "summary")
        assert (await approve(house, first["review_item"]))["run_status"] == "written"
        again = await drafted(house, "summary")
    written = {
        name for name, r in home.stored().items() if r["resourceType"] == "DocumentReference" and "tag" in r["meta"]
    }
    assert written
    cited = {
        c["reference"].partition("/_history/")[0]
        for d in again["drafts"]
        for s in d["sections"]
        for x in s["claims"]
        for c in x["citations"]
    }
    assert cited
    assert not cited & written
    assert not written & {f["reference"].partition("/_history/")[0] for f in again["facts"].values()}
    assert any(", 1 written in an earlier round" in line for line in again["page"])


# ---- the server's own validation -------------------------------------------------------------------------------------


def objecting(resource: dict[str, Any]) -> list[dict[str, Any]]:
    if resource["resourceType"] != "Composition":
        return []
    return [
        {"severity": "warning", "code": "code-invalid", "diagnostics": "Unknown code in Composition.type"},
        {"severity": "error", "code": "invariant", "diagnostics": f"A section of {PATIENT} lacks a code"},
    ]


async def test_what_validation_says_is_read_before_the_signature_and_raises_the_tier(home: Home) -> None:
    async with on_picky(home, finds=objecting) as (house, picky):
        item = (await drafted(house, "summary", "suggestions"))["review_item"]
        entries = item_json(house, show(house.services.db, item))["entries"]
    said = {e["resource"]["resourceType"]: e for e in entries}
    assert said["Composition"]["findings"] == [
        "error: A section of … lacks a code",
        "warning: Unknown code in Composition.type",
    ]
    assert said["Composition"]["tier"] == 2
    assert "the server's own validation found errors in it" in said["Composition"]["tier_reasons"]
    assert said["ServiceRequest"]["findings"] == ["the server found nothing wrong"]
    assert {r["status"] for r in picky.validated if r["resourceType"] == "Composition"} == {"final"}, "the sealed form"


async def test_an_edit_is_validated_anew(home: Home) -> None:
    async with on_picky(home, finds=lambda r: objecting(r) if r.get("title") != "Mine" else []) as (house, _):
        item = (await drafted(house, "summary"))["review_item"]
        resource = show(house.services.db, item).proposal.entries[0].resource
        edited = {1: {**resource, "title": "Mine"}}
        done = await deciding.decide(house, item_id=item, person="Ada Nowak", verb="edit", edited=edited)
        (entry,) = show(house.services.db, done["next_item"]).proposal.entries
        assert (entry.findings, entry.tier) == (("the server found nothing wrong",), 1)


async def test_a_server_that_cannot_validate_stops_nothing_and_is_said(home: Home) -> None:
    def broken(_: dict[str, Any]) -> list[dict[str, Any]]:
        raise RuntimeError

    async with on_picky(home, finds=broken) as (house, _):
        item = (await drafted(house, "summary"))["review_item"]
        (entry,) = show(house.services.db, item).proposal.entries
        assert entry.findings[0].startswith("The server could not validate it: ")
        assert entry.tier == 1


async def test_a_site_may_block_what_the_server_finds_invalid(home: Home) -> None:
    own = resources.files("review").joinpath("policy.toml").read_text("utf-8")
    rule = '[[rules]]\nwhy = "the server says that it is not valid"\nlabels = ["not-valid"]\ntier = "never"\n\n'
    policy = home.path / "policy.toml"
    policy.write_text(own.replace("[[rules]]", rule + "[[rules]]", 1))
    async with on_picky(home, policy=policy, finds=objecting) as (house, _):
        with pytest.raises(NeverProposed, match="the server says that it is not valid"):
            await drafted(house, "summary")

    def objects_to_orders(resource: dict[str, Any]) -> list[dict[str, Any]]:
        return objecting({"resourceType": "Composition"}) if resource["resourceType"] == "ServiceRequest" else []

    async with on_picky(home, policy=policy, finds=objects_to_orders) as (house, _):
        found = await drafted(house)
    assert "ServiceRequest" not in {s["action"]["resourceType"] for s in found["suggestions"]}
    left = [n for n in found["not_suggested"] if "not valid" in n["detail"]]
    assert left
    assert {n["why"] for n in left} == {"withheld"}
