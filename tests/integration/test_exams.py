"""Exams on Inspect AI with a handful of invented questions: graded by letter, resumed, sent to the model alone."""

from __future__ import annotations

import gc
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.models.failures import ModelUnreachable
from agents.models.scripted import ScriptedChat
from evals.exam_papers import ExamQuestion
from evals.exams import run
from preround.exams import examine
from preround.failure import Unusable
from preround.settings import Settings
from tests.unit.models.fake_server import FakeServer, running, said

# Inspect's own, in threads and in streams that it leaves to be collected.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'initial' parameter:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
]
RIGHT = "ABCDA"
QUESTIONS = tuple(
    ExamQuestion(
        id=f"q{n}", text=f"Invented question {n}: what {{is}} it?", options=("w", "x", "y", "z"), answer=letter
    )
    for n, letter in enumerate(RIGHT)
)


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[[socket.socket, Any], None] = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        assert self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1"), address
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


async def sit(chat: ScriptedChat, logs: Path, **more: Any) -> dict[str, Any]:
    return await run("medqa", QUESTIONS, chat, model=("tiny", "abc1234"), logs=logs, at_once=1, **more)


def answering(*lines: str) -> ScriptedChat:
    return ScriptedChat(lines=lines)


async def test_letters_are_graded_and_an_answer_without_one_is_wrong(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    chat = answering(
        "It is w.\nANSWER: A",
        "<unused94>thought ANSWER: C<unused95>So B.\n\nANSWER: **B**",
        "C, I think, or D.",
        "ANSWER: A",
        "<unused94>I never stop. ANSWER: A",
    )
    repository = "google/medgemma-4b-it"
    found = await sit(chat, tmp_path, repository=repository, progress=lambda done, total: seen.append((done, total)))
    assert [case["ok"] for case in found["cases"]] == [True, True, False, False, False]
    assert [case["detail"] for case in found["cases"][2:4]] == ["chose none, right is C", "chose A, right is D"]
    assert "thought without an end" in found["cases"][4]["detail"]
    assert (found["name"], found["passed"], found["total"], found["score"]) == ("medqa", 2, 5, 0.4)
    assert found["interval"] == [0.0, 0.8]
    assert found["published"]["score"] == 0.644
    assert seen == [(n, 5) for n in range(6)]
    assert all(f"A) {QUESTIONS[0].options[0]}" in prompt and "{is}" in prompt for prompt in chat.prompts)


async def test_an_exam_that_broke_off_goes_on_and_a_finished_one_asks_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def gone(prompt: str) -> str:
        raise ModelUnreachable("went away")

    with pytest.raises(ModelUnreachable):
        await sit(ScriptedChat(lines=["ANSWER: A", "ANSWER: B", gone]), tmp_path)
    rest = answering("ANSWER: C", "ANSWER: D", "ANSWER: A")
    found = await sit(rest, tmp_path)
    assert (found["passed"], len(rest.prompts)) == (5, 3)
    again = await sit(answering(), tmp_path)
    assert again == found
    assert capfd.readouterr().out == ""
    # Other questions, or another model, are another exam.
    fewer = answering("ANSWER: D")
    assert (await sit(fewer, tmp_path, limit=1))["passed"] == 0
    assert len(fewer.prompts) == 1


async def test_the_configured_model_is_asked_with_room_to_think(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECT_TELEMETRY", "nowhere.at_all")
    monkeypatch.setenv("INSPECT_API_KEY_OVERRIDE", "nowhere.at_all")
    rows = [
        {"question": one.text, "options": dict(zip("ABCD", one.options, strict=True)), "answer_idx": one.answer}
        for one in QUESTIONS
    ]
    paper = tmp_path / "test.jsonl"
    paper.write_text("\n".join(json.dumps(row) for row in rows))
    server = FakeServer(replies=[said("ANSWER: A")] * 3)
    async with running(server) as url:
        settings = Settings(home=tmp_path / "home", reasoner="vllm", model_url=url, model="medgemma-27b-text-it")
        found = await examine("medqa", paper, settings, limit=3, logs=None, progress=lambda done, total: None)
    assert (found["passed"], found["total"]) == (1, 3)
    assert found["published"]["score"] == 0.877
    assert all("think silently" in asked["messages"][0]["content"] for asked in server.asked)
    assert all("response_format" not in asked and asked["temperature"] == 0 for asked in server.asked)
    assert list((tmp_path / "home" / "evals" / "medqa").iterdir())


@pytest.mark.parametrize(("data", "reasoner"), [(None, "vllm"), ("test.jsonl", "offline")])
async def test_what_is_missing_is_said(tmp_path: Path, data: str | None, reasoner: Any) -> None:
    settings = Settings(home=tmp_path, reasoner=reasoner)
    given = tmp_path / data if data else None
    with pytest.raises(Unusable, match=r"--data|--reasoner"):
        await examine("medqa", given, settings, limit=None, logs=None, progress=lambda done, total: None)
