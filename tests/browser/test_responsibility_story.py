"""Whose an item is, who is asked beside them and who hears of it too late; and what silence would have proposed."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from preround.doing import rounds
from preround.doing.comparing import compare
from preround.settings import Settings
from preround.wiring import open_house
from review.switches import Scope, switch
from tests.browser.conftest import accessible, fits
from tests.browser.serving import STARTS_WITHIN, apart, serving
from tests.browser.ward import Patient, drafted_for, namesakes

pytestmark = pytest.mark.browser

SCREENS = {"Rowan": {}, "Sorrel": {"viewport": {"width": 390, "height": 844}}}
"""Whose item each story takes, and how wide its screen is."""
screens = pytest.mark.parametrize(
    ("page", "name"), [(screen, name) for name, screen in SCREENS.items()], indirect=["page"], ids=["desk", "phone"]
)


@pytest.fixture(scope="module")
def home(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patients whose items wait, and one round in silence that was held against the record."""
    home = tmp_path_factory.mktemp("duty")
    patients = namesakes("overdue-screening", "Delta", *SCREENS)
    drafted_for(home, *patients)
    apart(_in_silence(home, patients[0]))
    return home


async def _in_silence(home: Path, patient: Patient) -> None:
    async with open_house(Settings(home=home)) as house:
        db, now = house.services.db, house.services.clock.now()
        switch(db, Scope(task="suggestions"), "silent", reason="first we look", person="Ada Nowak", now=now)
        await rounds.start(house, patient=patient.patient_id, tasks=("suggestions",), as_of=patient.as_of)
        assert (await compare(house, days=0)).settled > 0
        switch(db, Scope(task="suggestions"), "on", reason="we looked", person="Ada Nowak", now=now)
        switch(db, Scope(task="question"), "silent", reason="first we look", person="Ada Nowak", now=now)


@pytest.fixture(scope="module")
def site(home: Path) -> Iterator[str]:
    """One server for all stories here."""
    with serving(home, sweep_seconds=0.5) as found:
        yield found


def well(page: Page) -> None:
    accessible(page)
    fits(page)


@screens
def test_a_second_signer_is_asked_and_hears_of_it(page: Page, name: str) -> None:
    page.goto("/")
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("for a clinician or prescriber")
    page.get_by_role("link", name=f"TESTPATIENT, {name}").click()
    expect(page.locator(".whose")).to_contain_text("covered by an attending in ")
    page.get_by_text("Ask a second signer", exact=True).click()
    page.get_by_label(re.compile("^Whom")).fill("Ben Okafor")
    well(page)
    page.get_by_label("Your name").fill("Ada Nowak")
    page.get_by_role("button", name="Ask without signing").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label(re.compile("^Whom"))).to_have_value("Ben Okafor")
    well(page)
    page.get_by_label("What they should look at").fill("Is the stool test enough?")
    page.get_by_role("button", name="Ask without signing").click()
    expect(page.locator(".asks")).to_contain_text("Ada Nowak asked Ben Okafor to sign")
    expect(page.locator(".still")).to_contain_text("0 of 2 signed")
    well(page)
    page.goto("/?claimed=mine")
    expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("Ben Okafor asked")
    well(page)


@screens
def test_what_nobody_decided_is_escalated_and_taken_up(page: Page, name: str, home: Path) -> None:
    page.goto("/")
    page.get_by_role("link", name=f"TESTPATIENT, {name}").click()
    there, item = page.url, page.url.rpartition("/")[2]
    with sqlite3.connect(home / "preround.sqlite", timeout=60) as connection:
        connection.execute(
            "UPDATE items SET expires_at = '2020-01-01T00:00:00.000000+00:00' WHERE item_id = ?", (item,)
        )
    connection.close()
    deadline = time.monotonic() + STARTS_WITHIN
    page.reload()
    while page.get_by_text("This was escalated to an attending").count() == 0:
        assert time.monotonic() < deadline
        page.wait_for_timeout(300)
        page.reload()
    well(page)
    page.get_by_role("link", name="the queue", exact=True).click()
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("escalated to an attending")
    well(page)
    page.get_by_role("textbox", name="Your name").last.fill("Cyd Lindqvist")
    row.get_by_role("button", name=re.compile("^Take up")).click()
    page.goto(there)
    expect(page.locator(".closed")).to_contain_text("Cyd Lindqvist has taken it up")
    well(page)


@screens
def test_silence_that_was_compared_stands_on_the_rollouts_pages(page: Page, name: str) -> None:
    page.goto("/rollout")
    table = page.get_by_role("region", name="Table of what was proposed in silence")
    expect(table.get_by_role("row")).not_to_have_count(1)
    page.get_by_label("Task").select_option("suggestions")
    page.get_by_role("button", name="Show").click()
    expect(table).to_be_visible()
    expect(page.get_by_text(name)).to_have_count(0)
    well(page)
    for there, words in (("/switches", "first we look"), ("/incidents", "None is open."), ("/quality", "Incidents")):
        page.goto(there)
        expect(page.get_by_text(words).first).to_be_visible()
        well(page)
