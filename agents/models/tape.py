"""A chat model on tape: what a real model answered is kept by the hash of what it was asked, and played again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import SkipValidation

from agents.models.asking import about_tokens
from agents.models.turns import turns


class TapeUnknown(RuntimeError):
    """The tape holds no answer to this prompt: the prompt, the form or the chart has changed; record it again."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The tape holds no answer to prompt {key[:12]}: the prompt, the form or the chart has changed; "
            "record it again."
        )


class TapeChat(BaseChatModel):
    """Plays answers from a folder, and records those of a real model where it is given one.

    A tape holds hashes of prompts and the answers to them, no prompt; answers may repeat what a chart says, so tapes
    are made of invented patients.
    """

    folder: Path
    """One JSON file an answer."""
    recorded: SkipValidation[BaseChatModel] | None = None
    """The model to ask where the tape has no answer yet; without one nothing is ever asked."""

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
        key = _key(messages, kwargs)
        if self.recorded is not None and not self._file(key).exists():
            self._record(key, self.recorded.invoke(messages, stop=stop, **kwargs))
        return self._played(key)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - langchain-core's signature
    ) -> ChatResult:
        key = _key(messages, kwargs)
        if self.recorded is not None and not self._file(key).exists():
            self._record(key, await self.recorded.ainvoke(messages, stop=stop, **kwargs))
        return self._played(key)

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _record(self, key: str, message: BaseMessage) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        usage = getattr(message, "usage_metadata", None)
        kept = {
            "content": str(message.text),
            "finish_reason": message.response_metadata.get("finish_reason"),
            "usage": usage,
        }
        self._file(key).write_text(
            json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
        )

    def _played(self, key: str) -> ChatResult:
        try:
            kept = json.loads(self._file(key).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise TapeUnknown(key) from None
        message = AIMessage(
            content=kept["content"],
            response_metadata={"finish_reason": kept["finish_reason"]},
            usage_metadata=kept["usage"],
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def _key(messages: list[BaseMessage], options: dict[str, Any]) -> str:
    """The hash of everything that an answer depends on."""
    talk = [{"role": t.role, "parts": t.parts} for t in turns(messages)]
    asked = {"talk": talk, "form": options.get("response_format"), "temperature": options.get("temperature")}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
