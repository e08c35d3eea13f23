"""Whole rounds on a real vLLM, random weights: forms hold, the verifier refuses, the cache serves, rounds resume."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from agents.models.asking import Asker
from agents.models.endpoint import allowed
from agents.models.failures import ImageRefused, ModelTooSlow, PromptTooLong
from agents.models.registry import ModelRow, row_of
from agents.models.serving import compared, listed
from agents.models.vllm import VllmChat
from agents.models.wire import Patience
from agents.prompts import prompt
from agents.worded.answering import ASKED
from agents.worded.answers import AnswerForm, DraftForm, MoreForm, NotesForm, RepairForm
from agents.worded.reasoner import WordedReasoner
from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from tests.depth import depth
from tests.models import command
from tests.models.picture import png, shown
from tests.models.random_chat import RandomChat
from tests.models.rounds import ward
from tests.models.server import CONTEXT, NAME, REVISION, VllmServer

pytestmark = [pytest.mark.vllm, pytest.mark.models, pytest.mark.xdist_group("vllm")]

SEEDS = depth("SEEDS", 100)
"""Answers of each form; `TEST_SEEDS` in the environment sets it."""
TRIES = 8
"""Rounds in which random weights have to say at least one sentence of their own; about every second one does."""


def chat(server: VllmServer, **options: Any) -> RandomChat:
    return RandomChat(endpoint=allowed(server.url), served=NAME, **{"max_tokens": 3000, **options})


def reasoner(model: VllmChat) -> WordedReasoner:
    return WordedReasoner(Asker(model), name="vllm", model=(NAME, REVISION))


async def test_the_second_and_third_draft_come_from_the_prefix_cache(vllm: VllmServer, tmp_path: Path) -> None:
    hits, queries = (f"vllm:prefix_cache_{n}_total" for n in ("hits", "queries"))
    before = {n: vllm.metric(n) for n in (hits, queries)}
    vllm.forget()
    model = chat(vllm, heat=0)
    async with ward(tmp_path, reasoner(model), story="hard-chart") as here:
        found = await here.round()
    after = {n: vllm.metric(n) for n in (hits, queries)}

    cost = [(text, *cost_of(message)) for text, message in model.heard]
    sent, cached = sum(c[1] for c in cost), sum(c[2] for c in cost)
    assert after[queries] - before[queries] == sent, "what each call says adds up to what the server counts"
    assert after[hits] - before[hits] == cached == found["ledger"]["cached_prompt_tokens"]

    tasks = [prompt(t) for t in ("summary", "comparison", "suggestions")]
    # The answers come in any order; the one prompt that was sent before the others had nothing to find.
    first, *others = sorted(cached / sent for text, sent, cached in cost if any(t in text for t in tasks))
    assert first < 0.3, "the first one was read cold"
    assert len(others) == 2
    assert min(others) >= 0.6, others
    assert found["ledger"]["largest_prompt_tokens"] <= 16_000


def cost_of(message: AIMessage) -> tuple[int, int]:
    """Prompt tokens, and how many of them the server had."""
    usage = message.usage_metadata
    assert usage is not None
    return usage["input_tokens"], usage["input_token_details"].get("cache_read") or 0


async def test_a_round_of_random_words_is_refused_sentence_by_sentence(vllm: VllmServer, tmp_path: Path) -> None:
    reasons: list[str] = []
    for seed in range(TRIES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        model = chat(vllm, seed=seed, heat=2.0)
        async with ward(folder, reasoner(model)) as here:
            found = await here.round()
        assert found["status"] == "awaiting_review"
        assert found["reasoner"] == "vllm"
        assert found["model"] == {"name": NAME, "revision": REVISION}
        assert found["page"], "code's own sentences stand"
        asked = [next(n for n in ASKED if prompt(n).partition("\n")[0] in text) for text, _ in model.heard]
        assert {"more", "notes", "summary", "comparison", "suggestions"} <= set(asked), "every kind of call was made"
        drafted = [s for text, m in model.heard if "Task: mend" not in text for s in sentences(m.text)]
        removed = [r for d in found["drafts"] for r in d["removed"]]
        kept = {c["text"] for d in found["drafts"] for s in d["sections"] for c in s["claims"]}
        assert not kept & {" ".join(s.get("text", "").split()) for s in drafted}, "nothing made up stands"
        assert bool(drafted) <= bool(removed), "what was made up is named as removed"
        reasons += [r["reason"] for r in removed]
    assert reasons, "random weights said something in one of the rounds"
    assert all(reasons)


def sentences(said: str) -> list[dict[str, Any]]:
    """The sentences of a draft that its model made up; those of an answer that was cut short are none."""
    try:
        sections = json.loads(said).get("sections", [])
    except ValueError:
        return []
    return [s for section in sections for s in section["sentences"]]


@pytest.mark.parametrize("form", [MoreForm, NotesForm, AnswerForm, RepairForm, DraftForm])
async def test_every_answer_fits_its_form_whatever_the_seed(vllm: VllmServer, form: Any) -> None:
    """Every call of the reasoner: what else to read, the notes, an answer, the mending, a draft."""
    asked = f"{prompt('rules')}\n\n{prompt('summary')}"

    async def ask(seed: int) -> tuple[int, str]:
        model = chat(vllm, seed=seed, max_tokens=8000, patience=Patience(seconds=300))
        asker = Asker(model)
        await asker.ask(asked, form)
        assert model.heard[0][1].response_metadata["finish_reason"] == "stop"
        return asker.spent.llm_calls, model.heard[0][1].text

    # As many at once as the server takes side by side.
    at_once = asyncio.Semaphore(4)

    async def bounded(seed: int) -> tuple[int, str]:
        async with at_once:
            return await ask(seed)

    heard = await asyncio.gather(*(bounded(seed) for seed in range(SEEDS)))
    assert [calls for calls, _ in heard] == [1] * SEEDS, "without a second try"
    assert len({text for _, text in heard}) > 1, "the seeds drew different lots"


async def test_an_over_long_prompt_has_a_name(vllm: VllmServer) -> None:
    model = chat(vllm)
    words = "pain " * CONTEXT
    assert model.count_tokens(words) > CONTEXT
    with pytest.raises(PromptTooLong):
        await Asker(model).ask(words, MoreForm)


async def test_a_picture_is_seen_and_a_broken_one_is_named(vllm: VllmServer) -> None:
    model = chat(vllm, heat=0, max_tokens=24)
    dark, light = [(await model.ainvoke([shown(png(grey))])) for grey in (0, 255)]
    assert cost_of(dark)[0] > 16
    assert dark.text != light.text, "the picture changes the answer"
    with pytest.raises(ImageRefused):
        await model.ainvoke([shown(b"\x89PNG no picture")])


async def test_tokens_are_counted_as_the_server_counts(vllm: VllmServer) -> None:
    model = chat(vllm, max_tokens=1)
    text = "HbA1c 8.1 % on 2021-03-04; metformin 1 g twice a day."
    answer = await model.ainvoke(text)
    around = await model.ainvoke("")
    assert answer.usage_metadata
    assert around.usage_metadata
    assert answer.usage_metadata["input_tokens"] - around.usage_metadata["input_tokens"] == model.count_tokens(text)


def test_the_pin_is_held_against_what_is_served(vllm: VllmServer) -> None:
    row = row_of("medgemma-4b-it")
    tiny = ModelRow.model_validate({**row.model_dump(), "name": NAME, "served": NAME, "served_context": CONTEXT})
    models = listed(allowed(vllm.url))
    assert compared(row, models).state == "not served"
    assert compared(tiny, models).context == CONTEXT
    assert compared(tiny.model_copy(update={"revision": REVISION}), models).state == "served"
    assert compared(tiny.model_copy(update={"revision": "fedcba9876543210"}), models).state == "differs"


def preround(home: Path, server: VllmServer, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The program on this server."""
    rows = home / "models.toml"
    rows.write_text(
        f'[[model]]\nname = "{NAME}"\nbase = "medgemma-4b-it"\nrepository = "none"\nanswer_tokens = 600\n'
        f"served_context = {CONTEXT}\n"
    )
    ours = {
        "PREROUND_MODELS": str(rows),
        "PREROUND_MODEL": NAME,
        "PREROUND_MODEL_URL": server.url,
        "PREROUND_MODEL_REVISION": REVISION,
    }
    return command.preround(home, *words, **{**ours, **settings})


