"""A langchain-core chat model as a model of Inspect AI: questions go where the settings allow, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langsmith.run_helpers import tracing_context

from agents.models.reply import ModelFailed, ReplyTruncated, ThinkingUnfinished, answer_text


class ExamChat(ModelAPI):
    """Asks one chat model.

    Args:
        chat: the model.
        name: what logs call it.
        at_once: so many calls may run side by side.
        answered: told after each answer how many there were.
    """

    def __init__(
        self, chat: BaseChatModel, *, name: str, at_once: int, answered: Callable[[int], None] = lambda count: None
    ) -> None:
        super().__init__(model_name=name)
        self._answered = answered
        self._answers = 0
        self._chat = chat
        self._at_once = at_once
        self.away: Exception | None = None
        """Why the exam cannot go on, once it cannot."""

    def max_connections(self) -> int:
        """So many calls side by side."""
        return self._at_once

    def should_retry(self, ex: Exception) -> bool:
        """Never: the chat model has tried again by itself."""
        return False

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """One answer without its thinking; an unusable one is empty and wrong, a model that is away ends the exam."""
        if self.away is not None:
            raise self.away
        output = await self._asked(input)
        self._answers += 1
        self._answered(self._answers)
        return output

    async def _asked(self, said: list[ChatMessage]) -> ModelOutput:
        try:
            # Whatever the environment says, no trace of a question goes to anybody.
            with tracing_context(enabled=False):
                message = await self._chat.ainvoke([_message(one) for one in said], temperature=0)
        except ModelFailed as error:
            return self._unusable(error)
        except Exception as error:
            self.away = error
            raise
        try:
            text = answer_text(message)
        except ModelFailed as error:
            return self._unusable(error)
        output = ModelOutput.from_content(self.model_name, text)
        if isinstance(message, AIMessage) and (used := message.usage_metadata):
            output.usage = ModelUsage(
                input_tokens=used["input_tokens"],
                output_tokens=used["output_tokens"],
                total_tokens=used["total_tokens"],
            )
        return output

    def _unusable(self, error: ModelFailed) -> ModelOutput:
        cut = isinstance(error, (ReplyTruncated, ThinkingUnfinished))
        return ModelOutput.from_content(
            self.model_name, "", stop_reason="max_tokens" if cut else "unknown", error=str(error)
        )


def exam_chat(
    chat: BaseChatModel, *, name: str, at_once: int, answered: Callable[[int], None] = lambda count: None
) -> ExamChat:
    """The model as Inspect's registry knows it, so that a log can say by what it was answered."""
    # Its types say that a decorated class is made like their base class; it is made like itself.
    make: Callable[..., object] = modelapi(name="preround")(ExamChat)
    made = make(chat, name=name, at_once=at_once, answered=answered)
    if not isinstance(made, ExamChat):
        raise TypeError("Inspect AI made another model than it was given; install the version of the extra evals.")
    return made


def _message(one: ChatMessage) -> BaseMessage:
    if isinstance(one, ChatMessageAssistant):
        return AIMessage(content=one.text)
    return SystemMessage(content=one.text) if isinstance(one, ChatMessageSystem) else HumanMessage(content=one.text)
