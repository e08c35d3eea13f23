"""A whole story leaves nothing of the patient in an address, a Referer, a title, the browser's store or the log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from tests.browser.conftest import served
from tests.browser.ward import Patient, drafted_for, patient

pytestmark = pytest.mark.browser

MARKED = {
    "Testpatient": "Zqxfamily",
    "TESTPATIENT": "Zqxfamily",
    "Delta": "Zqxgiven",
    "FX-0005": "Zqx-mrn-5",
    "Example, Alder": "Zqxdoctor, Zqxalder",
    "Twisted ankle": "Zqxwhy ankle",
    "Sprain of the left ankle": "Zqxproblem of the left ankle",
    "fracture": "zqxfracture",
    "fx-screening-": "fx-somebody-",
}
"""Words of the story and what takes their place, so that one search finds any of them."""
TITLE = "title: "
THEIRS = re.compile(r"zqx|1974-?01-?19|19(th)? (of )?jan|ankle|sprain|acetaminophen|mammogra|colorectal|tetanus", re.I)
"""The marks, the date of birth, and words of the chart that nothing of the program's own addresses and events has."""


def somebody() -> Patient:
    """The story with its marks."""
    one = patient("overdue-screening")
    text = one.bundle.decode()
    for word, mark in MARKED.items():
        text = text.replace(word, mark)
    assert text.count("zqx") + text.count("Zqx") > 8
    assert "1974-01-19" in text
    return Patient(patient_id="fx-somebody-patient", bundle=text.encode(), as_of=one.as_of)


@dataclass(frozen=True, slots=True)
class Left:
    """What a story leaves behind, by channel."""

    log: Path
    requests: list[Request] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    stores: list[str] = field(default_factory=list)

    def note(self, page: Page) -> None:
        """Take what a page's site keeps in the browser."""
        self.stores.append(json.dumps(page.context.storage_state()))

    def heard(self, message: ConsoleMessage) -> None:
        """Take a page's title, as a history keeps it, from the page: the driver may be at the next one."""
        if message.text.startswith(TITLE):
            self.titles.append(message.text.removeprefix(TITLE))

    def channels(self) -> Mapping[str, str]:
        """All of it."""
        headers = [one.all_headers() for one in self.requests]
        return {
            "addresses": "\n".join(one.url for one in self.requests),
            "referers": "\n".join(one.get("referer", "") for one in headers),
            "titles": "\n".join(self.titles),
            "stores": "\n".join(self.stores),
            "log": self.log.read_text(encoding="utf-8"),
        }

    def leaks(self) -> set[str]:
        """The channels that hold something of the patient."""
        return {name for name, text in self.channels().items() if THEIRS.search(text)}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the server's log goes."""
    return tmp_path / "log"


@pytest.fixture
def site(browser: Browser, tmp_path: Path, log: Path) -> Iterator[str]:
    """`preround serve` in a process of its own, with everything that it can log, as JSON."""
    home = tmp_path / "home"
    home.mkdir()
    drafted_for(home, somebody())
    with served(home, log, "serve", PREROUND_LOG="json", PREROUND_LOG_LEVEL="debug") as found:
        yield found


@pytest.fixture
def left(page: Page, log: Path) -> Left:
    """What the story leaves behind."""
    found = Left(log)
    page.on("request", lambda one: found.requests.append(one))
    page.on("load", lambda one: found.note(one))
    page.on("console", lambda one: found.heard(one))
    page.add_init_script(f"addEventListener('load', () => console.debug('{TITLE}' + document.title))")
    return found


def when_it_is_triaged(page: Page) -> None:
    page.goto("/")
    page.get_by_text("Narrow and order").click()
    page.get_by_label("What", exact=True).select_option("suggestions")
    page.get_by_label("Whose").select_option(label="claimed by nobody")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Your name").last.fill("Cyd Lindqvist")
    page.get_by_role("button", name=re.compile("^Claim ZQXFAMILY", re.I)).click()
    page.get_by_role("link", name="Show all that waits", exact=True).click()


