"""What a reviewer has opened is marked on the item at once, beside the text, in another tab, and without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import accessible
from tests.browser.serving import serving

pytestmark = pytest.mark.browser

POLICY = """
name = "site"
[people]
named = [{ name = "Ada Nowak", roles = ["prescriber"] }]
"""
PHONE = {"viewport": {"width": 390, "height": 844}}
NO_SCRIPTS = {"java_script_enabled": False}


@pytest.fixture
def site(home: Path, tmp_path: Path) -> Iterator[str]:
    """A server whose policy asks for opened evidence, and for nothing else, at every tier."""
    embedded = resources.files("review").joinpath("policy.toml").read_text(encoding="utf-8")
    rules = [row for row in embedded[embedded.index("# Who may send") :].splitlines() if not row.startswith("requires")]
    asked = [f'{row}\nrequires = ["evidence_opened"]' if row.startswith("expires_h") else row for row in rules]
    (tmp_path / "policy.toml").write_text(POLICY + "\n".join(asked), encoding="utf-8")
    with serving(home, policy=tmp_path / "policy.toml") as found:
        yield found


def given_the_item(page: Page, site: str) -> Locator:
    """The item of who has signed here before; gives the sources of its first entry."""
    page.context.add_cookies([{"name": "reviewer", "value": "Ada%20Nowak", "url": site}])
    page.goto("/")
    page.get_by_role("link", name="TESTPATIENT, Aurora").click()
    expect(page.locator(".decide")).to_contain_text("Before you sign, open the evidence of entry 1")
    return page.locator("#entry-1 .evidence li")


def then_the_first_is_marked_and_entry_one_can_be_signed(page: Page) -> None:
    sources = page.locator("#entry-1 .evidence li")
    expect(sources.first).to_contain_text("you opened it")
    expect(page.locator("#to-open")).not_to_contain_text("entry 1 ")
    page.get_by_role("radio", name="Approve only the entries ticked").check()
    page.get_by_role("checkbox", name=re.compile("^1\\.")).check()
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt")


def test_beside_the_text_it_is_marked_at_once(page: Page, site: str) -> None:
    sources = given_the_item(page, site)
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    page.get_by_role("radio", name="Reject").check()
    page.get_by_label("In your words").fill("kept")
    expect(sources.first).not_to_contain_text("you opened it")
    sources.first.get_by_role("link").click()
    expect(page.locator("#beside")).to_contain_text("On record: Ada Nowak opened this")
    expect(sources.first).to_contain_text("you opened it")
    accessible(page)
    page.keyboard.press("Escape")
    expect(sources.first.get_by_role("link")).to_be_focused()
    expect(page.get_by_label("In your words")).to_have_value("kept")
    # The same source once more is not marked twice.
    there = page.url
    with page.expect_response(lambda answer: answer.url == there) as answered:
        sources.first.get_by_role("link").click()
    answered.value.finished()
    page.evaluate("new Promise((done) => setTimeout(done, 0))")
    assert loads == []
    expect(sources.first.get_by_text("you opened it")).to_have_count(1)
    page.keyboard.press("Escape")
    then_the_first_is_marked_and_entry_one_can_be_signed(page)


def test_in_another_tab_it_is_marked_when_one_comes_back(page: Page, site: str) -> None:
    sources = given_the_item(page, site)
    address = sources.first.get_by_role("link").get_attribute("href")
    other = page.context.new_page()
    other.goto(str(address))
    expect(other.locator("main")).to_contain_text("On record: Ada Nowak opened this")
    other.close()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    then_the_first_is_marked_and_entry_one_can_be_signed(page)


@pytest.mark.parametrize("page", [NO_SCRIPTS, PHONE], indirect=True, ids=["without scripts", "phone"])
def test_on_a_page_of_its_own_it_is_marked_on_the_way_back(page: Page, site: str) -> None:
    sources = given_the_item(page, site)
    sources.first.get_by_role("link").click()
    expect(page.get_by_text("On record: Ada Nowak opened this")).to_be_visible()
    page.get_by_role("link", name="Back to the item").click()
    then_the_first_is_marked_and_entry_one_can_be_signed(page)
