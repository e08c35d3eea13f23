"""The other things that a model words: answers with citations, additions to suggestions, a draft that was sent back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from agents.plan import Plan
from agents.worded.answering import answering, asked_for, reasoner_on
from preround.doing import deciding, rounds
from store import artifacts, tables
from tests.integration.good_model import drafted, good, last_results, own
from tests.models.rounds import Ward, ward

PERSON = "Ada Nowak"


def texts(found: dict[str, Any], task: str) -> list[str]:
    draft = next(d for d in found["drafts"] if d["task"] == task)
    return [c["text"] for s in draft["sections"] for c in s["claims"]]


async def asked(here: Ward, question: str) -> dict[str, Any]:
    run = await rounds.start(here.house, patient=here.patient, tasks=("question",), as_of=here.now, question=question)
    return rounds.result(here.house, run.run_id)


async def test_a_question_is_answered_with_citations_and_what_is_not_on_record_is_left_out(tmp_path: Path) -> None:
    def answer(prompt: str) -> str:
        one = last_results(prompt)[0]
        true = own(f"The last {one.words} was on {one.day}.", one.fact)
        return json.dumps({"sentences": [true, own("It was 99.9 in 1999.", one.fact)]})

    chat = answering(question=answer)
    async with ward(tmp_path, reasoner_on(chat)) as here:
        found = await asked(here, "What was the last result?")
    assert len(texts(found, "question")) == 1
    claim = found["drafts"][0]["sections"][0]["claims"][0]
    assert claim["citations"], "each sentence opens what it stands on"
    assert claim["kind"] == "fact"
    assert "99.9" in found["drafts"][0]["removed"][0]["text"]
    assert [asked_for(p) for p in chat.prompts] == ["question", "repair"]
    assert "Question: What was the last result?" in chat.prompts[0]


async def test_a_suggestion_is_taken_over_and_an_addition_is_a_judgement(tmp_path: Path) -> None:
    def worded(prompt: str) -> str:
        due = [line.split(" ")[0] for line in prompt.splitlines() if line.startswith("u")]
        one = last_results(prompt)[0]
        why = own("This matters most in the kidneys.", one.fact, kind="inference")
        order = own("Start insulin 10 units today.", one.fact, kind="inference")
        section = {"title": "Due, or never recorded", "sentences": [*({"use": i} for i in due), why, order]}
        return json.dumps({"sections": [section]})

    chat = answering(suggestions=worded, summary=lambda p: json.dumps(good(p)))
    async with ward(tmp_path, reasoner_on(chat)) as here:
        found = await here.round()
    said = texts(found, "suggestions")
    assert len([t for t in said if "·" in t]) == len(found["suggestions"]), "each recommendation stands"
    assert "This matters most in the kidneys." in said
    assert not any("insulin" in t for t in said), "a model proposes nothing of its own"
    assert not any("insulin" in json.dumps(s["action"]) for s in found["suggestions"])


async def test_what_a_reviewer_says_reaches_the_next_draft_and_nothing_is_read_twice(tmp_path: Path) -> None:
    def again(prompt: str) -> str:
        one = last_results(prompt)[0]
        if "Say the last result first." in prompt:
            return json.dumps(drafted(prompt, own(f"{one.words} on {one.day}.", one.fact)))
        return json.dumps(good(prompt))

    chat = answering(summary=again)
    async with ward(tmp_path, reasoner_on(chat)) as here:
        first = await here.round()
        done = await deciding.decide(
            here.house, item_id=first["review_item"], person=PERSON, verb="revise", words="Say the last result first."
        )
        second = rounds.result(here.house, first["run_id"])
    assert done["next_item"] == second["review_item"] != first["review_item"]
    worded = [p for p in chat.prompts if asked_for(p) in ("summary", "comparison", "suggestions")]
    assert ["with these words: Say the last result first." in p for p in worded] == [False] * 3 + [True] * 3
    assert any(t.startswith("The last ") for t in texts(first, "summary"))
    assert not any(t.startswith("The last ") for t in texts(second, "summary"))


@pytest.mark.parametrize(("story", "tainted"), [("hard-chart", True), ("overdue-screening", False)])
async def test_a_plan_that_came_after_a_planted_text_is_marked(tmp_path: Path, story: str, tainted: bool) -> None:
    chat = answering(
        more={"calls": [{"resource_type": "Goal", "reason": "targets"}]}, summary=lambda p: json.dumps(good(p))
    )
    async with ward(tmp_path, reasoner_on(chat), story=story) as here:
        found = await here.round()
        with here.house.services.db.read() as connection:
            shas = connection.execute(
                select(tables.artifacts.c.sha256).where(tables.artifacts.c.kind == "plan")
            ).scalars()
            plans = [Plan.model_validate(artifacts.get_json(connection, sha)) for sha in shas.all()]
    wider = [p for p in plans if any(c.resource_type == "Goal" for c in p.calls)]
    assert [p.tainted for p in wider] == [tainted]
    own_words = [c for d in found["drafts"] for s in d["sections"] for c in s["claims"] if c["id"].startswith("m")]
    assert own_words
    assert all(c["tainted"] == tainted for c in own_words)
    assert found["tier"] >= 3 or not tainted
