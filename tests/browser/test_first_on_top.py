"""What to act on stands on top of the item's page: whole on a desk without scrolling, and first on a phone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.serving import serving
from tests.browser.ward import drafted_for, patient
from tests.visiting import WITH_KEY

pytestmark = pytest.mark.browser

STORIES = ("diabetes-ckd", "hard-chart", "child-asthma", "pregnancy")
"""Four items on top each, some of them long."""
DESK = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def items(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Mapping[str, str]]]:
    """A server with a round of each story, and the item of each; nothing here changes any."""
    home = tmp_path_factory.mktemp("stories")
    found = drafted_for(home, *map(patient, STORIES))
    with serving(home) as site:
        yield site, found


@pytest.fixture
def site(items: tuple[str, Mapping[str, str]]) -> str:
    """That server; overrides the shared one."""
    return items[0]


@pytest.fixture(params=STORIES)
def item(page: Page, items: tuple[str, Mapping[str, str]], request: pytest.FixtureRequest) -> Iterator[Page]:
    """The item's page, not scrolled; a picture of it where `TEST_SCREENSHOTS` names a folder."""
    page.goto("/")
    link = page.locator(f'a[href="/items/{items[1][patient(request.param).patient_id]}"]')
    expect(link).to_have_text(re.compile("^TESTPATIENT, "))
    link.click()
    expect(page.get_by_role("heading", name="Act on / verify first")).to_be_visible()
    assert page.evaluate("window.scrollY") == 0
    yield page
    if folder := os.environ.get("TEST_SCREENSHOTS"):
        name = re.sub(r"[^\w]+", "-", request.node.name)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def headings(page: Page) -> list[tuple[str, float]]:
    """The second-level headings with their distance from the top of the page, from the top."""
    found = page.locator("main h2")
    boxes = [(found.nth(i).inner_text(), found.nth(i).bounding_box()) for i in range(found.count())]
    return sorted(((text, box["y"]) for text, box in boxes if box), key=lambda one: one[1])


@pytest.mark.parametrize("page", [DESK], indirect=True)
def test_a_desk_shows_all_of_it_without_scrolling(item: Page) -> None:
    items = item.locator(".first ol > li")
    assert items.count() >= 3
    for number in range(items.count()):
        expect(items.nth(number)).to_be_in_viewport(ratio=1)
    # The decision stands beside it, in a column of its own.
    assert next(text for text, _ in headings(item) if text != "Decide") == "Act on / verify first"


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_a_phone_shows_it_first(item: Page) -> None:
    assert headings(item)[0][0] == "Act on / verify first"
    expect(item.locator(".first ol > li").first).to_be_in_viewport(ratio=1)
    assert item.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_page_that_puts_something_before_it_is_seen(browser: Browser) -> None:
    """The check broken on purpose: another section is moved above."""
    context = browser.new_context(extra_http_headers=WITH_KEY)
    page = context.new_page()
    page.set_content(
        "<main><h2>Changed</h2><p>x</p><section class=first><h2>Act on / verify first</h2></section></main>"
    )
    assert headings(page)[0][0] == "Changed"
    context.close()
