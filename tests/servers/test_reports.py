"""What Preround says of itself on servers of different makers: its queue as Tasks, its audit chain as AuditEvents."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from preround.replay.stage_clock import StageClock
from preround.reporting.passes import report_once
from preround.settings import Settings
from preround.shown.instant import instant
from preround.wiring import House, open_house
from review import gate
from review.audit_event import event_id
from review.item import Item
from review.opening import open_item
from review.proposal import Draft, propose
from review.queue import claim, release
from review.wellformed import faults
from store import items
from tests.acceptance.homes import Home
from tests.servers.running import FhirServer
from tests.unit.review.conftest import AUTHOR, lab, medication, summary
from tests.unit.store.test_audit import sql

NOW = "2026-06-01T08:00:00Z"


@pytest.fixture
async def house(fhir_server: FhirServer, tmp_path: Path) -> AsyncIterator[House]:
    """A house that tells this server of its queue."""
    settings = Settings(home=tmp_path, fhir=fhir_server.base, fhir_tasks=True, public_url="https://preround.example/")
    async with open_house(settings, clock=StageClock(instant(NOW))) as opened:
        yield opened


def opened(house: House, patient: str, *drafts: Draft, run: str = "run-1") -> Item:
    """An item that waits for a decision."""
    services, subject = house.services, {"reference": f"Patient/{patient}"}
    house.runner.open(run_id=run, patient=f"Patient/{patient}", tasks=("summary",), as_of=services.clock.now())
    proposal = propose(
        run_id=run,
        patient=f"Patient/{patient}",
        as_of=services.clock.now(),
        revision=1,
        author=AUTHOR,
        drafts=[_about(one, subject) for one in drafts or (summary(), lab())],
        based_on=(),
        policy=services.policy,
    )
    return open_item(services.db, proposal, policy=services.policy, now=services.clock.now())


def _about(draft: Draft, subject: dict[str, str]) -> Draft:
    return Draft(
        task=draft.task, title=draft.title, resource={**draft.resource, "subject": subject}, sources=draft.sources
    )


def task_on(server: FhirServer, patient: str) -> dict[str, Any]:
    """The only Task of a patient."""
    (entry,) = server.get(f"Task?patient=Patient/{patient}")["entry"]
    return dict(entry["resource"])


def stands(task: dict[str, Any]) -> tuple[str, str, str | None]:
    return task["status"], task["businessStatus"]["coding"][0]["code"], task.get("owner", {}).get("display")


async def test_an_item_is_one_task_that_follows_it(fhir_server: FhirServer, house: House, patient: str) -> None:
    db, policy, now = house.services.db, house.services.policy, house.services.clock.now()
    item = opened(house, patient)
    assert (await report_once(house)).done == 1
    task = task_on(fhir_server, patient)
    assert stands(task) == ("requested", "open", None)
    assert faults(task) == ()
    assert task["for"] == {"reference": f"Patient/{patient}"}
    assert task["restriction"]["period"]["end"].startswith(item.expires_at.isoformat()[:16])
    said = {one["type"]["coding"][0]["code"]: one for one in task["input"]}
    assert said["link"]["valueUrl"] == f"https://preround.example/items/{item.item_id}"
    assert said["proposal-sha256"]["valueString"] == item.proposal_sha256
    assert "A1c" not in json.dumps(task)
    assert (await report_once(house)).done == 0, "nothing changed"

    claim(db, item_id=item.item_id, person="Ada Nowak", policy=policy, now=now)
    fhir_server.put({**task, "note": [{"text": "The EHR's own."}]})
    assert (await report_once(house)).trouble is None
    assert stands(task_on(fhir_server, patient)) == ("received", "claimed", "Ada Nowak")
    release(db, item_id=item.item_id, person="Ada Nowak", policy=policy, now=now)
    await report_once(house)
    assert stands(task_on(fhir_server, patient)) == ("requested", "open", None)
    gate.decide(
        db,
        item_id=item.item_id,
        person="Ben Okafor",
        verb="reject",
        policy=policy,
        now=now,
        code="action-not-priority",
    )
    await report_once(house)
    closed = task_on(fhir_server, patient)
    assert stands(closed) == ("rejected", "rejected", "Ben Okafor")
    assert closed["note"] == [{"text": "The EHR's own."}]


async def test_what_expires_or_is_replaced_leaves_the_worklist(
    fhir_server: FhirServer, house: House, patient: str
) -> None:
    services, clock = house.services, house.services.clock
    assert isinstance(clock, StageClock)
    first = opened(house, patient)
    await report_once(house)
    gate.decide(
        services.db,
        item_id=first.item_id,
        person="Ada Nowak",
        verb="revise",
        policy=services.policy,
        now=clock.now(),
        words="Leave out the knee.",
    )
    await report_once(house)
    assert stands(task_on(fhir_server, patient)) == ("cancelled", "sent-back", "Ada Nowak")
    second = opened(house, patient, summary(), run="run-2")
    with services.db.write() as connection:
        assert items.link_next(connection, first.item_id, next_item=second.item_id)
    clock.later(timedelta(days=9))
    gate.expire(services.db, now=clock.now())
    third = opened(house, patient, medication("Lisinopril 10 mg"), run="run-3")
    await report_once(house)
    found = fhir_server.get(f"Task?patient=Patient/{patient}")["entry"]
    by_item = {one["resource"]["identifier"][0]["value"]: one["resource"] for one in found}
    assert by_item.keys() == {first.item_id, third.item_id}, "the second was gone before anybody could see it"
    assert stands(by_item[first.item_id])[:2] == ("cancelled", "superseded")
    assert by_item[third.item_id]["priority"] in {"routine", "urgent", "asap"}


async def test_a_part_of_two_signatures_is_said(fhir_server: FhirServer, house: House, patient: str) -> None:
    services, now = house.services, house.services.clock.now()
    item = opened(house, patient, medication("Warfarin 5 mg", labels=frozenset({"tainted"})))
    shown: list[tuple[str, str, str | None]] = []
    for person in ("Ada Nowak", "Ben Okafor"):
        gate.decide(services.db, item_id=item.item_id, person=person, verb="approve", policy=services.policy, now=now)
        await report_once(house)
        shown.append(stands(task_on(fhir_server, patient)))
        if shown[-1][1] == "approved":
            break
    assert shown[-1][:2] == ("accepted", "approved")
    if item.tier == 4:
        assert shown[0][:2] == ("in-progress", "signed")


async def test_the_audit_chain_is_copied_in_order_and_can_be_checked_there(
    fhir_server: FhirServer, tmp_path: Path, house: House, patient: str
) -> None:
    item = opened(house, patient)
    services = house.services
    for _ in range(15):
        now = services.clock.now()
        claim(services.db, item_id=item.item_id, person="Ada Nowak", policy=services.policy, now=now)
        release(services.db, item_id=item.item_id, person="Ada Nowak", policy=services.policy, now=now)
    home = Home(path=tmp_path, more={"PREROUND_FHIR": fhir_server.base})
    first = await asyncio.to_thread(home.json, "audit", "send")
    assert (first["sent"], first["copied"]) == (31, 31)
    assert (await asyncio.to_thread(home.json, "audit", "send"))["sent"] == 0
    compared = await asyncio.to_thread(home.json, "audit", "verify", "--sent", "--head", first["head"])
    assert (compared["holds"], compared["copy"]) == (True, {"rows": 31, "missing": [], "different": []})
    with services.db.read() as connection:
        chain = connection.exec_driver_sql("SELECT hash FROM audit ORDER BY seq").scalars().all()
    before = "0" * 64
    for number, expected in enumerate(chain, start=1):
        event = fhir_server.get(f"AuditEvent/{event_id(expected)}")
        assert faults(event) == ()
        detail = {one["type"]: one for one in event["entity"][0]["detail"]}
        row = base64.b64decode(detail["row"]["valueBase64Binary"])
        assert hashlib.sha256(row).hexdigest() == detail["hash"]["valueString"] == expected
        assert (detail["number"]["valueString"], detail["previous"]["valueString"]) == (str(number), before)
        assert event["entity"][1]["what"] == {"reference": f"Patient/{patient}"}
        before = expected
    changed = fhir_server.get(f"AuditEvent/{event_id(chain[6])}")
    fhir_server.put({**changed, "agent": [{"requestor": True, "name": "Somebody Else"}]})
    ran = await asyncio.to_thread(home.preround, "audit", "verify", "--sent", "--json", "-", expect=4)
    assert (ran.json["holds"], ran.json["copy"]["different"]) == (False, [7])
    assert "act 7" in ran.json["problem"]


async def test_a_chain_that_does_not_hold_is_not_copied_further(
    fhir_server: FhirServer, tmp_path: Path, house: House, patient: str
) -> None:
    item = opened(house, patient)
    services, now = house.services, house.services.clock.now()
    claim(services.db, item_id=item.item_id, person="Ada Nowak", policy=services.policy, now=now)
    home = Home(path=tmp_path, more={"PREROUND_FHIR": fhir_server.base})
    with home.state() as connection:
        sql("UPDATE audit SET actor = 'Somebody Else' WHERE seq = 2")(connection)
    assert "Row 2 was changed" in await asyncio.to_thread(home.refused, "audit", "send", expect=4)
    with services.db.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM audit_copies WHERE seq > 0").scalar_one() == 0
