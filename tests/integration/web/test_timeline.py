"""What an item's page draws of time, and what it says is new since the last review."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import httpx

from preround.doing import rounds
from preround.web.timeline import timeline
from preround.wiring import House
from review.queue import queue
from tests.integration.web.visitor import links, post, waiting


async def test_each_visit_medicine_and_result_day_leads_to_its_source(house: House, web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    (one,) = queue(house.services.db)
    given = rounds.result(house, one.run_id)["timeline"]
    assert given["visits"]
    assert {m["state"] for m in given["medicines"]} <= {"current", "held", "stale", "finished"}
    page = (await web.get(f"/items/{item}")).text
    section = re.search(r'<section[^>]*class="timeline".*?</section>', page, re.S)
    assert section
    assert section[0].count("<rect") == min(len(given["medicines"]), 14)
    rows = len(given["visits"]) + len(given["medicines"]) + len(given["results"])
    assert section[0].count("<tr><td>") == rows
    for href in links(section[0], f"/items/{item}/sources/"):
        assert (await web.get(href)).status_code == 200


def test_nothing_on_the_timeline_draws_nothing() -> None:
    empty = {"start": "2020-01-01", "end": "2022-01-01", "visits": [], "medicines": [], "results": [], "left_out": 0}
    assert timeline(None, "x") is None
    assert timeline(empty, "x") is None
    odd = {"fact": "E1", "reference": "Encounter/1", "path": None, "name": "visit", "when": None}
    drawn = timeline({**empty, "end": "2020-01-01", "visits": [odd]}, "x")
    assert drawn
    assert [mark.x for mark in drawn.visits] == [150]


async def test_a_second_round_marks_what_is_new_since_the_signature(house: House, web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    assert "the item before" not in (await web.get(f"/items/{item}")).text
    await post(web, item, choice="approve_some", entries="1")
    (first,) = queue(house.services.db)
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "late",
        "patient": {"reference": first.patient},
        "code": {"text": "latex"},
        "clinicalStatus": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
            ]
        },
    }
    sent = await web.put(
        "/fhir/AllergyIntolerance/late", json=allergy, headers={"content-type": "application/fhir+json"}
    )
    assert sent.status_code == 201
    patient = first.patient.partition("/")[2]
    as_of = datetime(2026, 6, 1, 7, tzinfo=UTC)
    await rounds.start(house, patient=patient, tasks=rounds.DEFAULT_TASKS, as_of=as_of)
    page = html.unescape((await web.get(f"/items/{await waiting(web)}")).text)
    assert "Since Ada Nowak signed" in " ".join(re.sub("<[^>]+>", "", page).split())
    marked = re.findall(r'latex[^<]*(?:<[^t][^>]*>[^<]*)*<span class="tag new">', page)
    assert marked
