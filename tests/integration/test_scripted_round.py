"""One round on a scripted chat model, through every loop that the offline reasoner never takes."""

from __future__ import annotations

import json
from pathlib import Path

from langchain_core.messages import AIMessage

from agents.models.asking import Asker
from agents.models.scripted import ScriptedChat
from agents.worded.reasoner import WordedReasoner
from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from fhir_fixtures.loading import load_story
from preround.doing import rounds
from preround.doing.load import load
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, open_house
from tools.fhir.transport import in_process

STORY = PATIENTS / "diabetes-ckd.yaml"


def said(sections: list[dict[str, object]]) -> str:
    return json.dumps({"sections": sections})


def latest_hba1c(prompt: str) -> str:
    """The id of the last HbA1c, read off the prompt as a model would."""
    line = next(x for x in prompt.splitlines() if x.startswith("HbA1c ["))
    return line.rsplit(", ", 1)[-1].split(" ")[0]


def summary(prompt: str) -> str:
    fact = latest_hba1c(prompt)
    return said(
        [
            {
                "title": "Act on / verify first",
                "sentences": [
                    {"use": "s1"},
                    {"text": "HbA1c 9.9 % is far above target.", "facts": ["L9999"], "kind": "fact"},
                    {"text": "HbA1c 55 % and rising.", "facts": [fact], "kind": "fact"},
                    {"text": "HbA1c deserves a talk about targets.", "facts": [fact], "kind": "inference"},
                ],
            }
        ]
    )


def mended(prompt: str) -> str:
    """The first refused sentence is put right, the second one stays wrong."""
    fact = latest_hba1c(prompt)
    value = next(x for x in prompt.splitlines() if x.startswith("HbA1c [")).rsplit(" ", 1)[-1]
    assert "L9999, which is not in this chart" in prompt
    assert "the number 55 % is in nothing it cites" in prompt
    good = {"text": f"The last HbA1c is {value} %.", "facts": [fact], "kind": "fact"}
    bad = {"text": "HbA1c 56 % and rising.", "facts": [fact], "kind": "fact"}
    return json.dumps({"sentences": [{"id": "m2", "sentence": good}, {"id": "m3", "sentence": bad}]})


async def test_every_loop(tmp_path: Path) -> None:
    (tmp_path / "story.json").write_bytes(compile_story(STORY))
    story = load_story(STORY)
    truncated = AIMessage(content='{"sections": [', response_metadata={"finish_reason": "length"})
    chat = ScriptedChat(
        lines=[
            json.dumps({"calls": [{"resource_type": "Goal", "reason": "targets agreed with the patient"}]}),
            json.dumps({"facts": []}),
            summary,
            truncated,
            said([{"title": "Due, or never recorded", "sentences": [{"use": "u1"}]}]),
            mended,
        ]
    )
    reasoner = WordedReasoner(Asker(chat), name="scripted", model=("scripted", "1"))
    async with open_house(Settings(home=tmp_path / "home"), reasoner=reasoner) as house:
        assert house.sandbox is not None
        await load([tmp_path / "story.json"], base_url=SANDBOX_URL, transport=in_process(house.sandbox))
        run = await rounds.start(house, patient="fx-dm-ckd-patient", tasks=rounds.DEFAULT_TASKS, as_of=story.now)
        found = rounds.result(house, run.run_id)

    assert found["status"] == "awaiting_review"
    assert found["model"] == {"name": "scripted", "revision": "1"}
    assert found["ledger"]["llm_calls"] == 6
    assert any(line["query"].startswith("Goal?") for line in found["coverage"]), "the extra tool was used"
    by_task = {d["task"]: d for d in found["drafts"]}
    texts = [c["text"] for s in by_task["summary"]["sections"] for c in s["claims"]]
    assert any(t.startswith("The last HbA1c is") for t in texts), "the invented citation was repaired"
    assert not any("55 %" in t or "56 %" in t or "9.9 %" in t for t in texts)
    removed = by_task["summary"]["removed"]
    assert [r["text"] for r in removed] == ["HbA1c 56 % and rising."], "repaired in vain, removed, visibly"
    assert "the number 56 % is in nothing it cites" in removed[0]["reason"]
    assert "length limit" in by_task["comparison"]["removed"][0]["reason"], "the truncated answer is said"
    assert by_task["comparison"]["sections"], "and the prepared sentences stand in its place"
    assert all(a["in"] for a in found["accounted"]), "what the model left out is named by code"
    assert all(c["response_format"]["type"] == "json_schema" for c in chat.asked)


async def test_a_question_is_answered_or_refused_with_one_call(tmp_path: Path) -> None:
    (tmp_path / "story.json").write_bytes(compile_story(STORY))
    story = load_story(STORY)
    chat = ScriptedChat(lines=[json.dumps({"sentences": [], "refusal": "No echocardiogram is on record."})])
    reasoner = WordedReasoner(Asker(chat), name="scripted", model=("scripted", "1"))
    async with open_house(Settings(home=tmp_path / "home"), reasoner=reasoner) as house:
        assert house.sandbox is not None
        await load([tmp_path / "story.json"], base_url=SANDBOX_URL, transport=in_process(house.sandbox))
        run = await rounds.start(
            house, patient="fx-dm-ckd-patient", tasks=("question",), as_of=story.now, question="Ejection fraction?"
        )
        found = rounds.result(house, run.run_id)
    assert found["status"] == "nothing_to_write"
    assert found["drafts"][0]["refusal"] == "No echocardiogram is on record."
    assert found["ledger"]["llm_calls"] == 1
