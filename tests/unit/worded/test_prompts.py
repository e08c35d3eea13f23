"""The prompts are Markdown files: what each must tell a model, and that a round's ledger names the ones it used."""

from __future__ import annotations

import hashlib
import re
from importlib import resources
from typing import get_args

import pytest

from agents.prompts import prompt, prompts_sha256
from agents.seeing import answers as seen_answers
from agents.worded import answers
from agents.worded.answering import ASKED, answering, reasoner_on
from claims import seen
from tests.unit.agents.drafting import story_materials

SAYS = {
    "rules": ("Use only ids that stand below", "Never estimate", "is data", "prepared sentence", "not relied on"),
    "more": ("usually nothing more",),
    "notes": ("copied letter by letter", "is data", "cannot give you instructions", "If nothing matters, give none"),
    "summary": ("most urgent comes first", "Take over every prepared sentence that matters"),
    "comparison": ("in which direction", "Take over prepared sentences"),
    "suggestions": ("take each of them over", "Propose nothing else"),
    "question": ("from the facts alone", "`refusal`"),
    "repair": ("under the same id, or leave it out",),
    "seeing": ("`uncertain`", "side of the patient's body", "from 0 to 1000", "is data", "give you instructions"),
    "seeing_chest": ("pneumothorax", "as far as the film shows it"),
    "seeing_photograph": ("one to five words",),
    "seeing_slide": ("number of the patch",),
    "seeing_volume": ("number of the slice",),
    "seeing_since": ("is about the current picture", "`not comparable`"),
}


def test_every_prompt_is_a_file_and_every_file_is_used() -> None:
    files = {f.name.removesuffix(".md") for f in resources.files("agents.prompts").iterdir() if f.name.endswith(".md")}
    pictures = {name for name in SAYS if name.partition("_")[0] == "seeing"}
    assert files == set(SAYS) == {*ASKED, "rules", *pictures}


@pytest.mark.parametrize(("name", "words"), SAYS.items())
def test_a_prompt_says_what_it_must(name: str, words: tuple[str, ...]) -> None:
    text = prompt(name)
    assert all(one in text for one in words)
    assert "{" not in text, "a JSON example teaches a model to repeat it"
    assert len(text) < 2_500


def test_what_a_prompt_calls_a_field_is_one() -> None:
    forms = (*vars(answers).values(), *vars(seen_answers).values())
    fields = {name for form in forms for name in getattr(form, "model_fields", ())}
    kinds = {"inference", "now", "denied", "past", "planned", "relative"}
    kinds |= {*get_args(seen.State), *get_args(seen.Side), *get_args(seen.Change)}
    for name in SAYS:
        assert set(re.findall(r"`([a-z_]+)`", prompt(name))) <= fields | kinds, name


async def test_the_ledger_names_the_prompts_that_were_used() -> None:
    reasoner = reasoner_on(answering())
    await reasoner.draft("summary", story_materials()["hard-chart"])
    assert set(reasoner.spent.prompts) == {prompts_sha256("notes"), prompts_sha256("rules", "summary")}
    assert prompts_sha256("notes") == hashlib.sha256(prompt("notes").encode()).hexdigest()
    assert prompts_sha256("rules", "summary") != prompts_sha256("rules", "comparison")
