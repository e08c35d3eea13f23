"""Something goes wrong: it is switched off, the report is taken and closed, and the figures say whether to go on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import accessible, fits

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True, ids=["without scripts"])
def test_harm_is_reported_switched_off_looked_into_and_closed(page: Page) -> None:
    page.goto("/")
    page.locator("tbody th a").first.click()
    there = page.url
    page.get_by_role("radio", name="Reject").check()
    page.get_by_label("Reason for the rejection").select_option("unsafe")
    page.get_by_label("In your words").fill("The dose is for another weight.")
    page.get_by_label("Your name").fill("Ada Nowak")
    page.goto("/switches")
    page.get_by_label("Task").select_option("suggestions")
    page.get_by_label("Your name").fill("Ada Nowak")
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("alert")).to_contain_text("it needs a reason and a name")
    page.get_by_label(re.compile("^Why shown")).fill("wrong weights")
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("cell", name="wrong weights")).to_be_visible()
    page.goto(there)
    expect(page.get_by_role("heading", name="Can be read, not signed")).to_be_visible()
    expect(page.get_by_text("by Ada Nowak on").first).to_be_visible()
    page.get_by_label("Your name").fill("Ada Nowak")
    page.get_by_role("radio", name="Reject").check()
    page.get_by_label("Reason for the rejection").select_option("unsafe")
    page.get_by_role("button", name="Record the decision").click()
    page.goto("/incidents")
    page.get_by_role("button", name=re.compile("^Make it mine")).click()
    expect(page.get_by_text("Ada Nowak took it")).to_be_visible()
    page.get_by_label("What was found or done").fill("The table of weights was mended")
    page.get_by_role("button", name=re.compile("^Close with what was done")).click()
    expect(page.get_by_text("None is open.")).to_be_visible()
    page.goto("/rollout")
    expect(page.get_by_role("heading", level=1)).to_have_text("Whether to go on: not enough yet")


@pytest.mark.parametrize(
    "page", [{}, {"viewport": {"width": 390, "height": 844}}], indirect=True, ids=["desk", "phone"]
)
def test_these_pages_are_accessible_and_fit(page: Page) -> None:
    page.goto("/switches")
    page.get_by_label("Task").select_option("suggestions")
    page.get_by_label("Your name").fill("Ada Nowak")
    page.get_by_label(re.compile("^Why shown")).fill("wrong weights")
    page.get_by_role("button", name="Switch off").click()
    page.goto("/")
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("heading", name="Can be read, not signed")).to_be_visible()
    accessible(page)
    page.get_by_role("radio", name="Reject").check()
    page.get_by_label("Reason for the rejection").select_option("unsafe")
    page.get_by_role("button", name="Record the decision").click()
    for there in ("/switches", "/incidents", "/rollout", "/quality"):
        page.goto(there)
        accessible(page)
        fits(page)
