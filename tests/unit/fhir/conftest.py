"""Both ways to a server: in this process, and over a real socket."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.unit.fhir.socket_server import served
from tools.fhir.limits import Limits
from tools.fhir.transport import Transport, in_process

Reach = Callable[[Any], Awaitable[tuple[str, Transport | None]]]


@pytest.fixture(params=["in_process", "socket"])
async def reach(request: pytest.FixtureRequest) -> AsyncIterator[Reach]:
    """Given an ASGI app: the base URL and transport that lead to it."""
    async with AsyncExitStack() as stack:

        async def open_way(app: Any) -> tuple[str, Transport | None]:
            if request.param == "socket":
                return await stack.enter_async_context(served(app)), None
            return "http://fhir.test/fhir", in_process(app)

        yield open_way


@pytest.fixture
def quick() -> Limits:
    """Limits that make a failing test fail soon."""
    return Limits(request_seconds=0.3, attempts=3, backoff_seconds=0.01, longest_wait_seconds=1.0)
