"""OpenTelemetry traces of what is watched, sent to the one endpoint that the settings name; needs `telemetry`.

Model calls follow OpenTelemetry's semantic conventions for generative AI, FHIR requests those for HTTP; of an address
only the server and the type of resource are told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

from agents.models.endpoint import Endpoint
from tools.observer import (
    EngineCall,
    EngineStarted,
    Event,
    FhirRequest,
    ModelCall,
    NodeStep,
    RoundDrive,
    Verified,
    Work,
)

Attribute = str | int | float | bool | Sequence[str]
SEND_SECONDS = 5.0
"""So long the endpoint may take for what is sent at once."""


def sending(endpoint: Endpoint) -> SpanProcessor:
    """Sends spans to an endpoint, in batches, from a thread of its own; a redirect leads nowhere."""
    session = requests.Session()
    # The environment's proxies and .netrc are not read: settings come from preround alone.
    session.trust_env = False
    session.max_redirects = 0
    headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else None
    url = f"{endpoint.root}/v1/traces"
    return BatchSpanProcessor(OTLPSpanExporter(url, headers=headers, timeout=SEND_SECONDS, session=session))


class Traces:
    """Makes a span of each piece of work.

    Args:
        processor: what is done with spans.
        version: of the program.
        share: of rounds that are traced, from 0 to 1.
    """

    def __init__(self, processor: SpanProcessor, *, version: str, share: float = 1.0) -> None:
        named = Resource({"service.name": "preround", "service.version": version})
        with _enabled():
            self._provider = TracerProvider(
                resource=named, sampler=ParentBased(TraceIdRatioBased(share)), shutdown_on_exit=False
            )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("preround", version)

    @contextmanager
    def watch(self, work: Work) -> Iterator[None]:
        """A span for as long as the block lasts; a failure is told by its class."""
        name, kind, attributes = _begun(work)
        with self._tracer.start_as_current_span(
            name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            finally:
                for key, value in _ended(work).items():
                    span.set_attribute(key, value)
                if work.error is not None:
                    span.set_attribute("error.type", work.error)
                    span.set_status(StatusCode.ERROR)

    def note(self, event: Event) -> None:
        """An event on the span that is open."""
        match event:
            case EngineStarted(again=again):
                get_current_span().add_event("preround.engine_started", {"preround.again": again})
            case Verified(task=task, standing=standing, removed=removed):
                counts: dict[str, Attribute] = {
                    "preround.task": task,
                    "preround.standing": standing,
                    "preround.removed": removed,
                }
                get_current_span().add_event("preround.verified", counts)

    def close(self) -> None:
        """Send what is left, and end."""
        self._provider.shutdown()


@contextmanager
def _enabled() -> Iterator[None]:
    """The switch that keeps other libraries' telemetry off is off while ours is made, which the site asked for."""
    before = os.environ.pop("OTEL_SDK_DISABLED", None)
    try:
        yield
    finally:
        if before is not None:
            os.environ["OTEL_SDK_DISABLED"] = before


def _begun(work: Work) -> tuple[str, SpanKind, dict[str, Attribute]]:
    """The name and the kind of a span, and what is known of the work when it begins."""
    match work:
        case RoundDrive(run_id=run_id):
            told: dict[str, Attribute] = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "preround"}
            return "invoke_agent preround", SpanKind.INTERNAL, {**told, "gen_ai.conversation.id": run_id}
        case NodeStep(node=node):
            return f"node {node}", SpanKind.INTERNAL, {"preround.node": node}
        case FhirRequest():
            return f"{work.method} /{work.resource_type}", SpanKind.CLIENT, _asked(work)
        case ModelCall():
            told = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": work.system}
            fixed: dict[str, Attribute] = {"gen_ai.request.temperature": 0.0, "gen_ai.output.type": "json"}
            return f"chat {work.model}", SpanKind.CLIENT, {**told, **fixed, "gen_ai.request.model": work.model}
        case EngineCall(operation=operation):
            return f"cql {operation}", SpanKind.CLIENT, {"preround.engine.operation": operation}
    return "work", SpanKind.INTERNAL, {}


def _asked(request: FhirRequest) -> dict[str, Attribute]:
    told: dict[str, Attribute] = {
        "http.request.method": request.method,
        "url.template": f"/{request.resource_type}",
        "preround.fhir.interaction": request.interaction,
        "server.address": request.host,
    }
    return told if request.port is None else {**told, "server.port": request.port}


def _ended(work: Work) -> dict[str, Attribute]:
    """What is known of a piece of work at its end."""
    match work:
        case RoundDrive(status=str(status)):
            return {"preround.round.status": status}
        case FhirRequest(status=int(status)):
            return {"http.response.status_code": status, "http.response.body.size": work.answer_bytes}
        case ModelCall(finish=str(finish)):
            return {
                "gen_ai.usage.input_tokens": work.sent,
                "gen_ai.usage.output_tokens": work.made,
                "gen_ai.usage.cache_read.input_tokens": work.cached,
                "gen_ai.response.finish_reasons": (finish,),
            }
    return {}
