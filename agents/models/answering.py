"""A chat model whose answers are code: the real interface, without a server or weights."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult


class AnsweringChat(BaseChatModel):
    """Answers each prompt with what `answer` makes of it."""

    @abstractmethod
    def answer(self, prompt: str, options: dict[str, Any]) -> str | AIMessage:
        """The reply to a prompt.

        Args:
            prompt: the content of all messages, a line each.
            options: of the call, such as ``response_format``.
        """

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - langchain-core's signature
    ) -> ChatResult:
        said = self.answer("\n".join(str(m.content) for m in messages), kwargs)
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
