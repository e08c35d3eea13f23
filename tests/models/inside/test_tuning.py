"""LoRA on tiny weights: what is trained on, what an adapter changes, and what cannot be used."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from agents.models.asking import Asker
from agents.models.in_process import TransformersChat
from agents.models.making import loaded_chat
from agents.models.registry import row_of
from agents.models.tuning import Recipe, tune
from agents.models.tuning_examples import Example, TuningUnusable, read_examples
from agents.models.weights import WeightsUnusable
from agents.worded.answers import MoreForm

safetensors: Any = pytest.importorskip("safetensors.torch")

pytestmark = pytest.mark.filterwarnings("default")

WEIGHTS, ADAPTER = Path(os.environ["TINY_WEIGHTS"]), Path(os.environ["TINY_ADAPTER"])
TWO = [
    Example(prompt="What is given?", answer='{"sections":[]}', group="a"),
    Example(prompt="What changed?", answer='{"sections":[]}', group="b"),
]


def test_the_adapter_of_the_commands_learned_something_that_holds_for_another_patient() -> None:
    said = json.loads((ADAPTER / "tuning.json").read_text())
    assert said["base"] == "text"
    assert said["used"] >= 5
    assert said["held_out"] >= 2
    assert said["loss_after"] < said["loss_before"] - 0.5
    examples = read_examples(ADAPTER.parent / "examples.jsonl")
    assert {e.group for e in examples} >= {"diabetes-ckd", "hard-chart", "overdue-screening"}
    assert len(examples) == said["used"] + said["held_out"] + said["too_long"]
    config = json.loads((ADAPTER / "adapter_config.json").read_text())
    assert config["r"] == 4
    assert config["base_model_name_or_path"] == "text", "no path of this machine travels with it"


async def test_an_adapter_changes_what_is_said_and_keeps_to_a_form(tmp_path: Path) -> None:
    rows = tmp_path / "models.toml"
    rows.write_text(
        f'[[model]]\nname = "ward-lora"\nbase = "medgemma-4b-it"\nadapter = true\nrepository = "{ADAPTER}"\n'
        "answer_tokens = 700\n"
    )
    row = row_of("ward-lora", rows)
    plain = TransformersChat(folder=WEIGHTS / "text", max_tokens=40)
    adapted = loaded_chat(row, WEIGHTS / "text", seconds=60.0)
    assert isinstance(adapted, TransformersChat)
    assert adapted.adapter == ADAPTER
    short = adapted.model_copy(update={"max_tokens": 40})
    asked = "Give the summary."
    assert (await plain.ainvoke(asked)).text != (await short.ainvoke(asked)).text
    await Asker(adapted).ask("What else?", MoreForm)


@pytest.mark.parametrize("base", ["text", "image", "llama"])
def test_the_base_stays_as_it_is_and_an_image_encoder_is_left_alone(base: str, tmp_path: Path) -> None:
    before = hashlib.sha256((WEIGHTS / base / "model.safetensors").read_bytes()).hexdigest()
    seen: list[int] = []
    recipe = Recipe(steps=2, rank=2)
    found = tune(WEIGHTS / base, TWO, tmp_path, recipe=recipe, progress=lambda step, _: seen.append(step))
    assert seen == [1, 2]
    assert (found.used, found.held_out, found.too_long) == (1, 1, 0)
    assert hashlib.sha256((WEIGHTS / base / "model.safetensors").read_bytes()).hexdigest() == before
    names = set(safetensors.load_file(tmp_path / "adapter_model.safetensors"))
    assert names
    assert not [n for n in names if "vision" in n]


def test_the_same_seed_gives_the_same_adapter(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        tune(WEIGHTS / "text", TWO, tmp_path / name, recipe=Recipe(steps=2, rank=2, seed=seed))
    a, b, c = ((tmp_path / name / "adapter_model.safetensors").read_bytes() for name in "abc")
    assert a == b != c


def test_what_cannot_be_trained_on_is_named(tmp_path: Path) -> None:
    with pytest.raises(TuningUnusable, match="No example fits into 4 tokens"):
        tune(WEIGHTS / "text", TWO, tmp_path, recipe=Recipe(longest=4))
    with pytest.raises(WeightsUnusable):
        tune(tmp_path, TWO, tmp_path, recipe=Recipe())
