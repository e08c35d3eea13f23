"""`preround models` and the page about the author: what is known of a model, one step away from what it wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agents.models.asking import Asker
from agents.models.scripted import ScriptedChat
from agents.models.source import GROUPS
from agents.offline.reasoner import OfflineReasoner
from agents.worded.reasoner import WordedReasoner
from tests.models.rounds import ward
from tests.visiting import visiting

EMPTY = ('{"calls": []}', '{"facts": []}', *(['{"sections": []}'] * 3))


def preround(home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PREROUND_HOME": str(home), "PREROUND_MODEL_URL": "http://127.0.0.1:1/v1", **settings}
    command = [sys.executable, "-m", "preround", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_one_model_with_every_source_attribute(tmp_path: Path) -> None:
    done = preround(tmp_path, "models", "medgemma-27b-text-it", "--json", str(tmp_path / "row.json"))
    assert done.returncode == 0, done.stderr
    for group in GROUPS:
        assert f"# {group}" in done.stdout
    assert "MedQA 87.7 %" in done.stdout
    assert "Fairness on local data: unknown" in done.stdout
    row: dict[str, Any] = json.loads((tmp_path / "row.json").read_text())
    assert len(row["source"]) == 31
    assert row["serving"]["state"] == "unreachable"


def test_no_such_model_and_no_name_on_the_server(tmp_path: Path) -> None:
    unknown = preround(tmp_path, "models", "gpt")
    assert unknown.returncode == 3
    assert "see `preround models`" in unknown.stderr
    unnamed = preround(tmp_path, "run", "p1", "--reasoner", "vllm", PREROUND_MODEL="openai-compatible")
    assert unnamed.returncode == 2
    assert "PREROUND_MODEL_SERVED" in unnamed.stderr


@pytest.mark.parametrize("name", ["medgemma-27b-text-it", "gone"])
async def test_the_author_is_one_click_away_from_the_item(tmp_path: Path, name: str) -> None:
    chat = ScriptedChat(lines=EMPTY)
    async with ward(tmp_path, WordedReasoner(Asker(chat), name="scripted", model=(name, "abcdef0"))) as here:
        found = await here.round()
        async with visiting(here.house) as web:
            item = (await web.get(f"/items/{found['review_item']}")).text
            author = (await web.get(f"/items/{found['review_item']}/author")).text
    assert f'href="/items/{found["review_item"]}/author"' in item
    assert "Cautioned out-of-scope use" not in item, "not on the first screen"
    if name == "gone":
        assert "has no row for gone" in author
        return
    assert "Cautioned out-of-scope use" in author
    assert "abcdef0" in author
    assert author.partition("<main")[2].partition("</main>")[0].count("<dt>") == 31 + 4


async def test_rules_have_an_author_page_too(tmp_path: Path) -> None:
    async with ward(tmp_path, OfflineReasoner()) as here:
        found = await here.round()
        async with visiting(here.house) as web:
            author = await web.get(f"/items/{found['review_item']}/author")
    assert author.status_code == 200
    assert "No model read the chart" in author.text
