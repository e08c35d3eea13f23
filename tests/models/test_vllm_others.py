"""A real vLLM with a LoRA adapter on Gemma 3, and one with a Llama: forms, whole rounds, what doctor says of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.models.asking import Asker
from agents.models.endpoint import allowed
from agents.models.registry import row_of
from agents.models.serving import compared, listed
from agents.worded.answers import AnswerForm, MoreForm
from agents.worded.reasoner import WordedReasoner
from benchmarks.serving import shape_of
from tests.models.command import preround
from tests.models.random_chat import RandomChat
from tests.models.rounds import ward
from tests.models.server import CACHE_BYTES, CONTEXT, REVISION, SLIDING, VllmServer

pytestmark = [pytest.mark.vllm, pytest.mark.models, pytest.mark.xdist_group("vllm-others")]

BASE, ADAPTER, LLAMA = "tiny-base", "ward-lora", "tiny-llama"


@pytest.fixture(scope="module")
def lora(
    models_python: Path, tiny: Path, adapter: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VllmServer]:
    """A server of the tiny text model and of the adapter on it."""
    flags = (*SLIDING, "--enable-lora", "--lora-modules", f"{ADAPTER}={adapter}", "--max-lora-rank", "8")
    log = tmp_path_factory.mktemp("vllm") / "lora.log"
    server = VllmServer(python=models_python, weights=tiny / "text", log=log, name=BASE, flags=flags)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def llama(models_python: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmServer]:
    """A server of the tiny Llama."""
    log = tmp_path_factory.mktemp("vllm") / "llama.log"
    server = VllmServer(python=models_python, weights=tiny / "llama", log=log, name=LLAMA, flags=())
    server.start()
    try:
        yield server
    finally:
        server.kill()


def chat(server: VllmServer, name: str, **options: object) -> RandomChat:
    return RandomChat(endpoint=allowed(server.url), served=name, **{"max_tokens": 3000, "heat": 0, **options})


def rows(folder: Path, adapter: Path) -> Path:
    """A site's rows for the base and the adapter on it."""
    path = folder / "models.toml"
    path.write_text(
        f'[[model]]\nname = "{BASE}"\nbase = "medgemma-27b-text-it"\nrepository = "none"\nanswer_tokens = 600\n'
        f"served_context = {CONTEXT}\n\n"
        f""
        f'[[model]]\nname = "{ADAPTER}"\nbase = "{BASE}"\nadapter = true\nrepository = "{adapter}"\n'
    )
    return path


async def test_the_adapter_answers_in_its_form_and_otherwise_than_its_base(lora: VllmServer) -> None:
    await Asker(chat(lora, ADAPTER)).ask("What else must be read?", MoreForm)
    asked = "Give the summary of this patient."
    base, adapted = [(await chat(lora, name, max_tokens=30).ainvoke(asked)).text for name in (BASE, ADAPTER)]
    assert base != adapted
    again = (await chat(lora, ADAPTER, max_tokens=30).ainvoke(asked)).text
    assert again == adapted


async def test_a_round_is_worded_by_the_adapter(lora: VllmServer, tmp_path: Path) -> None:
    reasoner = WordedReasoner(Asker(chat(lora, ADAPTER)), name="vllm", model=(ADAPTER, None))
    async with ward(tmp_path, reasoner, story="overdue-screening") as here:
        found = await here.round()
    assert found["status"] == "awaiting_review"
    assert found["model"]["name"] == ADAPTER
    assert found["ledger"]["llm_calls"] >= 3


def test_the_row_of_an_adapter_and_doctor_see_what_is_served(lora: VllmServer, adapter: Path, tmp_path: Path) -> None:
    site = rows(tmp_path, adapter)
    models = listed(allowed(lora.url))
    row = row_of(ADAPTER, site)
    assert compared(row, models).state == "served"
    whole = compared(row.model_copy(update={"adapter": False}), models)
    assert whole.state == "differs"
    assert f"{ADAPTER} is served as an adapter on {BASE}" in whole.detail
    settings = {"PREROUND_MODELS": str(site), "PREROUND_MODEL": ADAPTER, "PREROUND_MODEL_URL": lora.url}
    said = preround(tmp_path, "doctor", **settings)
    assert f"ok   model: {ADAPTER} is served" in said.stdout
    states = {
        r["name"]: r["serving"] for r in json.loads(preround(tmp_path, "models", "--json", "-", **settings).stdout)
    }
    assert states[ADAPTER]["state"] == states[BASE]["state"] == "served"


@pytest.mark.parametrize("name", ["lora", "llama"])
def test_the_cache_takes_what_the_sizes_say(name: str, tiny: Path, request: pytest.FixtureRequest) -> None:
    server: VllmServer = request.getfixturevalue(name)
    held = re.findall(r"KV cache size: ([\d,]+) tokens", server.log.read_text(errors="replace"))
    weights = tiny / ("text" if name == "lora" else "llama")
    shape = shape_of(json.loads((weights / "config.json").read_text()), name=name, parameters=0)
    # Sliding layers are retained whole, as docs/serving.md counts them.
    assert int(held[-1].replace(",", "")) == pytest.approx(CACHE_BYTES / shape.token(), rel=0.02)


@pytest.mark.parametrize("seed", range(5))
async def test_a_llama_answers_in_its_form(llama: VllmServer, seed: int) -> None:
    asker = Asker(chat(llama, LLAMA, seed=seed, heat=1.0))
    await asker.ask("What else must be read?", AnswerForm)
    assert asker.spent.llm_calls == 1


async def test_a_round_is_worded_by_a_llama(llama: VllmServer, tmp_path: Path) -> None:
    model = chat(llama, LLAMA, heat=1.0, seed=1)
    async with ward(tmp_path, WordedReasoner(Asker(model), name="vllm", model=(LLAMA, REVISION))) as here:
        found = await here.round()
    assert found["status"] == "awaiting_review"
    assert found["model"] == {"name": LLAMA, "revision": REVISION}
    assert found["page"], "code's own sentences stand"
    assert {m.response_metadata["finish_reason"] for _, m in model.heard} <= {"stop", "length"}
