"""A clinician takes a write back in a real browser: from its receipt over two signatures to what the server has."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import accessible
from tests.browser.test_review_story import given_the_queue, when_entry_one_is_approved, when_the_item_is_opened

pytestmark = pytest.mark.browser


def when_the_receipt_is_taken_back(page: Page) -> None:
    page.get_by_role("button", name=re.compile(r"^Propose to take entry \d+ back")).click()
    expect(page.get_by_role("heading", name="Decide")).to_be_visible()


def when_it_is_signed(page: Page, name: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_role("radio", name="Approve it").check()
    page.get_by_role("button", name="Record the decision").click()


def when_two_people_sign(page: Page) -> None:
    item = page.url.partition("#")[0].partition("?")[0]
    when_it_is_signed(page, "Ada Nowak")
    # The first signature writes nothing: there is no receipt yet, and the item still waits.
    page.goto(f"{item}/receipt")
    expect(page.get_by_role("button", name=re.compile("^Propose to take"))).to_have_count(0)
    page.goto(item)
    when_it_is_signed(page, "Ben Okafor")


def then_the_server_has(page: Page, version: str, status: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt")
    expect(page.get_by_text("Ada Nowak signed")).to_be_visible()
    receipt = page.url
    stored = page.get_by_role("row").filter(has=page.get_by_role("link", name=re.compile("^Composition")))
    expect(stored.locator('td[data-label="Version"]')).to_have_text(version)
    stored.get_by_role("link", name=re.compile("^Composition")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Composition, as the server has it now")
    expect(page.locator("main")).to_contain_text(status)
    page.goto(receipt)


def test_what_was_written_is_taken_back_and_put_back(page: Page) -> None:
    given_the_queue(page)
    when_the_item_is_opened(page)
    when_entry_one_is_approved(page)
    then_the_server_has(page, "1", "final")
    first = page.url
    when_the_receipt_is_taken_back(page)
    expect(page.locator("main")).to_contain_text("entered-in-error")
    accessible(page)
    when_two_people_sign(page)
    expect(page.get_by_text("Ben Okafor signed")).to_be_visible()
    then_the_server_has(page, "2", "entered-in-error")
    accessible(page)
    undone = page.url
    page.goto(first)
    expect(page.get_by_role("link", name="Taken back")).to_be_visible()
    accessible(page)
    page.goto(undone)
    when_the_receipt_is_taken_back(page)
    when_two_people_sign(page)
    then_the_server_has(page, "3", "final")
