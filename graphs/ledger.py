"""The ledger of a round: what it cost, segment by segment when more than one process drove it."""

from __future__ import annotations

from typing import Any

from graphs.clock import Clock
from graphs.services import Services


class Meter:
    """Counts from its making until it is read."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._clock: Clock = services.clock
        self._cpu = self._clock.cpu_seconds()
        self._requests, self._bytes = services.client.requests, services.client.bytes
        self._spent = services.reasoner.spent
        self._seconds: dict[str, float] = {}
        self._started: dict[str, float] = {}

    def node(self, name: str, state: str) -> None:
        """Told when a node starts and ends."""
        if state == "started":
            self._started[name] = self._clock.monotonic()
        elif name in self._started:
            spent = self._clock.monotonic() - self._started.pop(name)
            self._seconds[name] = self._seconds.get(name, 0.0) + spent

    def ledger(self, before: dict[str, Any] | None) -> dict[str, Any]:
        """The ledger with this segment added to the ones before."""
        old = before or {}
        now, was = self._services.reasoner.spent, self._spent
        seconds = dict(old.get("seconds", {}))
        for name, value in self._seconds.items():
            seconds[name] = round(seconds.get(name, 0.0) + value, 4)
        return {
            "llm_calls": old.get("llm_calls", 0) + now.llm_calls - was.llm_calls,
            "prompt_tokens": old.get("prompt_tokens", 0) + now.prompt_tokens - was.prompt_tokens,
            "completion_tokens": old.get("completion_tokens", 0) + now.completion_tokens - was.completion_tokens,
            "largest_prompt_tokens": max(old.get("largest_prompt_tokens", 0), now.largest_prompt_tokens),
            "cached_prompt_tokens": old.get("cached_prompt_tokens", 0)
            + now.cached_prompt_tokens
            - was.cached_prompt_tokens,
            "fhir_requests": old.get("fhir_requests", 0) + self._services.client.requests - self._requests,
            "fhir_bytes": old.get("fhir_bytes", 0) + self._services.client.bytes - self._bytes,
            "cpu_seconds": round(old.get("cpu_seconds", 0.0) + self._clock.cpu_seconds() - self._cpu, 3),
            "seconds": seconds,
            "prompts": sorted({*old.get("prompts", ()), *now.prompts}),
        }
