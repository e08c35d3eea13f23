"""An informaticist has the FHIR server tell, sees which rounds that began and what held others back, and ends it."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from preround.subscriptions.site import SubscriptionSite
from tests.browser.conftest import STORY, accessible, fits
from tests.browser.serving import STARTS_WITHIN, serving
from tests.browser.ward import patient
from tests.visiting import WITH_KEY

pytestmark = pytest.mark.browser

RULES = """
[[rule]]
name = "admission"
type = "Encounter"
where.class = ["IMP"]
where.status = ["in-progress"]
tasks = ["summary"]
apart_seconds = 0
[[rule]]
name = "result"
type = "Observation"
where.category = ["laboratory"]
where.status = ["final"]
tasks = ["comparison"]
wait_seconds = 3600
"""
PHONE = {"viewport": {"width": 390, "height": 844}}
NO_SCRIPTS = {"java_script_enabled": False}


@pytest.fixture
def site(home: Path, tmp_path: Path) -> Iterator[str]:
    """A server that watches its own sandbox, is told alone, and is not asked in turn."""
    rules = tmp_path / "begins.toml"
    rules.write_text(RULES, encoding="utf-8")
    watching = SubscriptionSite(enabled=True, rules=rules, poll_seconds=0)
    with serving(home, sweep_seconds=0.3, subscriptions=watching) as found:
        yield found


def rule(page: Page, name: str = "admission") -> Locator:
    return page.get_by_role("region", name=re.compile(f"^{name} "))


def until(page: Page, there: Locator) -> None:
    """Load the page again until something stands on it."""
    deadline = time.monotonic() + STARTS_WITHIN
    while there.count() == 0:
        assert time.monotonic() < deadline, page.locator("main").inner_text()
        page.wait_for_timeout(300)
        page.goto("/watching")


def admitted(site: str, name: str, whose: str) -> None:
    """Somebody is admitted, says the record."""
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
    stay = {"resourceType": "Encounter", "id": name, "status": "in-progress", "class": kind}
    body = {**stay, "subject": {"reference": f"Patient/{whose}"}}
    answer = httpx.put(f"{site}/fhir/Encounter/{name}", json=body, headers=WITH_KEY, timeout=60)
    assert answer.status_code == 201, answer.text


def when_the_server_is_subscribed(page: Page) -> None:
    page.goto("/quality")
    page.get_by_role("link", name="what begins rounds").click()
    expect(rule(page)).to_contain_text("not subscribed")
    expect(rule(page)).to_contain_text("Last told")
    rule(page).get_by_label("Your name").fill("")
    rule(page).get_by_role("button", name="Subscribe: admission").click()
    expect(page.get_by_role("alert")).to_contain_text("Give your name")
    rule(page).get_by_label("Your name").fill("Ada Nowak")
    rule(page).get_by_role("button", name="Subscribe: admission").click()
    expect(page).to_have_url(re.compile("/watching#rule-admission$"))
    until(page, rule(page).get_by_text("active", exact=True))


def then_an_admission_begins_a_round(page: Page, site: str) -> None:
    admitted(site, "new", patient(STORY).patient_id)
    until(page, page.get_by_role("cell", name="told by the server"))
    expect(page.get_by_role("row").filter(has_text="told by the server")).to_contain_text("1 resource")
    expect(rule(page)).not_to_contain_text("never")


@pytest.mark.parametrize("page", [NO_SCRIPTS], indirect=True, ids=["without scripts"])
def test_from_a_subscription_to_the_item_of_the_round_that_it_began(page: Page, site: str, home: Path) -> None:
    when_the_server_is_subscribed(page)
    then_an_admission_begins_a_round(page, site)
    until(page, page.get_by_role("row").filter(has_text="waiting"))
    page.get_by_role("link", name=re.compile("^[0-9a-f]{16}$")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("TESTPATIENT, Aurora")
    page.goto("/watching")
    assert "TESTPATIENT" not in page.content()
    assert patient(STORY).patient_id not in page.content()
    rule(page).get_by_role("button", name="End: admission").click()
    expect(rule(page)).to_contain_text("not subscribed")
    with sqlite3.connect(home / "preround.sqlite", timeout=60) as connection:
        acts = connection.execute(
            "SELECT act, actor FROM audit WHERE act LIKE 'subscription.%' ORDER BY seq"
        ).fetchall()
    connection.close()
    assert acts == [("subscription.made", "Ada Nowak"), ("subscription.ended", "Ada Nowak")]


@pytest.mark.parametrize("page", [{}, PHONE], indirect=True, ids=["desk", "phone"])
def test_what_is_held_back_and_refused_stands_there_and_all_of_it_is_accessible(page: Page, site: str) -> None:
    def well() -> None:
        accessible(page)
        fits(page)

    page.goto("/watching")
    well()
    when_the_server_is_subscribed(page)
    then_an_admission_begins_a_round(page, site)
    admitted(site, "astray", "nobody")
    until(page, page.get_by_role("heading", name="Refused"))
    expect(page.get_by_role("cell", name=re.compile("no patient of that id"))).to_be_visible()
    page.goto("/switches")
    page.get_by_label("Task").select_option("summary")
    page.get_by_label(re.compile("^Why shown")).fill("wrong ages")
    page.get_by_role("button", name="Switch off").click()
    admitted(site, "held", patient(STORY).patient_id)
    page.get_by_role("link", name="Watching").click()
    until(page, page.get_by_role("heading", name="Held back"))
    expect(page.get_by_role("region", name="Held back")).to_contain_text("wrong ages")
    well()
    page.get_by_role("button", name="Subscribe: result").click()
    expect(rule(page, "result")).to_contain_text("Subscription/")
    well()


def test_by_keyboard_alone(page: Page) -> None:
    page.goto("/watching")
    press = page.keyboard.press
    press("j")
    assert page.evaluate("document.activeElement.id") == "rule-admission"
    press("Tab")
    page.keyboard.type("Ada Nowak")
    press("Tab")
    expect(page.get_by_role("button", name="Subscribe: admission")).to_be_focused()
    press("Enter")
    expect(rule(page)).to_contain_text("Subscription/")
    expect(rule(page)).to_be_focused()
    press("Tab")
    press("Tab")
    press("Tab")
    expect(page.get_by_role("button", name="End: admission")).to_be_focused()
    press("Enter")
    expect(rule(page)).to_contain_text("not subscribed")
