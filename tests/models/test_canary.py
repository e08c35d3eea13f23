"""The adapters in this process reach nobody, whatever the environment says of hubs, proxies and tracing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import textwrap
from pathlib import Path

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from tests.models.environment import ROOT
from tests.models.server import SHIM
from tests.unit.fhir.socket_server import served

pytestmark = pytest.mark.models

CALL = """
    import asyncio, sys
    from pathlib import Path
    from agents.models.asking import Asker
    from agents.models.in_process import TransformersChat
    from agents.worded.answers import MoreForm
    from preround.quiet import quieten
    import os

    quieten(os.environ)
    chat = TransformersChat(folder=Path(sys.argv[1]), max_tokens=700)
    print(asyncio.run(Asker(chat).ask("Mrs Secret?", MoreForm)))
"""


async def test_no_environment_makes_anything_leave(models_python: Path, tiny: Path) -> None:
    seen: list[str] = []

    async def trap(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(f"{scope['method']} {scope['path']}")
        await JSONResponse({})(scope, receive, send)

    async with served(trap) as elsewhere:
        elsewhere = elsewhere.removesuffix("/fhir")
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("COV_", "HF_", "TRANSFORMERS_"))},
            "PYTHONPATH": f"{SHIM}:{ROOT}",
            **dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"), elsewhere),
            **dict.fromkeys(("HF_ENDPOINT", "LANGSMITH_ENDPOINT", "LANGCHAIN_ENDPOINT"), elsewhere),
            **dict.fromkeys(("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"), "true"),
            "LANGSMITH_API_KEY": "canary-key",
            "NO_PROXY": "",
            "no_proxy": "",
        }
        command = [str(models_python), "-c", textwrap.dedent(CALL), str(tiny / "text")]
        done = await asyncio.to_thread(
            subprocess.run, command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
        )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "calls=" in done.stdout
    assert seen == [], "the canary heard nothing"
