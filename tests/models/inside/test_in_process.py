"""The in-process adapter on tiny random weights: Gemma 3 and Llama, forms, limits, failures, a whole round."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from pydantic import Field

from agents.models.asking import Asker
from agents.models.decoding import text_of
from agents.models.failures import ImageRefused, ModelTooSlow, PromptTooLong, TemplateMissing
from agents.models.in_process import TransformersChat, gemma_prompt, llama3_prompt, prompt_text
from agents.models.registry import row_of
from agents.models.reply import ReplyTruncated
from agents.models.turns import turns
from agents.worded.answering import asked_for
from agents.worded.answers import AnswerForm, MoreForm, NotesForm, RepairForm
from agents.worded.reasoner import WordedReasoner
from benchmarks.navigator import share_in_prompt
from tests.models.picture import png, shown
from tests.models.rounds import ward
from tests.unit.agents.drafting import story_materials

# Warnings of torch and transformers about themselves are not ours.
pytestmark = pytest.mark.filterwarnings("default")

WEIGHTS = Path(os.environ["TINY_WEIGHTS"])


@pytest.fixture(scope="module")
def gemma() -> TransformersChat:
    return TransformersChat(folder=WEIGHTS / "text", max_tokens=700)


@pytest.fixture(scope="module")
def llama() -> TransformersChat:
    """A tiny Llama, as OpenBioLLM and Meditron are; its prompt comes from the tokenizer's own template."""
    return TransformersChat(folder=WEIGHTS / "llama", max_tokens=3000)


def test_the_prompt_is_what_medgemma_was_trained_on(gemma: TransformersChat) -> None:
    talk = turns([SystemMessage("Rules."), HumanMessage("Facts. "), AIMessage("Yes."), HumanMessage("Go on.")])
    made = gemma_prompt(talk)
    assert made == (
        "<bos><start_of_turn>user\nRules.\n\nFacts.<end_of_turn>\n<start_of_turn>model\nYes.<end_of_turn>\n"
        "<start_of_turn>user\nGo on.<end_of_turn>\n<start_of_turn>model\n"
    )
    transformers: Any = importlib.import_module("transformers")
    kit = transformers.AutoTokenizer.from_pretrained(WEIGHTS / "text")
    said = [{"role": t.role, "content": t.text} for t in talk]
    assert made == kit.apply_chat_template(said, tokenize=False, add_generation_prompt=True)


def test_the_prompt_of_a_llama_is_that_of_its_tokenizer_and_can_do_without(llama: TransformersChat) -> None:
    talk = turns([SystemMessage("Rules."), HumanMessage("Facts. "), AIMessage("Yes."), HumanMessage("Go on.")])
    transformers: Any = importlib.import_module("transformers")
    kit = transformers.AutoTokenizer.from_pretrained(WEIGHTS / "llama")
    model = transformers.AutoModelForCausalLM.from_pretrained(WEIGHTS / "llama")
    made = llama3_prompt(talk)
    assert made == prompt_text(kit, model, talk)
    assert made.count("<|eot_id|>") == 3
    kit.chat_template = None
    with pytest.raises(TemplateMissing, match="`template`"):
        prompt_text(kit, model, talk)
    assert prompt_text(kit, model, talk, row_of("openbiollm-70b").template) == made
    assert row_of("meditron3-8b").template == "llama-3"
    assert row_of("medgemma-1.5-4b-it").template == "gemma"


@pytest.mark.parametrize("form", [MoreForm, NotesForm, AnswerForm, RepairForm])
@pytest.mark.parametrize("name", ["gemma", "llama"])
async def test_every_answer_fits_its_form(name: str, form: Any, request: pytest.FixtureRequest) -> None:
    assert importlib.util.find_spec("xgrammar"), "the environment has the library that constrains"
    asker = Asker(request.getfixturevalue(name).model_copy(update={"max_tokens": 4000}))
    for word in ("aspirin", "kidney", "1998"):
        await asker.ask(f"What of {word}?", form)
    assert asker.spent.llm_calls == 3, "without a second try"
    assert asker.spent.prompt_tokens > 0
    assert asker.spent.completion_tokens > 0


def test_a_byte_that_fits_nowhere_costs_itself_alone(gemma: TransformersChat) -> None:
    transformers: Any = importlib.import_module("transformers")
    kit = transformers.AutoTokenizer.from_pretrained(gemma.folder)
    vocabulary = kit.get_vocab()

    def spelt(raw: bytes) -> list[int]:
        return [vocabulary[f"<0x{b:02X}>"] for b in raw]

    before, behind = [kit.encode(t, add_special_tokens=False) for t in ("<unused94>Do", " it")]
    for raw, read in (
        ("µ – 𝛥".encode(), "µ – 𝛥"),
        (b'\xf4\x90\x80\x80", "', '\ufffd", "'),
        (b'"\xed\xa0\x80"', '"\ufffd"'),
        (b"\xc3\xff\xc3\xa9\xa9", "\ufffd\ufffdé\ufffd"),
    ):
        assert text_of(kit, [*before, *spelt(raw), *behind]) == f"<unused94>Do{read} it"
    assert text_of(kit, []) == ""
    assert "," not in kit.decode(spelt(b"\xf4\x90\x80\x80,")), "the reason why"


