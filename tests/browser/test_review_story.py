"""A clinician reviews one item in a real browser: from the queue to the receipt."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import accessible, fits

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}}
NO_SCRIPTS = {"java_script_enabled": False}


def given_the_queue(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review queue")


def when_the_item_is_opened(page: Page) -> None:
    page.get_by_role("link", name="TESTPATIENT, Aurora").click()
    expect(page.get_by_role("heading", name="Act on / verify first")).to_be_visible()


def when_the_first_citation_is_followed(page: Page) -> str:
    first = page.locator(".first li").first
    link = first.get_by_role("link", name=re.compile("^Source")).first
    said = first.inner_text().partition("\N{WORD JOINER}")[0]
    link.click()
    return said


def then_the_cited_path_is_marked(page: Page, said: str) -> None:
    expect(page.get_by_role("blockquote")).to_contain_text(said)
    expect(page.locator("mark#cited")).to_be_in_viewport()
    cited = page.locator(".cited tbody td:first-child").all_inner_texts()
    marked = " ".join(page.locator("mark").all_inner_texts())
    assert cited
    assert [value for value in cited if value not in marked] == []


def when_entry_one_is_approved(page: Page, name: str = "Ada Nowak") -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_role("radio", name="Approve only the entries ticked").check()
    page.get_by_role("checkbox", name=re.compile("^1\\.")).check()
    page.get_by_role("button", name="Record the decision").click()


def then_the_receipt_names_what_was_stored(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt")
    expect(page.get_by_text("Ada Nowak signed")).to_be_visible()
    expect(page.locator(".hash")).to_have_text(re.compile("^[0-9a-f]{64}$"))


def test_from_the_queue_to_the_receipt(page: Page) -> None:
    given_the_queue(page)
    accessible(page)
    when_the_item_is_opened(page)
    expect(page.locator(".first ol")).to_be_in_viewport(ratio=1)
    accessible(page)
    said = when_the_first_citation_is_followed(page)
    then_the_cited_path_is_marked(page, said)
    accessible(page)
    page.get_by_role("button", name="Close").click()
    when_entry_one_is_approved(page)
    then_the_receipt_names_what_was_stored(page)
    accessible(page)
    page.get_by_role("link", name="Composition/").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Composition, as the server has it now")
    accessible(page)


@pytest.mark.parametrize("page", [NO_SCRIPTS], indirect=True)
def test_without_scripts(page: Page) -> None:
    given_the_queue(page)
    when_the_item_is_opened(page)
    said = when_the_first_citation_is_followed(page)
    then_the_cited_path_is_marked(page, said)
    page.get_by_role("link", name="Back to the item").click()
    when_entry_one_is_approved(page)
    then_the_receipt_names_what_was_stored(page)


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_on_a_phone(page: Page) -> None:
    given_the_queue(page)
    fits(page)
    accessible(page)
    when_the_item_is_opened(page)
    expect(page.locator(".first li").first).to_be_in_viewport(ratio=1)
    fits(page)
    accessible(page)
    page.get_by_role("link", name="Decide").click()
    expect(page.get_by_role("heading", name="Decide")).to_be_in_viewport()
    when_entry_one_is_approved(page)
    then_the_receipt_names_what_was_stored(page)
    fits(page)
    accessible(page)


def test_a_mistake_takes_the_focus_and_leads_to_its_field(page: Page) -> None:
    given_the_queue(page)
    when_the_item_is_opened(page)
    page.get_by_label("Your name").fill("Ada Nowak")
    page.get_by_role("radio", name="Reject").check()
    page.get_by_role("button", name="Record the decision").click()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Choose a reason for the rejection.")
    accessible(page)
    summary.get_by_role("link").click()
    expect(page.get_by_label("Reason for the rejection")).to_be_in_viewport()
    expect(page.get_by_label("Your name")).to_have_value("Ada Nowak")
    page.get_by_label("Reason for the rejection").select_option(label="Too much that does not matter")
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_role("heading", name="This item is closed: rejected")).to_be_visible()
    accessible(page)


def test_keyboard_alone(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_everything_unfolded_is_accessible_too(page: Page) -> None:
    given_the_queue(page)
    when_the_item_is_opened(page)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    accessible(page)
    fits(page)
    page.get_by_role("link", name="Edit entry 1").click()
    expect(page.get_by_label("Title")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="edit the JSON").click()
    expect(page.get_by_label("Composition as JSON")).to_be_visible()
    accessible(page)
    page.goto("/api/docs")
    accessible(page)
    page.goto("/nothing-here")
    accessible(page)
