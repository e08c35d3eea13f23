"""A ward's queue in a real browser: by keyboard alone, beside a colleague, too late, on a chart that moved on."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import accessible, fits
from tests.browser.serving import serving
from tests.browser.ward import WARD, drafted_for, namesakes
from tests.visiting import WITH_KEY

pytestmark = pytest.mark.browser

TABLET = {"viewport": {"width": 820, "height": 1180}}


@pytest.fixture(scope="module")
def home(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ward of ten, drafted once; each story takes patients of its own."""
    home = tmp_path_factory.mktemp("ward")
    drafted_for(home, *namesakes("overdue-screening", "Delta", *WARD))
    return home


@pytest.fixture(scope="module")
def site(home: Path) -> Iterator[str]:
    """One server for all stories here."""
    with serving(home) as found:
        yield found


def given_the_item_of(page: Page, name: str) -> None:
    page.goto("/")
    page.get_by_role("link", name=f"TESTPATIENT, {name}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"TESTPATIENT, {name}")


def when_entry_one_is_signed(page: Page, name: str = "Ada Nowak") -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_role("radio", name="Approve only the entries ticked").check()
    page.get_by_role("checkbox", name=re.compile("^1\\.")).check()
    page.get_by_role("button", name="Record the decision").click()


def focused(page: Page, script: str) -> object:
    return page.evaluate(f"document.activeElement.{script}")


def test_five_items_are_triaged_by_keyboard_alone(page: Page) -> None:
    press = page.keyboard.press
    page.goto("/")
    waiting = page.locator("tbody tr").count()
    press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    accessible(page)
    press("Escape")
    for step in ("j", "j", "k"):
        press(step)
    assert focused(page, "innerText") == page.locator("tbody tr th a").first.inner_text()
    press("Enter")
    seen = set()
    for n in range(5):
        expect(page.get_by_role("heading", name="Decide")).to_be_visible()
        seen.add(page.url.rpartition("/")[2])
        press("j")
        assert focused(page, "matches('section')")
        if n < 4:
            press("a" if n % 2 == 0 else "r")
        if n in (1, 3):
            assert focused(page, "id") == "code"
            page.keyboard.type("Too much that does")
            press("Tab")
            press("Tab")
        elif n == 0:
            assert focused(page, "id") == "name"
            page.keyboard.type("Ada Nowak")
        elif n == 4:
            press("b")
            assert focused(page, "id") == "words"
            page.keyboard.type("Say less of screening.")
            press("Tab")
        assert focused(page, "closest('form')?.className !== 'narrow'")
        press("Enter")
        after = {0: "**/receipt", 2: "**/receipt"}.get(n)
        if after:
            page.wait_for_url(after)
            accessible(page)
        else:
            page.wait_for_load_state()
            expect(page.locator("h1")).to_contain_text("TESTPATIENT")
        if n < 4:
            expect(page.get_by_role("link", name="Next item")).to_be_visible()
            press("n")
            page.wait_for_url(re.compile(r"/items/[0-9a-f]{16}$"))
    assert len(seen) == 5
    press("u")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review queue")
    # Two were signed, two rejected; the one that was sent back waits as its new draft.
    expect(page.locator("tbody tr")).to_have_count(waiting - 4)
    accessible(page)


def test_single_keys_can_be_turned_off_and_never_act_while_one_types(page: Page) -> None:
    given_the_item_of(page, "Oak")
    page.get_by_label("Your name").click()
    page.keyboard.type("arbj")
    expect(page.get_by_label("Your name")).to_have_value("arbj")
    assert page.locator("[name=choice]:checked").count() == 0
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    page.get_by_role("checkbox", name="Single keys act").uncheck()
    page.get_by_role("button", name="Close").first.click()
    page.keyboard.press("a")
    assert page.locator("[name=choice]:checked").count() == 0
    page.reload()
    page.keyboard.press("r")
    assert page.locator("[name=choice]:checked").count() == 0
    accessible(page)


@pytest.mark.parametrize("page", [TABLET], indirect=True)
def test_several_are_claimed_and_a_view_is_kept(page: Page) -> None:
    page.goto("/")
    fits(page)
    for name in ("Maple", "Oak"):
        page.get_by_role("checkbox", name=re.compile(f"^Tick TESTPATIENT, {name}")).check()
    page.get_by_label("Your name").last.fill("Cyd Lindqvist")
    page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has_text="Maple")
    expect(row).to_contain_text("Cyd Lindqvist")
    page.get_by_text("Narrow and order").click()
    page.get_by_label("Whose").select_option(label="claimed by me")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_text("Keep this view").click()
    page.get_by_label("Name of the view").fill("Mine")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("navigation", name="Your views")).to_contain_text("Mine")
    accessible(page)
    fits(page)
    page.get_by_role("button", name=re.compile("^Release TESTPATIENT, Maple")).click()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_an_entry_is_corrected_by_form_then_approved(page: Page) -> None:
    given_the_item_of(page, "Larch")
    page.get_by_role("link", name="Edit entry 3").click()
    accessible(page)
    page.get_by_label("Your name").fill("Ada Nowak")
    page.get_by_label("Priority").select_option("urgent")
    page.get_by_label("Note to the reader").fill("She asked for it herself.")
    page.get_by_role("button", name="Save as a new item").click()
    expect(page.get_by_role("heading", name=re.compile("^Since Ada Nowak"))).to_be_visible()
    accessible(page)
    when_entry_one_is_signed(page, "Ben Okafor")
    expect(page.get_by_text("Ben Okafor signed")).to_be_visible()
    accessible(page)


