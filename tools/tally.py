"""What a piece of work costs, counted where it is spent, however many pieces of work run side by side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class Tally:
    """The costs of one piece of work so far."""

    fhir_requests: int = 0
    """Requests sent to the FHIR server, retries counted."""
    fhir_bytes: int = 0
    """Bytes of its answers, decompressed."""
    llm_calls: int = 0
    """Calls of a model that were answered."""
    prompt_tokens: int = 0
    """Tokens sent."""
    completion_tokens: int = 0
    """Tokens received."""
    largest_prompt_tokens: int = 0
    """The longest prompt."""
    cached_prompt_tokens: int = 0
    """Prompt tokens that the model server had in its cache."""
    prompts: set[str] = field(default_factory=set)
    """SHA-256 of the prompt files used."""

    def asked(self, *, sent: int, made: int, cached: int, prompt_sha256: str = "") -> None:
        """Count one answered call of a model, in tokens."""
        self.llm_calls += 1
        self.prompt_tokens += sent
        self.completion_tokens += made
        self.largest_prompt_tokens = max(self.largest_prompt_tokens, sent)
        self.cached_prompt_tokens += cached
        self.prompts.update({prompt_sha256} - {""})


_CURRENT: ContextVar[Tally | None] = ContextVar("tally", default=None)


def current() -> Tally:
    """The tally of the piece of work that is going on here; one that nobody reads where nobody counts."""
    return _CURRENT.get() or Tally()


@contextmanager
def counting(tally: Tally) -> Iterator[Tally]:
    """Count what is spent in the block, and in the tasks that it starts, on a tally of its own."""
    token = _CURRENT.set(tally)
    try:
        yield tally
    finally:
        _CURRENT.reset(token)