def when_the_sources_are_read(page: Page) -> None:
    page.get_by_role("link", name=re.compile("^ZQXFAMILY", re.I)).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Zqxgiven", re.I))
    there = page.url
    page.locator(".refs a").first.click()
    expect(page.locator("#beside mark#cited")).to_be_visible()
    # Each kind of link that leads to a source, whole pages of their own.
    kinds = (".changed .refs a", ".who .refs a", ".timeline td a", ".sources a", ".trend td a", ".how a")
    for href in {page.locator(kind).first.get_attribute("href") for kind in kinds if page.locator(kind).count()}:
        page.goto(f"{href}")
        expect(page.locator(".identity")).to_contain_text("Zqxgiven")
    page.goto(f"{there}/author")
    page.goto(there)


def when_it_is_edited_and_signed(page: Page) -> None:
    page.get_by_role("link", name=re.compile("^Edit entry")).last.click()
    page.get_by_label("Your name").fill("Ada Nowak")
    page.get_by_label("Note to the reader").fill("Her ankle is well, says Zqxgiven.")
    page.get_by_role("button", name="Save as a new item").click()
    expect(page.get_by_role("heading", name=re.compile("^Since Ada Nowak"))).to_be_visible()
    page.get_by_label("Your name").fill("Ben Okafor")
    page.get_by_role("radio", name="Approve only the entries ticked").check()
    page.get_by_role("checkbox", name=re.compile("^1\\.")).check()
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt")


def when_it_is_taken_back_and_refused(page: Page) -> None:
    page.get_by_role("link", name=re.compile("^Composition")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Composition, as the server has it now")
    page.go_back()
    page.get_by_role("button", name=re.compile(r"^Propose to take entry \d+ back")).click()
    page.get_by_label("Your name").fill("Ada Nowak")
    page.get_by_role("radio", name="Reject").check()
    page.get_by_label("Reason for the rejection").select_option("unsafe")
    page.get_by_label("In your words").fill("Zqxgiven was hurt.")
    # A mistake first: the page that says so has the words in it.
    page.get_by_label("Your name").fill("")
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Your name").fill("Ada Nowak")
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_role("heading", name="This item is closed: rejected")).to_be_visible()


def test_a_whole_story_leaves_nothing_of_the_patient(page: Page, left: Left) -> None:
    when_it_is_triaged(page)
    when_the_sources_are_read(page)
    when_it_is_edited_and_signed(page)
    when_it_is_taken_back_and_refused(page)
    for there in ("/quality", "/rollout", "/incidents", "/switches", "/queue/next", "/?status=all", "/nothing-here"):
        page.goto(there)
    events = [json.loads(line)["event"] for line in left.log.read_text(encoding="utf-8").splitlines()]
    assert {"round", "node", "fhir"} <= set(events), "the log was written"
    assert len(left.requests) > 60
    assert len(left.titles) > 25
    assert left.leaks() == set()
    then_a_leak_would_be_seen(page, left)


def then_a_leak_would_be_seen(page: Page, left: Left) -> None:
    """Each channel in its turn is made to leak."""
    page.goto("/?tier=Zqxgiven")
    assert left.leaks() == {"addresses"}
    left.requests.clear()
    page.goto("/", referer=f"{page.url.partition('?')[0]}items?born=1974-01-19")
    assert left.leaks() == {"referers"}
    left.requests.clear()
    with page.expect_console_message():
        page.evaluate("document.title = 'Sprain of the left side'; dispatchEvent(new Event('load'))")
    page.evaluate("localStorage.setItem('last', 'mammography')")
    left.note(page)
    assert left.leaks() == {"titles", "stores"}
    with left.log.open("a", encoding="utf-8") as log:
        log.write('{"event":"said","words":"zqx-mrn-5"}\n')
    assert left.leaks() == {"titles", "stores", "log"}