def test_two_reviewers_race_and_one_is_told(page: Page, browser: Browser, site: str) -> None:
    given_the_item_of(page, "Juniper")
    context = browser.new_context(base_url=site, extra_http_headers=WITH_KEY)
    other = context.new_page()
    other.goto(page.url)
    when_entry_one_is_signed(page, "Ada Nowak")
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt")
    when_entry_one_is_signed(other, "Ben Okafor")
    expect(other.get_by_role("alert")).to_contain_text(
        "This item is closed: it was approved. Nothing was changed by this."
    )
    expect(other.get_by_role("heading", name="This item is closed: approved")).to_be_visible()
    accessible(other)
    context.close()
    page.reload()
    expect(page.get_by_text("Ben Okafor")).to_have_count(0)
    accessible(page)


def test_what_has_expired_while_it_was_read_is_not_signed(page: Page, home: Path) -> None:
    given_the_item_of(page, "Maple")
    item = page.url.rpartition("/")[2]
    with sqlite3.connect(home / "preround.sqlite", timeout=20) as connection:
        connection.execute(
            "UPDATE items SET expires_at = '2020-01-01T00:00:00.000000+00:00' WHERE item_id = ?", (item,)
        )
    connection.close()
    when_entry_one_is_signed(page)
    expect(page.get_by_role("alert")).to_contain_text("This item has expired.")
    expect(page.get_by_role("heading", name="This item is closed: expired")).to_be_visible()
    accessible(page)


def test_a_chart_that_moved_on_leads_to_the_fresh_item(page: Page, site: str) -> None:
    given_the_item_of(page, "Hazel")
    old = page.url
    clinical = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
    allergy = {
        "resourceType": "AllergyIntolerance",
        "patient": {"reference": "Patient/fx-hazel-patient"},
        "code": {"text": "latex"},
        "clinicalStatus": {"coding": [{"system": clinical, "code": "active"}]},
    }
    sent = httpx.post(f"{site}/fhir/AllergyIntolerance", json=allergy, headers=WITH_KEY, timeout=20)
    assert sent.status_code == 201
    when_entry_one_is_signed(page)
    expect(page.get_by_role("alert")).to_contain_text(
        "The chart changed since this was drafted, so nothing was written."
    )
    accessible(page)
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.locator(".who")).to_contain_text("latex")
    assert page.url != old
    accessible(page)


def test_what_is_sent_back_comes_as_a_new_draft(page: Page) -> None:
    given_the_item_of(page, "Fir")
    old = page.url
    page.get_by_label("Your name").fill("Ada Nowak")
    page.get_by_role("radio", name="Send back").check()
    page.get_by_label("In your words").fill("Is the mammography really missing?")
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_role("heading", name=re.compile("^Since Ada Nowak sent back"))).to_be_visible()
    expect(page.get_by_role("heading", name="Decide")).to_be_visible()
    accessible(page)
    page.goto(old)
    expect(page.get_by_text("Is the mammography really missing?")).to_be_visible()
    page.get_by_role("link", name="Open the item that takes its place").click()
    expect(page.get_by_role("heading", name="Decide")).to_be_visible()


def test_the_source_opens_beside_the_text_and_gives_the_focus_back(page: Page) -> None:
    given_the_item_of(page, "Oak")
    link = page.locator(".part .refs a").first
    link.click()
    expect(page.locator("#beside mark#cited")).to_be_in_viewport()
    expect(link).to_be_in_viewport()
    accessible(page)
    page.keyboard.press("Escape")
    expect(page.locator("#beside")).to_be_hidden()
    expect(link).to_be_focused()
