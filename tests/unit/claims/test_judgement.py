"""What is a judgement and no fact says so wherever it is read: on the page and in what is written to the record."""

from __future__ import annotations

from datetime import UTC, datetime

from claims.author import Author
from claims.claim import Claim, Draft, Section
from claims.compose import composition
from claims.page import page

FACT = Claim(id="s1", text="HbA1c 8.1 % (14 May 2021).", kind="fact", salience=2)
JUDGED = Claim(id="s2", text="Control is slipping.", kind="inference", salience=1)
DRAFT = Draft(task="summary", sections=(Section(title="Act on / verify first", claims=(JUDGED, FACT)),))


def test_the_page_labels_a_judgement_and_no_fact() -> None:
    assert page([DRAFT], head=[], foot=[]) == (
        "## Act on / verify first",
        "1. Control is slipping. (judgement)",
        "2. HbA1c 8.1 % (14 May 2021).",
    )


def test_what_is_written_labels_it_too() -> None:
    author = Author(device_name="Preround", version="0", reasoner="scripted", model_name=None, model_revision=None)
    written = composition(
        DRAFT, resource_id="x", patient="Patient/p", as_of=datetime(2026, 1, 1, tzinfo=UTC), author=author
    )
    said = written["section"][0]["text"]["div"]
    assert "<li>Control is slipping. (judgement)</li><li>HbA1c 8.1 % (14 May 2021).</li>" in said
