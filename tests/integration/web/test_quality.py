"""The quality page after decisions: its figures, its CSV, and the incidents; nothing of the patient in either."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import httpx

from preround.settings import Settings
from preround.wiring import open_house
from tests.integration.web.visitor import NAME, post, visiting, waiting


async def test_nothing_decided_is_said(web: httpx.AsyncClient) -> None:
    page = await web.get("/quality")
    assert page.status_code == 200
    assert "Nothing has been decided yet" in page.text
    assert "No rejection has reported harm" in page.text


async def test_a_rejection_that_reports_harm_stands_on_the_page_and_in_the_table(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    await post(web, item, choice="reject", code="unsafe", words="The dose is for another weight.")
    page = (await web.get("/quality")).text
    assert "0 %</strong> accepted" in page
    assert "The dose is for another weight." in page
    assert f"/items/{item}" in page
    assert "paused" in page
    assert "TESTPATIENT" not in page
    answer = await web.get("/quality.csv")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"].startswith("text/csv")
    assert {line["verdict"] for line in lines} == {"rejected"}
    assert {line["reason"] for line in lines} == {"unsafe"}
    assert {line["item"] for line in lines} == {item}
    assert not any("TESTPATIENT" in text or "fx-" in text for line in lines for text in line.values())


async def test_a_signature_faster_than_reading_is_told_on_the_item_in_the_queue_and_on_the_page(home: Path) -> None:
    async with open_house(Settings(home=home, reading_words_a_minute=50)) as house, visiting(house) as web:
        item = await waiting(web)
        claimed = await web.post("/queue/claims", data={"name": NAME, "one": f"claim:{item}"})
        assert claimed.status_code == 303
        assert "than it can be read" not in (await web.get("/quality")).text
        assert (await post(web, item, choice="approve_some", entries="1")).status_code == 303
        assert "faster than it can be read: " in (await web.get(f"/items/{item}")).text
        assert f"{NAME} signed in " in (await web.get("/", params={"status": "approved"})).text
        page = (await web.get("/quality")).text
        _, _, table = page.partition('<h2 id="faster">Faster than it can be read</h2>')
        assert f"<td>{NAME}</td>" in table
        assert f"/items/{item}" in table.partition("</section>")[0]
        assert "at 50 words a minute" in page
        (decision,) = (await web.get(f"/api/items/{item}")).json()["decisions"]
        assert decision["faster_than_reading"] is True
        assert decision["seconds"] < decision["seconds_to_read"]
