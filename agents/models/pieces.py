"""Progress of answers: each piece that a model streams is counted, so that whoever waits sees that it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler

Watch = Callable[[int, int], None]
"""Told how many answers are under way, and how many pieces of answers came so far."""


class Pieces(AsyncCallbackHandler):
    """Counts what is streamed; no text of an answer is kept or passed on.

    Args:
        watch: who is told.
    """

    def __init__(self, watch: Watch | None) -> None:
        self._watch = watch
        self._count = 0
        self.under_way = 0

    async def on_llm_new_token(self, token: object, **kwargs: Any) -> None:  # noqa: ANN401 - langchain-core's signature
        """One more piece."""
        self._count += 1
        if self._watch is not None:
            self._watch(self.under_way, self._count)