@pytest.fixture
def home(tmp_path: Path, vllm: VllmServer) -> Path:
    bundle = tmp_path / "story.json"
    bundle.write_bytes(compiled())
    assert preround(tmp_path, vllm, "load", str(bundle)).returncode == 0
    return tmp_path


def compiled() -> bytes:
    return compile_story(PATIENTS / "diabetes-ckd.yaml")


RUN = ("run", "fx-dm-ckd-patient", "--json", "-")


def test_doctor_and_models_say_what_is_served(vllm: VllmServer, home: Path) -> None:
    good = preround(home, vllm, "doctor")
    assert f"ok   model: {NAME} is served at the pinned revision {REVISION}" in good.stdout
    other = preround(home, vllm, "doctor", PREROUND_MODEL_REVISION="fedcba9876543210")
    assert other.returncode == 5
    assert f"FAIL model: {NAME} is served at revision {REVISION}, the pin says fedcba9876543210" in other.stdout
    rows = json.loads(preround(home, vllm, "models", "--json", "-").stdout)
    states = {r["name"]: r["serving"]["state"] for r in rows}
    assert states[NAME] == "served"
    assert states["medgemma-27b-text-it"] == "not served"


def test_a_slow_server_is_said(vllm: VllmServer, home: Path) -> None:
    slow = _while_it_stands_still(vllm, home)
    assert slow.returncode == 5
    assert "did not answer within 3 s" in slow.stderr


