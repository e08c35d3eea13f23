"""The adapter for a model server: what goes over the wire, and what comes of each answer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from starlette.responses import Response

from agents.models.asking import Asker, about_tokens
from agents.models.endpoint import allowed
from agents.models.failures import (
    ImageRefused,
    ModelNotServed,
    ModelTooSlow,
    ModelUnreachable,
    PromptTooLong,
    RequestRefused,
)
from agents.models.reply import ReplyTruncated
from agents.models.vllm import VllmChat
from agents.models.wire import Patience
from agents.worded.answers import MoreForm
from tests.unit.models.fake_server import FakeServer, last_form, refused, running, said, streamed

QUICK = Patience(seconds=5, attempts=3, first_wait=0.001, longest_wait=0.05)
EMPTY = '{"calls": []}'


def chat(url: str, **options: Any) -> VllmChat:
    return VllmChat(endpoint=allowed(url), served="tiny", **{"patience": QUICK, **options})


async def test_system_and_tool_text_go_into_turns_that_alternate() -> None:
    server = FakeServer(replies=[said("fine")])
    async with running(server) as url:
        talk = [
            SystemMessage("Rules."),
            HumanMessage("Facts."),
            AIMessage("First."),
            ToolMessage("Found.", tool_call_id="1"),
            HumanMessage("Go on."),
        ]
        answer = await chat(url).ainvoke(talk)
    assert answer.text == "fine"
    assert server.asked[0]["messages"] == [
        {"role": "user", "content": "Rules.\n\nFacts."},
        {"role": "assistant", "content": "First."},
        {"role": "user", "content": "Found.\n\nGo on."},
    ]
    assert server.asked[0]["temperature"] == 0
    assert server.asked[0]["max_tokens"] == 4096
    assert server.asked[0]["seed"] == 0
    assert "logit_bias" not in server.asked[0], "thinking is only banned where JSON is wanted"


async def test_a_json_call_bans_thinking_and_sends_a_schema_that_a_grammar_takes() -> None:
    server = FakeServer(replies=[said(EMPTY), said(EMPTY)])
    async with running(server) as url:
        asker = Asker(chat(url, thinking="SYSTEM INSTRUCTION: think silently if needed."))
        await asker.ask("More?", MoreForm)
        await asker.ask("More?", MoreForm)
    assert server.asked[0]["logit_bias"] == {"7": -100.0}
    assert server.counted.count("<unused94>") == 1, "the id is asked for once"
    assert server.asked[0]["messages"] == [{"role": "user", "content": "More?"}]
    schema = last_form(server)
    assert "$defs" not in schema
    assert schema["properties"]["calls"]["items"]["properties"]["reason"]["maxLength"] == 100


async def test_thinking_is_switched_on_in_free_text_alone() -> None:
    server = FakeServer(replies=[said("<unused94>thought hm<unused95>so")])
    async with running(server) as url:
        await chat(url, thinking="THINK").ainvoke("Why?")
    assert server.asked[0]["messages"] == [{"role": "user", "content": "THINK\n\nWhy?"}]


async def test_cost_is_counted_with_what_the_cache_served() -> None:
    server = FakeServer(replies=[said(EMPTY, cached=64)])
    async with running(server) as url:
        asker = Asker(chat(url))
        await asker.ask("More?", MoreForm)
    assert (asker.spent.prompt_tokens, asker.spent.completion_tokens) == (100, 7)
    assert asker.spent.cached_prompt_tokens == 64


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_what_may_pass_is_tried_again(status: int) -> None:
    server = FakeServer(replies=[refused(status), refused(status), said("fine")])
    async with running(server) as url:
        assert (await chat(url).ainvoke("x")).text == "fine"
    assert len(server.asked) == 3


async def test_the_server_says_how_long_to_wait() -> None:
    server = FakeServer(replies=[refused(429, **{"retry-after": "1"}), said("fine")])
    loop = asyncio.get_running_loop()
    async with running(server) as url:
        began = loop.time()
        patience = Patience(seconds=10, attempts=2, first_wait=0.001, longest_wait=5)
        await chat(url, patience=patience).ainvoke("x")
        assert loop.time() - began >= 1.0


async def test_a_server_that_stays_busy_is_unreachable_in_the_end() -> None:
    server = FakeServer(replies=[refused(503)] * 3)
    async with running(server) as url:
        with pytest.raises(ModelUnreachable, match="answers 503"):
            await chat(url).ainvoke("x")
    assert len(server.asked) == 3


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        model = chat(url)
        with pytest.raises(ModelUnreachable, match="cannot be connected to"):
            model.invoke("x")
        assert model.count_tokens("HbA1c 9.9 %") == about_tokens("HbA1c 9.9 %")


@pytest.mark.parametrize(
    ("status", "words", "error"),
    [
        (400, "This model's maximum context length is 4096 tokens. However, you requested 9000", PromptTooLong),
        (400, "The decoder prompt (length 9000) is longer than the maximum model length of 4096", PromptTooLong),
        (400, "cannot identify image file <_io.BytesIO object>", ImageRefused),
        (400, "tiny is not a multimodal model", ImageRefused),
        (400, "Grammar error", RequestRefused),
        (401, "no key", ModelNotServed),
        (404, "The model `x` does not exist", ModelNotServed),
        (302, "", RequestRefused),
    ],
)
async def test_a_refusal_has_a_name_and_repeats_no_prompt(status: int, words: str, error: type[Exception]) -> None:
    server = FakeServer(replies=[refused(status, f"{words}: Mrs Secret", location="http://127.0.0.1:1/")])
    async with running(server) as url:
        with pytest.raises(error) as caught:
            await chat(url).ainvoke("Mrs Secret")
    assert "Secret" not in str(caught.value)
    assert len(server.asked) == 1, "asking again would not help"


async def test_truncation_is_a_failure() -> None:
    server = FakeServer(replies=[said('{"calls": [', finish="length")])
    async with running(server) as url:
        with pytest.raises(ReplyTruncated):
            await Asker(chat(url)).ask("More?", MoreForm)


@pytest.mark.parametrize("limit", ["of the adapter", "of the asker"])
async def test_a_slow_server_is_left_and_told_so(limit: str) -> None:
    server = FakeServer(replies=[said(EMPTY)], slow=20)
    async with running(server) as url:
        own = Patience(seconds=0.2) if limit == "of the adapter" else Patience()
        with pytest.raises(ModelTooSlow):
            await Asker(chat(url, patience=own), seconds=0.3).ask("More?", MoreForm)
        await _until(lambda: server.given_up == 1)


async def test_so_many_calls_run_side_by_side_and_no_more() -> None:
    server = FakeServer(replies=[said(EMPTY)] * 7, slow=0.1)
    async with running(server) as url:
        asker = Asker(chat(url), at_once=3)
        await asyncio.gather(*(asker.ask(f"Question {i}, not like any other: {i * 'x'}?", MoreForm) for i in range(7)))
    assert server.most == 3
    assert asker.spent.llm_calls == 7


async def test_whoever_waits_sees_an_answer_grow() -> None:
    told: list[tuple[int, int]] = []
    server = FakeServer(replies=[streamed('{"calls"', ": ", "[]}")])
    async with running(server) as url:
        asker = Asker(chat(url), watch=lambda under_way, pieces: told.append((under_way, pieces)))
        await asker.ask("More?", MoreForm)
    assert told == [(1, 1), (1, 2), (1, 3)]


async def test_a_cancelled_call_ends_at_the_server_too() -> None:
    server = FakeServer(replies=[said(EMPTY)], slow=20)
    async with running(server) as url:
        task = asyncio.create_task(chat(url).ainvoke("x"))
        await _until(lambda: len(server.asked) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _until(lambda: server.given_up == 1)


async def test_tokens_are_the_servers_and_are_counted_once() -> None:
    server = FakeServer()
    async with running(server) as url:
        model = chat(url)
        assert await asyncio.to_thread(model.count_tokens, "twelve chars") == 12
        assert await asyncio.to_thread(model.count_tokens, "twelve chars") == 12
        assert server.counted == ["twelve chars"]


async def test_a_server_without_a_tokenizer_is_asked_once_and_answers_json_all_the_same() -> None:
    server = FakeServer(replies=[said(EMPTY)], tokenizes=False)
    async with running(server) as url:
        model = chat(url)
        assert await asyncio.to_thread(model.count_tokens, "36 characters or so") == about_tokens("36 characters or so")
        await Asker(model).ask("More?", MoreForm)
    assert "logit_bias" not in server.asked[0]


async def test_only_images_as_data_are_sent() -> None:
    server = FakeServer(replies=[said("a film")])
    async with running(server) as url:
        far = [HumanMessage([{"type": "image_url", "image_url": {"url": "https://pictures.example/1.png"}}])]
        with pytest.raises(ValueError, match="base64"):
            await chat(url).ainvoke(far)
        assert server.asked == []
        near = {"type": "image", "base64": "AAAA", "mime_type": "image/png"}
        await chat(url).ainvoke([HumanMessage([{"type": "text", "text": "See."}, near])])
    assert server.asked[0]["messages"][0]["content"][1]["image_url"]["url"] == "data:image/png;base64,AAAA"


@pytest.mark.parametrize("body", [b"no json", b"[]", b'{"choices": []}'])
async def test_a_garbled_answer_is_no_answer(body: bytes) -> None:
    server = FakeServer(replies=[Response(body)])
    async with running(server) as url:
        with pytest.raises((ModelUnreachable, RequestRefused)):
            await chat(url).ainvoke("x")


async def test_the_key_goes_with_the_call_and_is_not_shown() -> None:
    server = FakeServer(replies=[said("fine")])
    async with running(server) as url:
        model = VllmChat(endpoint=allowed(url, key="hush"), served="tiny", patience=QUICK)
        await model.ainvoke("x")
    assert server.headers[0]["authorization"] == "Bearer hush"
    assert "hush" not in repr(model)


async def _until(done: Callable[[], bool]) -> None:
    """Wait at most five seconds for a server that cannot tell us."""
    for _ in range(250):
        if done():
            return
        await asyncio.sleep(0.02)
    raise AssertionError
