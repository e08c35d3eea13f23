"""A chart's own markup on a source's page: its words and tables, and nothing that could act."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from chart.sensitive import sensitive_classes
from preround.web.narrative import LARGEST, TAGS, Narrative, cleaned
from preround.web.narrative import narratives_of as narratives_under
from tests.browser.hostile import PAYLOADS
from tests.integration.web.visitor import markup_of, post, waiting

CLASSES = sensitive_classes(None)
XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">'


class Reader(HTMLParser):
    """Every tag and attribute of a fragment."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)


def narratives_of(resource: dict[str, Any]) -> tuple[Narrative, ...]:
    return narratives_under(resource, CLASSES)


def read(markup: str) -> Reader:
    found = Reader()
    found.feed(str(cleaned(markup)))
    return found


def test_two_hundred_scripts_leave_no_tag_or_attribute_that_acts() -> None:
    for payload in (*PAYLOADS, *(f'{XHTML}<table><tr><td title="x" {one}</td></tr></table></div>' for one in PAYLOADS)):
        found = read(payload)
        assert found.tags <= TAGS, payload
        assert found.attributes == set(), payload
        assert markup_of(str(cleaned(payload))) <= {"tag", "attribute"}


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="https://elsewhere.example/">word</a>',
        '<p style="background:url(https://elsewhere.example/x)" class="x" id="main" lang="en">word</p>',
        '<img src="https://elsewhere.example/x.png" alt="y">word',
        '<svg><a xlink:href="https://elsewhere.example/">y</a></svg><b>word</b>',
        '<style>@import "https://elsewhere.example/x";</style><i>word</i>',
        '<form action="https://elsewhere.example/"><button>word</button></form>',
    ],
)
def test_nothing_leads_elsewhere_and_the_words_stay(markup: str) -> None:
    found = cleaned(XHTML + markup + "</div>")
    assert found is not None
    assert "elsewhere" not in found
    assert " x" not in found
    assert found.striptags() == "word"


def test_tables_keep_their_shape_and_headings_are_not_the_pages() -> None:
    found = str(
        cleaned('<h2 id="main">Labs &lt;h1&gt;</h2><table><tr><th colspan="2" onclick="x()">K</th></tr></table>')
    )
    assert '<div class="heading">Labs &lt;h1&gt;</div>' in found
    assert '<th colspan="2">K</th>' in found
    assert "colspan" not in str(cleaned('<table><tr><td colspan="9999999">K</td></tr></table>'))


def test_what_would_take_seconds_is_not_cleaned() -> None:
    assert cleaned("x" * (LARGEST + 1)) is None
    began = time.process_time()
    assert cleaned("<div>" * 40_000) is None
    assert cleaned("<div>" * 10_000) is not None
    assert time.process_time() - began < 2
    assert narratives_of({"text": {"div": XHTML + "x" * LARGEST + "</div>"}})[0].markup is None


def note(content_type: str, text: str) -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    attachment = {"contentType": content_type, "data": data}
    return {
        "resourceType": "DocumentReference",
        "id": "n",
        "status": "current",
        "content": [{"attachment": attachment}],
    }


def test_sections_and_html_notes_are_shown_and_plain_ones_are_not_markup() -> None:
    section = {
        "title": "Plan",
        "text": {"div": f"{XHTML}<p>Rest</p></div>"},
        "section": [{"text": {"div": "<p>x</p>"}}],
    }
    found = narratives_of({"resourceType": "Composition", "text": {"div": f"{XHTML} </div>"}, "section": [section]})
    assert [(one.title, str(one.markup)) for one in found] == [
        ("Plan", "<div><p>Rest</p></div>"),
        ("Section", "<p>x</p>"),
    ]
    html = narratives_of(note("text/html", "<body><p>Seen <b>today</b></p></body>"))
    assert [str(one.markup) for one in html] == ["<p>Seen <b>today</b></p>"]
    assert narratives_of(note("text/plain", "Seen today, sodium < 135 and > 120")) == ()
    assert narratives_of(note("image/png", "x")) == ()
    assert narratives_of({"text": "what is no narrative", "section": "nor this"}) == ()


def test_what_policy_keeps_back_is_not_told_by_a_narrative() -> None:
    words = f"{XHTML}<p>Seen for <b>HIV</b> infection and asthma</p></div>"
    resource = {"resourceType": "Encounter", "text": {"div": words}}
    assert narratives_of(resource)[0].markup, "as it comes, only what is labelled is kept back"
    strict = tuple(replace(one, by_words="mask") for one in CLASSES)
    (found,) = narratives_under(resource, strict)
    assert (found.markup, found.why) == (None, "It is masked: HIV.")


async def test_what_was_written_is_shown_as_it_is_laid_out(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    done = await post(web, item, choice="approve_some", entries="1")
    assert done.status_code == 303
    page = (await web.get(f"/items/{item}/receipt/1")).text
    assert '<div class="laid-out" tabindex="0" role="group" aria-labelledby="narrative-1"><div><ul><li>' in page
    assert "characters of markup" in page
    assert markup_of(page) <= {"tag", "attribute"}
