"""A chat model that answers from a script: the real interface, for tests and replays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, SkipValidation

Line = str | AIMessage | Callable[[str], "str | AIMessage"]
"""A reply, or a function of the prompt that makes one."""


class ScriptEnded(RuntimeError):
    """The script has no further line; add one for each call that the round makes."""

    def __init__(self) -> None:
        super().__init__("The script has no further line; add one for each call that the round makes.")


class ScriptedChat(BaseChatModel):
    """Gives the lines of its script one after another, and keeps the prompts it was given."""

    lines: Sequence[SkipValidation[Line]]
    """What it answers, in order."""
    prompts: list[str] = Field(default_factory=list)
    """What it was asked."""
    asked: list[dict[str, Any]] = Field(default_factory=list)
    """The options of each call, such as ``response_format``."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - langchain-core's signature
    ) -> ChatResult:
        prompt = "\n".join(str(m.content) for m in messages)
        if len(self.prompts) >= len(self.lines):
            raise ScriptEnded
        line = self.lines[len(self.prompts)]
        self.prompts.append(prompt)
        self.asked.append(kwargs)
        said = line(prompt) if callable(line) and not isinstance(line, AIMessage) else line
        message = AIMessage(content=said) if isinstance(said, str) else said
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - langchain-core's signature
    ) -> ChatResult:
        return self._generate(messages, stop, None, **kwargs)
