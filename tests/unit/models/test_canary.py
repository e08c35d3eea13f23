"""Whatever the environment says, a call reaches its endpoint and nothing else."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from pathlib import Path

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from tests.unit.fhir.socket_server import served
from tests.unit.models.fake_server import FakeServer, running, said

CALL = """
    import asyncio, sys
    from langchain_core.tracers.langchain import wait_for_all_tracers
    from agents.models.asking import Asker
    from agents.models.endpoint import allowed
    from agents.models.vllm import VllmChat
    from agents.worded.answers import MoreForm

    chat = VllmChat(endpoint=allowed(sys.argv[1]), served="tiny")
    print(asyncio.run(Asker(chat).ask("Mrs Secret?", MoreForm)))
    wait_for_all_tracers()
"""


async def test_no_environment_makes_anything_leave() -> None:
    seen: list[str] = []

    async def trap(scope: Scope, receive: Receive, send: Send) -> None:
        # Below any routing: a proxy is asked for whole addresses.
        seen.append(f"{scope['method']} {scope['path']}")
        await JSONResponse({})(scope, receive, send)

    server = FakeServer(replies=[said('{"calls": []}')])
    async with served(trap) as elsewhere, running(server) as url:
        elsewhere = elsewhere.removesuffix("/fhir")
        traps = {
            **dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"), elsewhere),
            **dict.fromkeys(("OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_PROXY"), elsewhere),
            **dict.fromkeys(("LANGSMITH_ENDPOINT", "LANGCHAIN_ENDPOINT"), elsewhere),
            **dict.fromkeys(("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2"), "true"),
            **dict.fromkeys(("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY", "OPENAI_API_KEY"), "canary-key"),
            "NO_PROXY": "",
            "no_proxy": "",
        }
        done = await _elsewhere([url], {**os.environ, **traps})
        assert done.returncode == 0, done.stderr
        assert "calls=[]" in done.stdout
    assert len(server.asked) == 1
    assert "authorization" not in server.headers[0], "no key of another program is sent along"
    assert seen == [], "the canary heard nothing"


async def _elsewhere(words: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A process of its own, because the environment is read when modules are."""
    command = [sys.executable, "-c", textwrap.dedent(CALL), *words]
    root = Path(__file__).parents[3]
    return await asyncio.to_thread(
        subprocess.run, command, env=env, cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
