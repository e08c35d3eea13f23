"""The API: rounds started, refusals as outcomes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest


async def test_a_round_is_started_in_the_background_and_can_be_asked_for(web: httpx.AsyncClient) -> None:
    patient = (await web.get("/api/items")).json()[-1]["patient"]
    answer = await web.post("/api/runs", json={"patient": patient, "tasks": ["summary"], "as_of": "2026-06-01"})
    assert answer.status_code == 202
    location = answer.headers["location"]
    for _ in range(100):
        found = (await web.get(location)).json()
        if found["status"] != "running":
            break
        await asyncio.sleep(0.1)
    assert found["status"] == "awaiting_review"
    assert found["page"]
    assert [draft["task"] for draft in found["drafts"]] == ["summary"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"patient": "nobody-here"}, 404),
        ({"patient": "a b"}, 404),
        ({"patient": "x", "tasks": ["imaging"]}, 422),
        ({"patient": "x", "tasks": ["made-up"]}, 422),
        ({"patient": "x", "as_of": "yesterday"}, 404),
        ({}, 422),
    ],
)
async def test_a_round_that_cannot_be_started_is_refused_as_an_outcome(
    web: httpx.AsyncClient, body: Mapping[str, Any], status: int
) -> None:
    before = (await web.get("/api/items")).json()
    answer = await web.post("/api/runs", json=body)
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert (await web.get("/api/items")).json() == before


async def test_the_api_is_described_without_anything_from_elsewhere(web: httpx.AsyncClient) -> None:
    page = (await web.get("/api/docs")).text
    assert "POST /api/runs" in page
    assert "proposal_sha256" in page
    assert not re.search(r"(src|href)=\"https?:", page)
    for path in ("/api/nope", "/api/items/0000", "/api/runs/0000"):
        answer = await web.get(path)
        assert answer.status_code == 404
        assert answer.json()["resourceType"] == "OperationOutcome"
