"""A small context: a round fits by folding, what matters stays in, and what was folded is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.models.asking import about_tokens
from agents.models.registry import row_of
from agents.reasoner import Brief, Material
from agents.worded.answering import answering, asked_for, reasoner_on
from benchmarks.navigator import share_in_prompt
from tests.unit.agents.drafting import chart_materials, story_materials

TASKS = ("summary", "comparison", "suggestions")


def charts() -> dict[str, Material]:
    return {**story_materials(), **chart_materials()}


async def drafted(material: Material, room: int) -> tuple[list[str], tuple[str, ...], list[str]]:
    """Prompts, notice and what was said to be removed of a round's drafts."""
    chat = answering()
    reasoner = reasoner_on(chat, room=room)
    drafts = [await reasoner.draft(task, material) for task in material.brief.tasks]
    return chat.prompts, drafts[0].notice, [r.reason for d in drafts for r in d.removed]


async def test_a_round_of_every_chart_fits_openbiollm_8b_with_what_matters() -> None:
    room = row_of("openbiollm-8b").prompt_tokens
    folded = 0
    for name, material in charts().items():
        prompts, notice, removed = await drafted(material, room)
        assert removed == [], name
        for text in prompts:
            assert about_tokens(text) <= room, (name, asked_for(text))
            if asked_for(text) in TASKS:
                assert share_in_prompt(material.appraisal, text) == 1.0, name
        shown = {t: next(p for p in prompts if asked_for(p) == t) for t in TASKS}
        assert len({p.rpartition("\n\nTask:")[0] for p in shown.values()}) == 1, "one beginning, for the prefix cache"
        if any("of a measurement" in line for line in notice):
            folded += 1
    assert folded >= 3, "some of them needed it, and it was said"


async def test_what_was_folded_is_said_and_nothing_is_where_all_fits() -> None:
    material = story_materials()["diabetes-ckd"]
    _, wide, _ = await drafted(material, 24_000)
    assert wide == ("Not shown to the model, for want of room: 13 earlier notes.",)
    prompts, narrow, _ = await drafted(material, 1_600)
    assert "more than the last value of a measurement (usually 6), more than the last visit" in narrow[0]
    assert "prepared sentences" in narrow[0]
    assert all(about_tokens(p) <= 1_600 for p in prompts)


async def test_a_context_that_is_too_small_for_what_matters_is_said_and_the_rules_draft_stands() -> None:
    material = story_materials()["diabetes-ckd"]
    prompts, _, removed = await drafted(material, 900)
    assert [asked_for(p) for p in prompts] == ["notes"]
    assert all("needs" in r and "--max-model-len" in r for r in removed)
    assert len(removed) == len(TASKS)


@pytest.mark.parametrize("room", [24_000, 6_144, 3_000])
async def test_a_question_shows_the_series_that_it_names_longest(room: int) -> None:
    material = story_materials()["diabetes-ckd"]
    brief = Brief(tasks=("question",), question="How has the HbA1c changed?")
    prompts, _, _ = await drafted(replace(material, brief=brief), room)
    assert len(prompts) == 1
    assert about_tokens(prompts[0]) <= room
    asked = next(line for line in prompts[0].splitlines() if line.startswith("HbA1c ["))
    other = next(line for line in prompts[0].splitlines() if line.startswith("potassium ["))
    assert asked.count(", ") > other.count(", ")


async def test_one_chart_asked_for_a_page_and_for_an_answer_is_not_mixed_up() -> None:
    material = story_materials()["hard-chart"]
    chat = answering()
    reasoner = reasoner_on(chat)
    await reasoner.draft("summary", material)
    asked = replace(material, brief=Brief(tasks=("question",), question="Which medicines?"))
    await reasoner.draft("question", asked)
    assert "[note " in chat.prompts[-1], "an answer is drafted with the notes at hand"
    assert "[note " not in next(p for p in chat.prompts if asked_for(p) == "summary")
