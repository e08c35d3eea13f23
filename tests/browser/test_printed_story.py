"""What is printed: the item, the queue and the receipt on paper, whole, with their sources and without the ways on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import accessible
from tests.browser.test_review_story import given_the_queue, when_entry_one_is_approved, when_the_item_is_opened

pytestmark = pytest.mark.browser

PAPER = {"viewport": {"width": 718, "height": 1047}}
"""A4 between its margins, in the pixels of a stylesheet."""
FOUND = """wanted => {
  const shown = (one) => one.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && one.getBoundingClientRect().width > 1;
  const all = [...document.body.querySelectorAll("*")].filter(shown);
  const words = (list) => list.map((one) => one.outerHTML.slice(0, 160));
  const light = (one) => {
    const [r, g, b, a] = getComputedStyle(one).backgroundColor.match(/[\\d.]+/g).map(Number);
    return a === 0 || (r * 299 + g * 587 + b * 114) / 1000 > 190;
  };
  const cut = (one) => getComputedStyle(one).overflow !== "visible" && !one.closest("svg, .hidden")
    && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
  const outside = (one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1;
  const listed = [...document.querySelectorAll(".sources ol")].flatMap((list) => [...list.children])
    .map((one, n) => shown(one) && one.textContent.trim() ? n + 1 : 0);
  return {
    ways: words(all.filter((one) => one.matches(
      "nav, button, form, input, select, textarea, .skip, [rel=next], [data-key], [href^='/queue/'], [href='#decide'],"
      + "[href*='/entries/'], [href$='/receipt'], header.site, footer.site"))),
    cut: words(all.filter((one) => cut(one) || outside(one))),
    dark: words(all.filter((one) => !light(one))),
    unlisted: all.filter((one) => one.matches(".refs a")).map((one) => Number(one.textContent))
      .filter((n) => !listed.includes(n)),
  };
}"""
"""What a page has that paper should not have, of what is shown of it now."""


def found(page: Page) -> dict[str, list[str]]:
    """What would be printed and should not be."""
    all_of_it: dict[str, list[str]] = page.evaluate(FOUND)
    return {what: these for what, these in all_of_it.items() if these}


def then_it_prints_well(page: Page) -> None:
    page.emulate_media(media="print")
    if folder := os.environ.get("TEST_SCREENSHOTS"):
        name = page.title().partition(" ")[0].lower()
        page.screenshot(path=str(Path(folder) / f"paper-{name}.png"), full_page=True)
    assert found(page) == {}
    accessible(page)
    page.emulate_media(media="screen")


@pytest.mark.parametrize("page", [PAPER], indirect=True)
def test_the_queue_the_item_and_the_receipt_on_paper(page: Page) -> None:
    given_the_queue(page)
    then_it_prints_well(page)
    when_the_item_is_opened(page)
    assert page.locator(".refs a").count() > 5
    then_it_prints_well(page)
    # The same measures on the screen, where all of this is as it should be: they see it.
    page.set_viewport_size({"width": 390, "height": 844})
    assert set(found(page)) == {"ways", "cut", "dark", "unlisted"}
    page.set_viewport_size({"width": 718, "height": 1047})
    when_entry_one_is_approved(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt")
    then_it_prints_well(page)


@pytest.mark.parametrize("page", [PAPER | {"java_script_enabled": False}], indirect=True, ids=["without scripts"])
def test_the_sources_of_an_item_are_printed_without_a_script(page: Page) -> None:
    given_the_queue(page)
    when_the_item_is_opened(page)
    sources = page.locator(".sources li")
    expect(sources.first).to_be_hidden()
    page.emulate_media(media="print")
    expect(sources.first).to_be_visible()
    expect(sources.last).to_be_visible()
