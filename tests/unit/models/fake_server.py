"""A small OpenAI-compatible server on loopback that answers from a list and keeps what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.unit.fhir.socket_server import served

Reply = Response | Callable[[dict[str, Any]], Response]


def said(text: str, *, finish: str = "stop", cached: int = 0) -> Response:
    """A completion as vLLM gives it."""
    return JSONResponse(
        {
            "model": "tiny",
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": finish}],
            "usage": {
                "prompt_tokens": 100,
                "completion_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": cached},
            },
        }
    )


def streamed(*pieces: str) -> Response:
    """A completion in pieces, as vLLM streams it."""
    chunks: list[dict[str, Any]] = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
    chunks.append({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9}})
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return Response("".join([*lines, "data: [DONE]\n\n"]), media_type="text/event-stream")


def refused(status: int, message: str = "", **headers: str) -> Response:
    """An error as vLLM gives it."""
    return JSONResponse({"error": {"message": message, "code": status}}, status, headers)


@dataclass
class FakeServer:
    """Answers `/v1/chat/completions` from `replies`, `/tokenize` by characters, `/v1/models` from `models`."""

    replies: list[Reply] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=lambda: [{"id": "tiny", "max_model_len": 4096}])
    tokenizes: bool = True
    slow: float = 0.0
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)
    given_up: int = 0
    under_way: int = 0
    most: int = 0

    async def chat(self, request: Request) -> Response:
        self.asked.append(await request.json())
        self.headers.append(dict(request.headers))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        waited = 0.0
        while waited < self.slow:
            await asyncio.sleep(0.02)
            waited += 0.02
            if await request.is_disconnected():
                self.given_up += 1
                break
        self.under_way -= 1
        reply = self.replies.pop(0)
        return reply(self.asked[-1]) if not isinstance(reply, Response) else reply

    async def tokenize(self, request: Request) -> Response:
        if not self.tokenizes:
            return refused(404)
        text = (await request.json())["prompt"]
        self.counted.append(text)
        return JSONResponse({"tokens": [7] if text == "<unused94>" else list(range(len(text)))})

    async def list_models(self, request: Request) -> Response:
        return JSONResponse({"data": self.models})

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.chat, methods=["POST"]),
                Route("/tokenize", self.tokenize, methods=["POST"]),
                Route("/v1/models", self.list_models),
            ]
        )


@asynccontextmanager
async def running(server: FakeServer) -> AsyncIterator[str]:
    """Serve it; gives the base URL that a site would set."""
    async with served(server.app) as url:
        yield url.removesuffix("/fhir") + "/v1"


def last_form(server: FakeServer) -> dict[str, Any]:
    """The schema of the last call."""
    found: dict[str, Any] = json.loads(json.dumps(server.asked[-1]["response_format"]["json_schema"]["schema"]))
    return found
