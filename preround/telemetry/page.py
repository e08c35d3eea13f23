"""`/metrics`, as Prometheus asks for it."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from preround.wiring import House


def metrics_page(house: House) -> APIRouter:
    """`/metrics`: what this process did, and what the state holds."""
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    async def metrics() -> Response:
        """Prometheus' text format; the state is counted in a thread."""
        return Response(await asyncio.to_thread(house.metrics.page), media_type=CONTENT_TYPE_LATEST)

    return router
