"""Streamed answers add up, and calls that begin alike go one after the other until the first was read."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.responses import Response

from agents.models.asking import Asker
from agents.models.endpoint import allowed
from agents.models.failures import ModelUnreachable
from agents.models.prefix import Prefixes, shared
from agents.models.stream import Folded, StreamBroken
from agents.models.vllm import VllmChat
from agents.models.wire import Patience
from agents.worded.answers import MoreForm
from tests.unit.models.fake_server import FakeServer, running


def event(**chunk: Any) -> str:
    return f"data: {json.dumps(chunk)}\n\n"


def delta(text: str, finish: str | None = None) -> str:
    return event(model="tiny", choices=[{"delta": {"content": text}, "finish_reason": finish}])


USAGE = event(
    choices=[], usage={"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 8}}
)
WHOLE = delta('{"calls"') + ": ping\n\n" + delta(": []}", "stop") + USAGE + "data: [DONE]\n\n"


def streamed(text: str) -> Response:
    return Response(text, media_type="text/event-stream")


def chat(url: str) -> VllmChat:
    patience = Patience(seconds=5, attempts=2, first_wait=0.001, longest_wait=0.01)
    return VllmChat(endpoint=allowed(url), served="tiny", patience=patience)


async def test_pieces_add_up_to_an_answer_with_its_cost() -> None:
    server = FakeServer(replies=[streamed(WHOLE)])
    async with running(server) as url:
        asker = Asker(chat(url))
        assert (await asker.ask("More?", MoreForm)).calls == []
    assert server.asked[0]["stream"] is True
    assert (asker.spent.prompt_tokens, asker.spent.cached_prompt_tokens, asker.spent.completion_tokens) == (9, 8, 2)


@pytest.mark.parametrize(
    "broken",
    [
        delta('{"calls": []}', "stop"),
        delta('{"calls"') + "data: [DONE]\n\n",
        event(error={"message": "Mrs Secret"}),
        "data: no json\n\n",
    ],
)
async def test_half_an_answer_is_asked_for_again_and_never_taken(broken: str) -> None:
    server = FakeServer(replies=[streamed(broken), streamed(WHOLE)])
    async with running(server) as url:
        assert (await Asker(chat(url)).ask("More?", MoreForm)).calls == []
        server.replies += [streamed(broken), streamed(broken)]
        with pytest.raises(ModelUnreachable) as caught:
            await Asker(chat(url)).ask("More?", MoreForm)
    assert "Secret" not in str(caught.value)


async def test_pieces_are_told_as_they_come() -> None:
    server = FakeServer(replies=[streamed(WHOLE)])
    async with running(server) as url:
        pieces = [chunk.text async for chunk in chat(url).astream("More?")]
    assert "".join(pieces) == '{"calls": []}'


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "é→\U0001f600"], ids=ascii)
async def test_a_line_ends_where_the_server_ends_it_and_at_no_character_of_the_answer(odd: str) -> None:
    """vLLM writes these as they are, not escaped."""
    chunk = {"model": "tiny", "choices": [{"delta": {"content": f"a{odd}b"}, "finish_reason": "stop"}]}
    raw = json.dumps(chunk, ensure_ascii=False)
    server = FakeServer(replies=[streamed(f"data: {raw}\r\n\r\n{USAGE}data: [DONE]\n\n")])
    async with running(server) as url:
        assert (await chat(url).ainvoke("Say it.")).text == f"a{odd}b"
    assert len(server.asked) == 1


def test_a_stream_without_an_end_is_no_answer() -> None:
    folded = Folded()
    assert folded.line(delta("so").strip()) == "so"
    with pytest.raises(StreamBroken):
        folded.answer()


async def test_calls_that_begin_alike_wait_until_the_first_was_read() -> None:
    gate, order = Prefixes(), []
    release = asyncio.Event()

    async def call(name: str, prompt: str) -> None:
        async with gate.enter(prompt) as read:
            order.append(f"{name} starts")
            if name == "first":
                await release.wait()
                read()
                order.append("first was read")
                await asyncio.sleep(0.05)
            order.append(f"{name} ends")

    facts = "the same facts " * 50
    tasks = [asyncio.create_task(call("first", facts + "summary"))]
    await asyncio.sleep(0)
    tasks += [
        asyncio.create_task(call("second", facts + "comparison")),
        asyncio.create_task(call("other", "elsewhere")),
    ]
    await asyncio.sleep(0.05)
    assert order == ["first starts", "other starts", "other ends"]
    release.set()
    await asyncio.gather(*tasks)
    assert order[3:] == ["first was read", "second starts", "second ends", "first ends"]


async def test_a_call_that_fails_lets_the_others_in() -> None:
    gate = Prefixes()
    with pytest.raises(RuntimeError):
        async with gate.enter("same"):
            raise RuntimeError
    async with asyncio.timeout(1), gate.enter("same"):
        pass


@pytest.mark.parametrize(
    ("one", "other", "length"), [("", "abc", 0), ("abc", "abc", 3), ("abcd", "abxd", 2), ("x", "y", 0)]
)
def test_shared(one: str, other: str, length: int) -> None:
    assert shared(one, other) == length
