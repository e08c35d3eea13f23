"""A chat model on tape: what a real model answered is kept by the hash of what it was asked, and played again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, SkipValidation

from agents.models.asking import about_tokens
from agents.models.turns import turns
from tools.tape import Tape, TapeUnknown


class TapeChat(BaseChatModel):
    """Plays answers from a tape, and records those of a real model where it is given one.

    A tape holds hashes of prompts and the answers to them, and the prompts only where it is told to keep words;
    answers may repeat what a chart says, so tapes are made of invented patients.
    """

    tape: SkipValidation[Tape]
    """Where the answers are."""
    recorded: SkipValidation[BaseChatModel] | None = None
    """The model to ask where the tape has no answer yet; without one nothing is ever asked."""
    nearest: bool = False
    """Whether a prompt that has changed gets the answer to the recorded one that is most like it."""
    missed: list[str] = Field(default_factory=list)
    """Prompts that it had no answer to."""

    @property
    def _llm_type(self) -> str:
        return "tape"

    def count_tokens(self, text: str) -> int:
        """An estimate, the same while recording and playing, so that prompts are the same too."""
        return about_tokens(text)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - langchain-core's signature
    ) -> ChatResult:
        key, asked = _key(messages, kwargs)
        if self.recorded is not None and not self.tape.knows("model", key):
            self._record(key, self.recorded.invoke(messages, stop=stop, **kwargs), asked)
        return self._played(key, asked)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - langchain-core's signature
    ) -> ChatResult:
        key, asked = _key(messages, kwargs)
        if self.recorded is not None and not self.tape.knows("model", key):
            self._record(key, await self.recorded.ainvoke(messages, stop=stop, **kwargs), asked)
        return self._played(key, asked)

    def _record(self, key: str, message: BaseMessage, asked: str) -> None:
        kept = {
            "content": str(message.text),
            "finish_reason": message.response_metadata.get("finish_reason"),
            "usage": getattr(message, "usage_metadata", None),
        }
        self.tape.keep("model", key, kept, asked=asked)

    def _played(self, key: str, asked: str) -> ChatResult:
        try:
            kept = self.tape.again("model", key)
        except TapeUnknown:
            self.missed.append(asked)
            like = _most_like(asked, self.tape.asked("model")) if self.nearest else None
            if like is None:
                raise
            kept = self.tape.again("model", like)
        message = AIMessage(
            content=kept["content"],
            response_metadata={"finish_reason": kept["finish_reason"]},
            usage_metadata=kept["usage"],
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def _key(messages: list[BaseMessage], options: dict[str, Any]) -> tuple[str, str]:
    """The hash of everything that an answer depends on, and the words of the talk."""
    talk = [{"role": t.role, "parts": t.parts} for t in turns(messages)]
    asked = {"talk": talk, "form": options.get("response_format"), "temperature": options.get("temperature")}
    key = hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return key, "\n\n".join(t.text for t in turns(messages))


def _most_like(asked: str, known: Mapping[str, str]) -> str | None:
    """The key of the prompt that shares most lines with this one; prompts known only by hash are like none."""
    lines = set(asked.splitlines())

    def shared(key: str) -> float:
        others = set(known[key].splitlines())
        return len(lines & others) / len(lines | others)

    likely = [key for key in known if known[key] != key]
    return max(likely, key=shared, default=None)
