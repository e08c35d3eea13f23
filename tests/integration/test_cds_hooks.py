"""CDS Hooks: what a record system is told about a patient and about orders, and what it is refused."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agents.offline.reasoner import OfflineReasoner
from agents.plan import Plan
from agents.reasoner import Brief, Material
from claims.claim import Draft
from preround.doing import rounds
from preround.replay.stage_clock import StageClock
from preround.shown.instant import instant
from preround.wiring import House, open_house
from store import hook_cards
from tests.acceptance.homes import AS_OF, PATIENT, SYNTHEA, Home, copied, loaded, loaded_home, needs_synthea
from tests.integration.ehr import Ehr, asking, call, medicine, with_key
from tests.visiting import SITE
from tools.fhir.cohort import searched

MESSAGES = SYNTHEA.parent / "messy" / "cdshooks"


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home")


@pytest.fixture
async def house(home: Home) -> AsyncIterator[House]:
    async with open_house(with_key(home.settings), clock=StageClock(instant(AS_OF))) as opened:
        yield opened


@pytest.fixture
async def ehr(house: House) -> AsyncIterator[Ehr]:
    async with asking(house) as found:
        yield found


async def test_what_is_due_can_be_taken_over_as_a_draft(ehr: Ehr) -> None:
    cards = await ehr.cards("patient-view", PATIENT)
    due = [card for card in cards if card.get("suggestions")]
    assert due
    for card in due:
        assert len(card["summary"]) < 140
        assert card["source"]["url"].startswith("http")
        assert card["selectionBehavior"] == "at-most-one"
        assert {"patient-refuses", "action-completed"} <= {one["code"] for one in card["overrideReasons"]}
        (action,) = card["suggestions"][0]["actions"]
        assert (action["type"], action["resource"]["status"]) == ("create", "draft")
        assert action["resource"]["subject"] == {"reference": f"Patient/{PATIENT}"}
    assert not any("systemActions" in card for card in cards)


async def test_the_cards_agree_with_the_round_about_what_is_due(house: House, ehr: Ehr) -> None:
    run = await rounds.start(house, patient=PATIENT, tasks=("suggestions",), as_of=instant(AS_OF))
    found = rounds.result(house, run.run_id)
    cards = await ehr.cards("encounter-start", PATIENT, fhirServer=f"{SITE}/fhir")
    told = {card["summary"] for card in cards if card.get("suggestions")}
    assert told == {one["title"] for one in found["suggestions"]}
    (item,) = [link["url"] for card in cards for link in card.get("links", ())]
    assert item == f"{SITE}/items/{found['review_item']}"


async def test_the_queue_of_our_server_is_not_told_to_another(house: House, ehr: Ehr) -> None:
    await rounds.start(house, patient=PATIENT, tasks=("suggestions",), as_of=instant(AS_OF))
    cards = await ehr.cards("patient-view", PATIENT, fhirServer="https://other.example/fhir")
    assert not any(card.get("links") for card in cards)


async def test_an_order_is_held_against_the_chart_and_the_rest_of_the_sheet(ehr: Ehr) -> None:
    ibuprofen = medicine(PATIENT, "ibuprofen 400 MG Oral Tablet")
    warfarin = medicine(PATIENT, "warfarin sodium 5 MG Oral Tablet", "d2")
    cards = await ehr.cards("order-sign", PATIENT, ibuprofen, warfarin)
    said = {card["suggestions"][0]["actions"][0]["resourceId"]: card["detail"] for card in cards}
    assert "eGFR" in said["MedicationRequest/d1"]
    assert "ordered beside it: bleeding" in said["MedicationRequest/d2"]
    assert {card["indicator"] for card in cards} <= {"warning", "critical"}


async def test_only_what_was_selected_is_looked_at(ehr: Ehr) -> None:
    orders = [medicine(PATIENT, "ibuprofen 400 MG Oral Tablet"), medicine(PATIENT, "naproxen 250 MG Oral Tablet", "d2")]
    cards = await ehr.cards("order-select", PATIENT, *orders)
    assert [card["suggestions"][0]["actions"][0]["resourceId"] for card in cards] == ["MedicationRequest/d1"]


async def test_a_draft_that_was_saved_already_does_not_stand_against_itself(ehr: Ehr) -> None:
    body = call("order-sign", PATIENT, medicine(PATIENT, "atorvastatin 20 MG Oral Tablet", status="active"))
    prefetch = await ehr.prefetch("order-sign", PATIENT)
    before = (await ehr.ask("order-sign", {**body, "prefetch": prefetch})).json()
    saved = {"resource": body["context"]["draftOrders"]["entry"][0]["resource"]}
    prefetch["medications"] = {**prefetch["medications"], "entry": [*prefetch["medications"].get("entry", ()), saved]}
    prefetch["medications"].pop("total", None)
    assert (await ehr.ask("order-sign", {**body, "prefetch": prefetch})).json() == before


async def test_what_no_table_knows_is_said(ehr: Ehr) -> None:
    (card,) = await ehr.cards("order-sign", PATIENT, medicine(PATIENT, "zyxwvutab 5 MG Oral Tablet"))
    assert (card["summary"], card["indicator"]) == ("Not checked by class: zyxwvutab 5 MG Oral Tablet", "info")


async def test_an_allergy_is_critical_and_its_words_are_no_markup(ehr: Ehr) -> None:
    planted = "penicillin <img src=x onerror=alert(1)> [go](https://evil.example) www.evil.example"
    prefetch = await ehr.prefetch("order-sign", PATIENT)
    prefetch["allergies"] = {
        "resourceType": "Bundle",
        "entry": [
            {
                "resource": {
                    "resourceType": "AllergyIntolerance",
                    "id": "a1",
                    "patient": {"reference": f"Patient/{PATIENT}"},
                    "code": {"text": planted},
                    "clinicalStatus": {"coding": [{"code": "active"}]},
                }
            }
        ],
    }
    order = medicine(PATIENT, "penicillin V potassium 250 MG Oral Tablet")
    answer = await ehr.ask("order-sign", call("order-sign", PATIENT, order, prefetch=prefetch))
    card = answer.json()["cards"][0]
    assert card["indicator"] == "critical"
    assert "penicillin \\<img src=x onerror=alert(1)\\> \\[go\\](https\\:" in card["detail"]
    assert not re.search(r"(?<!\\)[<>\[\]]|https?:|www\.", card["detail"])


@pytest.mark.parametrize("lost", ["allergies", "conditions", "medications", "patient"])
async def test_without_what_matters_most_nothing_is_said(ehr: Ehr, lost: str) -> None:
    prefetch = await ehr.prefetch("order-sign", PATIENT)
    del prefetch[lost]
    body = call("order-sign", PATIENT, medicine(PATIENT, "ibuprofen 400 MG Oral Tablet"), prefetch=prefetch)
    answer = await ehr.ask("order-sign", body)
    assert answer.status_code == 412
    assert answer.headers["content-type"] == "application/problem+json"
    assert lost in answer.json()["detail"]


async def test_a_page_that_was_cut_keeps_from_saying_what_is_due(ehr: Ehr) -> None:
    prefetch = await ehr.prefetch("patient-view", PATIENT)
    prefetch["observations"]["link"] = [{"relation": "next", "url": "https://ehr.example/next"}]
    answer = await ehr.ask("patient-view", call("patient-view", PATIENT, prefetch=prefetch))
    cards = answer.json()["cards"]
    assert any("was not checked" in card["summary"] for card in cards)
    assert not any(card.get("suggestions") for card in cards)


async def test_our_own_server_is_read_where_nothing_is_prefetched(ehr: Ehr) -> None:
    answer = await ehr.ask("patient-view", call("patient-view", PATIENT, fhirServer=f"{SITE}/fhir"))
    assert answer.status_code == 200
    assert {c["summary"] for c in answer.json()["cards"]} == {
        c["summary"] for c in await ehr.cards("patient-view", PATIENT)
    }


async def test_another_server_is_not_read_unless_the_site_allows_it(ehr: Ehr) -> None:
    token = {"access_token": "t", "token_type": "Bearer", "expires_in": 300, "scope": "", "subject": "s"}
    more: dict[str, Any] = {"fhirServer": "http://127.0.0.1:9/fhir", "fhirAuthorization": token}
    answer = await ehr.ask("patient-view", call("patient-view", PATIENT, **more))
    assert answer.status_code == 412


async def test_nobody_else_comes_in_by_the_prefetch_or_the_orders(ehr: Ehr) -> None:
    other = "fx-hf-ward-patient"
    prefetch = await ehr.prefetch("order-sign", PATIENT)
    foreign = await ehr.prefetch("order-sign", other)
    swapped = call("order-sign", PATIENT, prefetch={**prefetch, "patient": foreign["patient"]})
    assert (await ehr.ask("order-sign", swapped)).status_code == 400
    orders = call("order-sign", PATIENT, medicine(other, "ibuprofen 400 MG Oral Tablet"), prefetch=prefetch)
    assert (await ehr.ask("order-sign", orders)).status_code == 400
    mixed = call("order-sign", PATIENT, prefetch={**prefetch, "conditions": foreign["conditions"]})
    assert (await ehr.ask("order-sign", mixed)).status_code == 412


async def test_feedback_is_kept_once_and_counted(house: House, ehr: Ehr) -> None:
    card = next(c for c in await ehr.cards("patient-view", PATIENT) if c.get("suggestions"))
    said = {
        "card": card["uuid"],
        "outcome": "overridden",
        "overrideReason": {"reason": card["overrideReasons"][0], "userComment": "Seen last week elsewhere."},
        "outcomeTimestamp": "2026-06-01T10:00:00Z",
    }
    path = f"/cds-services/{ehr.services['patient-view']['id']}/feedback"
    for _ in range(2):
        answer = await ehr.web.post(path, json={"feedback": [said]})
        assert answer.status_code == 200
    with house.services.db.read() as connection:
        tallies = hook_cards.tallies(connection)
        ((shown, kept),) = hook_cards.answers(connection)
    assert sum(one.overridden for one in tallies) == 1
    assert (shown.card, kept.words) == (card["uuid"], "Seen last week elsewhere.")
    unknown = {**said, "card": str(uuid.uuid4())}
    assert (await ehr.web.post(path, json={"feedback": [unknown]})).status_code == 404
    assert (await ehr.web.post(path, json={"feedback": [{**said, "outcome": "maybe"}]})).status_code == 400


async def test_what_is_no_call_is_refused(ehr: Ehr) -> None:
    broken = (b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"hook":"patient-view","hookInstance":"no","context":{}}')
    for body in broken:
        answer = await ehr.web.post("/cds-services/preround-patient-view", content=body)
        assert (answer.status_code, answer.json()["status"]) == (400, 400), body[:40]
    wrong = await ehr.ask("patient-view", call("order-sign", PATIENT))
    assert wrong.status_code == 400
    assert (await ehr.web.post("/cds-services/none", json={})).status_code == 404


@pytest.mark.skipif(not MESSAGES.is_dir(), reason="test data `messy/cdshooks` is not here (PREROUND_TEST_DATA)")
async def test_the_messages_of_an_independent_client(ehr: Ehr) -> None:
    body = (MESSAGES / "cdshooks-request-pv-good.json").read_bytes()
    path = "/cds-services/preround-patient-view"
    alone = await ehr.web.post(path, content=body)
    assert alone.status_code == 412, "it brings a Patient, and no server that may be read"
    sent = json.loads(body)
    nothing = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    keys = [key for key in ehr.services["patient-view"]["prefetch"] if key != "patient"]
    sent["prefetch"] |= {key: nothing if n % 2 else None for n, key in enumerate(keys)}
    answer = await ehr.web.post(path, json=sent)
    assert answer.status_code == 200, answer.text
    ours, theirs = answer.json(), json.loads((MESSAGES / "cdshooks-response-good.json").read_bytes())
    known = {name for card in theirs["cards"] for name in card} | {"suggestions", "selectionBehavior"}
    assert {name for card in ours["cards"] for name in card} <= known
    told = json.loads((MESSAGES / "cdshooks-services-good.json").read_bytes())
    fields = {name for one in told["services"] for name in one}
    assert {name for one in ehr.services.values() for name in one} <= fields
    for bad in MESSAGES.glob("*-bad.json"):
        assert (await ehr.web.post(path, content=bad.read_bytes())).status_code == 400


class _NoModel(OfflineReasoner):
    """Nobody may be asked."""

    async def plan(self, brief: Brief) -> Plan:
        raise AssertionError("a reasoner was asked for a plan")

    async def draft(self, task: str, material: Material) -> Draft:
        raise AssertionError("a reasoner was asked for a draft")


@pytest.fixture
def largest(tmp_path: Path) -> Home:
    """A home with the largest Synthea chart, and the places and people that it points at."""
    folder = tmp_path / "charts"
    folder.mkdir()
    charts = sorted(SYNTHEA.glob("*.json.gz"), key=lambda path: path.stat().st_size)
    people = [path for path in charts if path.name.startswith("0-")]
    for path in (*people, next(path for path in reversed(charts) if path not in people)):
        (folder / path.name).symlink_to(path)
    return Home(path=loaded(tmp_path / "home", folder), more={})


@needs_synthea
async def test_order_sign_is_fast_on_the_largest_chart(largest: Home) -> None:
    clock = StageClock(instant("2021-08-01T00:00:00Z"))
    async with open_house(with_key(largest.settings), clock=clock, reasoner=_NoModel()) as house, asking(house) as ehr:
        (patient,) = await searched(house.services.client, "Patient", ())
        prefetch = await ehr.prefetch("order-sign", patient)
        spent = []
        for name in ("ibuprofen 400 MG", "simvastatin 20 MG", "warfarin sodium 5 MG"):
            order = medicine(patient, f"{name} Oral Tablet")
            began = time.process_time()
            answer = await ehr.ask("order-sign", call("order-sign", patient, order, prefetch=prefetch))
            spent.append(time.process_time() - began)
            assert answer.status_code == 200
    assert max(spent) < 0.5, spent
