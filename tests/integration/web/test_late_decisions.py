"""Decisions that come too late, on a chart that moved on, from the wrong person, to a server that is away."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

import httpx

from preround.settings import Settings
from preround.wiring import House, open_house
from tests.integration.web.visitor import (
    form_of,
    free_port,
    links,
    post,
    visiting,
    waiting,
)


async def test_another_proposal_than_the_one_shown_is_not_decided(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    answer = await post(web, item, choice="approve_all", proposal_sha256="0" * 64)
    assert answer.status_code == 409
    assert "not the proposal that you were shown" in answer.text


async def test_a_late_decision_is_told_that_the_time_is_over(house: House) -> None:
    class Later:
        def now(self) -> datetime:
            return house.services.clock.now() + timedelta(days=9)

        def monotonic(self) -> float:
            return house.services.clock.monotonic()

        def cpu_seconds(self) -> float:
            return house.services.clock.cpu_seconds()

    async with visiting(house) as web:
        item = await waiting(web)
        form = await form_of(web, item)
    async with visiting(replace(house, services=replace(house.services, clock=Later()))) as web:
        assert "Its time is over" in (await web.get("/")).text
        answer = await web.post(f"/items/{item}/decisions", data={**form, "choice": "approve_all"})
    assert answer.status_code == 409
    assert "has expired" in answer.text


async def test_a_chart_that_moved_on_leads_to_the_fresh_item(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    patient = (await web.get("/api/items")).json()[-1]["patient"]
    allergy = {
        "resourceType": "AllergyIntolerance",
        "patient": {"reference": patient},
        "code": {"text": "latex"},
        "clinicalStatus": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
            ]
        },
    }
    created = await web.post(
        "/fhir/AllergyIntolerance", json=allergy, headers={"content-type": "application/fhir+json"}
    )
    assert created.status_code == 201
    answer = await post(web, item, choice="approve_some", entries="1")
    assert answer.status_code == 409
    assert "The chart changed" in answer.text
    [fresh] = set(links(answer.text, "/items/")) & {f"/items/{await waiting(web)}"}
    assert "latex" in (await web.get(fresh)).text
    assert (await web.get(f"/api/items/{item}")).json()["receipts"] == []


async def test_a_server_that_is_away_leaves_the_signature_and_says_so(home: Path) -> None:
    away = Settings(home=home, fhir=f"http://127.0.0.1:{free_port()}/fhir")
    async with open_house(away) as house, visiting(house) as web:
        item = await waiting(web)
        answer = await post(web, item, choice="approve_some", entries="1")
        assert answer.status_code == 503
        assert 'role="alert"' in answer.text
        assert "tried again" in answer.text
        assert "has not confirmed the write" in (await web.get(f"/items/{item}/receipt")).text


async def test_a_person_whom_the_policy_does_not_know_may_not_sign(home: Path, tmp_path: Path) -> None:
    text = (files("review") / "policy.toml").read_text(encoding="utf-8")
    strict = re.sub(
        r"\[people\.any_named\]\n(?:.+\n)+", '[[people.named]]\nname = "Zoe"\nroles = ["clinician"]\n', text
    )
    policy = tmp_path / "policy.toml"
    policy.write_text(strict, encoding="utf-8")
    async with open_house(Settings(home=home, policy=policy)) as house, visiting(house) as web:
        item = await waiting(web)
        # An entry that any clinician signs alone, so that nothing is missing but being known.
        answer = await post(web, item, choice="approve_some", entries="1")
        assert answer.status_code == 403
        assert "The policy does not accept this" in answer.text
        assert (await post(web, item, choice="approve_some", entries="1", name="Zoe")).status_code == 303
