"""The served adapter as the tests of random weights use it: what it was given back is kept, and it may be warmer."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult
from pydantic import Field, SkipValidation

from agents.models.vllm import VllmChat
from agents.models.wire import Json


class RandomChat(VllmChat):
    """Random weights say next to nothing at temperature 0, so here they may draw lots, by seed."""

    heat: float = 1.0
    """The temperature, in place of the asker's 0."""
    heard: list[tuple[str, SkipValidation[AIMessage]]] = Field(default_factory=list)
    """Prompts and answers, in the order of the answers."""

    async def _body(self, messages: list[BaseMessage], stop: list[str] | None, options: Json) -> Json:
        return {**await super()._body(messages, stop, options), "temperature": self.heat}

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        found = await super()._agenerate(messages, stop, run_manager, **kwargs)
        message = found.generations[0].message
        assert isinstance(message, AIMessage)
        self.heard.append((str(messages[0].content), message))
        return found