def test_a_round_whose_model_was_away_is_resumed(vllm: VllmServer, home: Path) -> None:
    _while_it_stands_still(vllm, home)
    done = preround(home, vllm, "resume", "--json", "-")
    assert done.returncode == 0, done.stderr
    rounds = json.loads(done.stdout)
    assert [r["status"] for r in rounds] == ["awaiting_review"], "the round goes on where it stopped"
    assert rounds[0]["model"]["name"] == NAME


def test_a_killed_server_is_said_and_serves_again_when_it_is_back(vllm: VllmServer, home: Path) -> None:
    vllm.kill()
    try:
        gone = preround(home, vllm, *RUN)
    finally:
        vllm.start()
    assert gone.returncode == 5
    assert "The model server cannot be connected to" in gone.stderr
    assert json.loads(gone.stdout)["resourceType"] == "OperationOutcome"
    back = preround(home, vllm, *RUN)
    assert back.returncode == 0, back.stderr
    assert json.loads(back.stdout)["status"] == "awaiting_review"


def _while_it_stands_still(vllm: VllmServer, home: Path) -> subprocess.CompletedProcess[str]:
    vllm.signal(signal.SIGSTOP)
    try:
        return preround(home, vllm, *RUN, PREROUND_MODEL_SECONDS="3")
    finally:
        vllm.signal(signal.SIGCONT)


async def test_a_stopped_server_is_left_in_time(vllm: VllmServer) -> None:
    vllm.signal(signal.SIGSTOP)
    try:
        with pytest.raises(ModelTooSlow):
            await Asker(chat(vllm, patience=Patience(seconds=1))).ask("More?", MoreForm)
    finally:
        vllm.signal(signal.SIGCONT)
    await Asker(chat(vllm)).ask("More?", MoreForm)
