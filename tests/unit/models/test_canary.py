"""Whatever the environment says, a call reaches its endpoint and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from preround.quiet import quieten
from preround.settings import Settings
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


def test_whatever_counts_and_traces_is_off_for_a_command_and_what_it_starts() -> None:
    environment = {"LANGSMITH_TRACING": "true", "DO_NOT_TRACK": "0", "HOME": "kept"}
    quieten(environment)
    assert environment["HOME"] == "kept"
    assert {n for n, v in environment.items() if v == "1"} >= {"DO_NOT_TRACK", "VLLM_NO_USAGE_STATS", "HF_HUB_OFFLINE"}
    assert {v for n, v in environment.items() if n.startswith("LANG")} == {"false"}
    for name in ("DO_NOT_TRACK", "VLLM_NO_USAGE_STATS", "HF_HUB_OFFLINE"):
        assert os.environ[name] == "1", "in the tests too"


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_a_test_that_reaches_beyond_this_machine_fails(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as one, pytest.raises(ConnectionRefusedError, match="tests reach what they started"):
        one.connect((host, 80))


def test_a_test_that_names_no_server_finds_no_model() -> None:
    assert Settings().model_url == "http://127.0.0.1:1/v1"


async def test_nothing_is_sent_to_a_host_that_the_site_has_not_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "preround", "run", "p1", "--reasoner", "vllm", "--json", "-"]
    env = {**os.environ, "PREROUND_HOME": str(tmp_path), "PREROUND_MODEL_URL": "https://llm.example.com/v1"}
    done = await asyncio.to_thread(
        subprocess.run, command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 4
    said = "Nothing was sent to the model endpoint: llm.example.com is not this machine"
    assert said in done.stderr
    assert "PREROUND_MODEL_HOSTS" in done.stderr
    assert json.loads(done.stdout)["issue"][0]["details"]["text"].startswith(said)


async def _elsewhere(words: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A process of its own, because the environment is read when modules are."""
    command = [sys.executable, "-c", textwrap.dedent(CALL), *words]
    root = Path(__file__).parents[3]
    return await asyncio.to_thread(
        subprocess.run, command, env=env, cwd=root, capture_output=True, text=True, timeout=300, check=False
    )
