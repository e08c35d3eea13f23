"""Who watches this process, as the settings say: its log and its metrics always, traces where they may be sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from agents.models.endpoint import Endpoint, allowed
from agents.models.endpoint import Settings as Named
from preround import VERSION
from preround.settings import Settings
from preround.telemetry.logs import Log
from preround.telemetry.metrics import Metrics
from preround.telemetry.watchers import Watchers
from tools.needed import needed
from tools.observer import Observer

COLLECTOR = Named(
    what="collector of traces",
    goes="traces",
    url="PREROUND_TRACE_URL",
    hosts="PREROUND_TRACE_HOSTS",
    secret="give the key in PREROUND_TRACE_KEY",  # noqa: S106 - the name of a setting
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Telemetry:
    """What watches."""

    observer: Observer
    """All of it."""
    metrics: Metrics
    """The part that counts."""


def collector_of(settings: Settings) -> Endpoint | None:
    """Where traces go; `None` where they are off.

    Raises:
        EndpointRefused: the settings do not allow that host.
    """
    if settings.trace_url is None:
        return None
    key = settings.trace_key.get_secret_value() if settings.trace_key else None
    return allowed(settings.trace_url, hosts=settings.trace_hosts, key=key, settings=COLLECTOR)


@asynccontextmanager
async def watching(settings: Settings, *more: Observer) -> AsyncIterator[Telemetry]:
    """What watches while the block lasts; what is left to be sent is sent at its end.

    Args:
        settings: the site's.
        more: further ones.

    Raises:
        EndpointRefused: the settings name a collector and do not allow its host.
        LibraryMissing: they name one, and the extra `telemetry` is not installed.
    """
    metrics = Metrics()
    always: tuple[Observer, ...] = (Log(), metrics, *more)
    collector = collector_of(settings)
    if collector is None:
        yield Telemetry(observer=Watchers(*always), metrics=metrics)
        return
    traces = needed("preround.telemetry.traces", extra="telemetry")
    spans = traces.Traces(traces.sending(collector), version=VERSION, share=settings.trace_share)
    try:
        # A span is the outermost, so that what the others do is within it.
        yield Telemetry(observer=Watchers(spans, *always), metrics=metrics)
    finally:
        # What is left is sent from here, which may take its time; nothing else need wait for it.
        await asyncio.to_thread(spans.close)
