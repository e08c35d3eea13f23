"""How much waits at a model server: what its Prometheus page says, as vLLM and its kin give it."""

from __future__ import annotations

import re

import httpx

from agents.models.endpoint import Endpoint
from agents.models.wire import certificates

AWAY = -1
"""The server does not answer."""
_WAITING = re.compile(r"^vllm:num_requests_waiting(?:\{[^}]*\})?\s+([0-9.eE+-]+)\s*$", re.MULTILINE)
_LONGEST_PAGE = 4 << 20


async def waiting_at(endpoint: Endpoint, *, seconds: float = 3.0) -> int | None:
    """The number of requests that wait there for their turn.

    Args:
        endpoint: from `agents.models.endpoint.allowed`.
        seconds: how long the answer may take.

    Returns:
        The number; None where the server answers and does not say; `AWAY` where it does not answer.
    """
    headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
    try:
        async with (
            httpx.AsyncClient(
                trust_env=False, follow_redirects=False, verify=certificates(), headers=headers, timeout=seconds
            ) as http,
            http.stream("GET", f"{endpoint.root}/metrics") as answer,
        ):
            if answer.status_code >= 500:
                return AWAY
            page = bytearray()
            async for part in answer.aiter_bytes():
                page += part
                if len(page) > _LONGEST_PAGE:
                    return None
    except (httpx.TransportError, httpx.InvalidURL):
        return AWAY
    found = _WAITING.findall(page.decode(errors="replace")) if answer.status_code == 200 else []
    return round(sum(float(one) for one in found)) if found else None
