"""A critical value waits for nobody: it is told before anything is drafted, first on the page, last on stderr."""

from __future__ import annotations

import asyncio
import json

import pytest

from agents.models.asking import Asker
from agents.models.reply import ModelFailed
from agents.models.scripted import ScriptedChat
from agents.worded.reasoner import WordedReasoner
from preround.doing import rounds
from preround.shown.instant import instant
from preround.wiring import open_house
from tests.acceptance.homes import AS_OF, PATIENT, Home
from tools.fhir import wire

WORDS = "potassium 6.9 mmol/L"


def potassium(value: str) -> wire.Resource:
    body = {
        "resourceType": "Observation",
        "id": "planted-potassium",
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}], "text": "Potassium"},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "effectiveDateTime": AS_OF,
        "valueQuantity": {"value": 0, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"},
    }
    found: wire.Resource = wire.parse(json.dumps(body).replace('"value": 0', f'"value": {value}').encode())
    return found


@pytest.mark.parametrize("target", ["-", "round.json"])
def test_it_is_the_first_line_and_the_exit_message_wherever_the_json_goes(home: Home, target: str) -> None:
    home.put(potassium("6.9"))
    ran = home.preround("run", PATIENT, "--as-of", AS_OF, "--json", target)
    found = ran.json if target == "-" else json.loads((home.path / target).read_text())
    assert found["page"][0].startswith("CRITICAL: ")
    assert WORDS in found["page"][0]
    assert [WORDS in one["text"] for one in found["critical"]] == [True]
    assert found["critical"][0]["citations"], "it opens the result that it stands on"
    last = [line for line in ran.err.splitlines() if line.strip()][-1]
    assert last.startswith("CRITICAL VALUE: ")
    assert WORDS in last
    if target != "-":
        assert ran.out.startswith("CRITICAL: ")


def test_it_stands_before_the_queue_as_long_as_nobody_has_decided(home: Home) -> None:
    home.put(potassium("6.9"))
    item = home.json("run", PATIENT, "--as-of", AS_OF)["review_item"]
    listed = home.preround("queue")
    assert WORDS in listed.err
    assert item in listed.err
    (row,) = home.json("queue")
    assert [WORDS in words for words in row["critical"]] == [True]
    home.preround("decide", item, "--reject", "clutter", "--as", "Dr Example")
    assert WORDS not in home.preround("queue").err


async def test_it_is_told_before_anything_is_drafted_and_when_the_model_fails(home: Home) -> None:
    await asyncio.to_thread(home.put, potassium("6.9"))
    told: list[str] = []

    def first_call(prompt: str) -> str:
        told.append("the model is asked")
        raise ModelFailed("It fell over; start it again.")

    chat = ScriptedChat(lines=[first_call] * 9)
    reasoner = WordedReasoner(Asker(chat), name="scripted", model=("scripted", "1"))
    steps: list[tuple[str, str]] = []

    def step(node: str, state: str) -> None:
        steps.append((node, state))
        told.append(f"{node} {state}")

    async with open_house(home.settings, reasoner=reasoner, urgent=told.append, progress=step) as house:
        await rounds.start(house, patient=PATIENT, tasks=rounds.DEFAULT_TASKS, as_of=instant(AS_OF))
    at = next(i for i, words in enumerate(told) if WORDS in words)
    assert at < told.index("consult started") < told.index("draft started")
    assert sum(WORDS in words for words in told) == 1, "it is told once"


def test_a_value_inside_the_limits_is_not_shouted(home: Home) -> None:
    home.put(potassium("6.1"))
    ran = home.preround("run", PATIENT, "--as-of", AS_OF, "--json", "-")
    assert ran.json["critical"] == []
    assert "CRITICAL" not in ran.err
    assert not ran.json["page"][0].startswith("CRITICAL")
