"""Prometheus metrics of what this process does; labels come from closed sets and from the settings."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.exposition import generate_latest
from prometheus_client.process_collector import ProcessCollector

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

_FAST = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SLOW = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)


class Metrics:
    """Counts what is watched."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._build = Info("preround_build", "What runs here.", registry=registry)

        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(f"preround_{name}", words, labels, registry=registry)

        def histogram(name: str, words: str, *labels: str, buckets: tuple[float, ...] = _FAST) -> Histogram:
            return Histogram(f"preround_{name}", words, labels, buckets=buckets, registry=registry)

        self._fhir = counter("fhir_requests", "FHIR requests, retries counted.", "interaction", "type", "outcome")
        self._fhir_bytes = counter("fhir_answer_bytes", "Bytes of FHIR answers, decompressed.")
        self._fhir_seconds = histogram("fhir_request_seconds", "Seconds of FHIR requests.", "interaction")
        self._calls = counter("model_calls", "Calls of a model.", "system", "model", "outcome")
        self._tokens = counter("model_tokens", "Tokens, by kind; cached ones are among those sent.", "model", "kind")
        self._call_seconds = histogram("model_call_seconds", "Seconds of model calls.", "model", buckets=_SLOW)
        self._engine = counter("engine_calls", "Calls of the guideline engine.", "operation", "outcome")
        self._engine_seconds = histogram("engine_call_seconds", "Seconds of those calls.", "operation")
        self._engine_starts = counter("engine_starts", "Starts of the guideline engine's process.")
        self._engine_restarts = counter("engine_restarts", "Starts after it had ended; it ends only when it fails.")
        self._nodes = histogram("node_seconds", "Seconds of a round's nodes.", "node", "outcome", buckets=_SLOW)
        self._drives = counter("round_drives", "Rounds driven to a stop, by where they stood.", "status")
        self._drive_seconds = histogram("round_drive_seconds", "Seconds from stop to stop.", buckets=_SLOW)
        self._under_way = Gauge("preround_rounds_under_way", "Rounds driven at the moment.", registry=registry)
        self._claims = counter("claims", "Claims that the verifier let stand or removed.", "task", "verdict")

    def describe(self, *, version: str, reasoner: str, model: str) -> None:
        """Say what runs here: the program's version, who words drafts, and with which model."""
        self._build.info({"version": version, "reasoner": reasoner, "model": model})

    @contextmanager
    def watch(self, work: Work) -> Iterator[None]:
        """Count a piece of work at its end."""
        began = time.perf_counter()
        if isinstance(work, RoundDrive):
            self._under_way.inc()
        try:
            yield
        finally:
            self._count(work, time.perf_counter() - began)

    def note(self, event: Event) -> None:
        """Count what happened."""
        match event:
            case EngineStarted(again=again):
                self._engine_starts.inc()
                self._engine_restarts.inc(int(again))
            case Verified(task=task, standing=standing, removed=removed):
                self._claims.labels(task, "standing").inc(standing)
                self._claims.labels(task, "removed").inc(removed)

    def page(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)

    def _count(self, work: Work, seconds: float) -> None:
        outcome = work.error or "ok"
        match work:
            case FhirRequest():
                said = work.error or f"{(work.status or 0) // 100}xx"
                self._fhir.labels(work.interaction, work.resource_type, said).inc()
                self._fhir_seconds.labels(work.interaction).observe(seconds)
                self._fhir_bytes.inc(work.answer_bytes)
            case ModelCall():
                self._calls.labels(work.system, work.model, work.error or work.finish or "ok").inc()
                self._call_seconds.labels(work.model).observe(seconds)
                for kind, tokens in (("sent", work.sent), ("cached", work.cached), ("made", work.made)):
                    self._tokens.labels(work.model, kind).inc(tokens)
            case EngineCall():
                self._engine.labels(work.operation, outcome).inc()
                self._engine_seconds.labels(work.operation).observe(seconds)
            case NodeStep():
                self._nodes.labels(work.node, outcome).observe(seconds)
            case RoundDrive():
                self._under_way.dec()
                self._drives.labels(work.status or outcome).inc()
                self._drive_seconds.observe(seconds)