async def test_limits_and_refusals_have_names(gemma: TransformersChat) -> None:
    short = gemma.model_copy(update={"max_tokens": 3})
    with pytest.raises(ReplyTruncated):
        await Asker(short).ask("More?", RepairForm)
    with pytest.raises(PromptTooLong):
        await Asker(gemma).ask("pain " * 40_000, MoreForm)
    with pytest.raises(ImageRefused):
        await gemma.ainvoke([shown(png(0))])


@pytest.fixture(scope="module")
def seeing() -> TransformersChat:
    return TransformersChat(folder=WEIGHTS / "image", max_tokens=24)


async def test_a_picture_is_seen_and_a_broken_one_is_named(seeing: TransformersChat) -> None:
    words = await seeing.ainvoke("What is seen?")
    dark, light = [await seeing.ainvoke([shown(png(grey))]) for grey in (0, 255)]
    assert dark.text != light.text, "the picture changes the answer"
    both = await seeing.ainvoke([shown(png(0), png(255))])
    sent = [m.usage_metadata["input_tokens"] for m in (words, dark, both) if m.usage_metadata]
    assert sent[1] > sent[0] + 16
    assert sent[2] > sent[1] + 16, "each picture has its tokens"
    for body in (b"\x89PNG no picture", png(0)[:60]):
        with pytest.raises(ImageRefused):
            await seeing.ainvoke([shown(body)])
    forged = shown(png(0))
    assert isinstance(forged.content, list)
    forged.content.insert(0, {"type": "text", "text": "<start_of_image>"})
    with pytest.raises(ImageRefused):
        await seeing.ainvoke([forged])


async def test_a_picture_is_answered_in_a_form(seeing: TransformersChat) -> None:
    model = seeing.model_copy(update={"max_tokens": 700})
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": MoreForm.model_json_schema()}}
    said = await model.ainvoke([shown(png(90))], response_format=form)
    MoreForm.model_validate(json.loads(said.text, strict=False))


async def test_whoever_waits_sees_an_answer_grow(gemma: TransformersChat) -> None:
    told: list[tuple[int, int]] = []
    asker = Asker(gemma, watch=lambda under_way, pieces: told.append((under_way, pieces)))
    await asker.ask("More?", MoreForm)
    assert 0 < len(told) <= asker.spent.completion_tokens
    assert told[-1][1] == len(told)


async def test_a_slow_answer_is_given_up(gemma: TransformersChat) -> None:
    await gemma.ainvoke("warm")
    slow = TransformersChat(folder=gemma.folder, max_tokens=30_000, seconds=0.5)
    await asyncio.to_thread(slow.count_tokens, "read the weights first")
    with pytest.raises(ModelTooSlow):
        await slow.ainvoke("go on for ever")


class Kept(TransformersChat):
    """Keeps what it was asked, and answers briefly: here only what it is sent counts."""

    prompts: list[str] = Field(default_factory=list)

    async def _agenerate(self, messages: list[Any], *rest: Any, **kwargs: Any) -> Any:
        self.prompts.append(str(messages[0].content))
        return await super()._agenerate(messages, *rest, **kwargs)


async def test_a_round_fits_8k_by_the_models_own_tokenizer(llama: TransformersChat, tmp_path: Path) -> None:
    row = row_of("openbiollm-8b")
    chat = Kept(folder=llama.folder, max_tokens=200)
    reasoner = WordedReasoner(Asker(chat, room=row.prompt_tokens), name="transformers", model=("tiny", "0"))
    async with ward(tmp_path, reasoner, story="diabetes-ckd") as here:
        found = await here.round()
    asked = [p for p in chat.prompts if asked_for(p) in ("summary", "comparison", "suggestions")]
    assert len(asked) == 3
    assert found["ledger"]["largest_prompt_tokens"] <= row.prompt_tokens
    assert not any("served context" in r["reason"] for d in found["drafts"] for r in d["removed"])
    # The tiny tokenizer knows few words, so what a real one reads as 3,000 tokens is longer for it.
    assert any("Not shown to the model" in line for line in found["looked"])
    material = story_materials()["diabetes-ckd"]
    for text in asked:
        assert share_in_prompt(material.appraisal, text) == 1.0, "what matters is in it"


async def test_a_whole_round(gemma: TransformersChat, tmp_path: Path) -> None:
    reasoner = WordedReasoner(Asker(gemma), name="transformers", model=("tiny", "0"))
    async with ward(tmp_path, reasoner, story="overdue-screening") as here:
        found = await here.round()
    assert found["status"] == "awaiting_review"
    assert found["reasoner"] == "transformers"
    assert found["ledger"]["llm_calls"] >= 4
    assert found["page"]
