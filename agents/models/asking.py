"""Asking a chat model for one typed answer: bounded JSON schema, one repair, limits on time and on calls at once."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from langsmith.run_helpers import tracing_context
from pydantic import BaseModel, ValidationError

from agents.models.failures import ModelTooSlow
from agents.models.pieces import Pieces, Watch
from agents.models.reply import ReplyNotJson, answer_text, parse_json
from tools.observer import NOBODY, Finish, ModelCall, Observer
from tools.tally import Tally, current

Answer = TypeVar("Answer", bound=BaseModel)
Thinking = Literal["off", "on"]
_FINISHES: dict[str, Finish] = {"stop": "stop", "length": "length"}


class Asker:
    """One chat model, asked by one reasoner.

    Args:
        model: any langchain-core chat model.
        seconds: time limit of one call.
        at_once: so many calls may run side by side.
        room: tokens that a prompt may have, the served context without the answer; ``None`` where it is not known.
        watch: told with each piece of an answer how many answers are under way and how many pieces came so far.
        observer: who watches the calls.
        named: the system and the model's name, for them.
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        seconds: float = 600.0,
        at_once: int = 4,
        room: int | None = None,
        watch: Watch | None = None,
        observer: Observer = NOBODY,
        named: tuple[str, str] = ("other", "other"),
    ) -> None:
        self._model = model
        self._seconds = seconds
        self.room = room
        self._pieces = Pieces(watch)
        self._gate = asyncio.Semaphore(at_once)
        self.spent = Tally()
        self._observer = observer
        self._named = named

    def tokens(self, text: str) -> int:
        """How long a text is for this model; by the served model's own tokenizer where the adapter has it."""
        count = getattr(self._model, "count_tokens", None)
        return int(count(text)) if callable(count) else about_tokens(text)

    async def ask(
        self, prompt: str, form: type[Answer], *, prompt_sha256: str = "", pictures: Sequence[tuple[str, bytes]] = ()
    ) -> Answer:
        """Ask for an answer of a form.

        Args:
            prompt: the whole user turn; Gemma has no system role.
            form: a pydantic model with bounded fields; its JSON Schema constrains the server's output.
            prompt_sha256: hash of the prompt files, for the ledger.
            pictures: PNGs that follow the prompt, each with the words that stand behind it.

        Raises:
            ModelFailed: no usable answer: truncated, thinking without an end, no JSON, too long a prompt.
            ModelAway: no answer at all, or not in time.
        """
        schema = form.model_json_schema()
        messages: list[BaseMessage] = [_message(prompt, pictures)]
        try:
            return self._validated(await self._call(messages, schema, prompt_sha256), form)
        except ReplyNotJson as error:
            again = f"{prompt}\n\nYour last answer could not be used: {error} Answer again, as JSON only."
            mended: list[BaseMessage] = [_message(again, pictures)]
            return self._validated(await self._call(mended, schema, prompt_sha256), form)

    @staticmethod
    def _validated(text: str, form: type[Answer]) -> Answer:
        try:
            return form.model_validate(parse_json(text))
        except ValidationError as error:
            first = error.errors()[0]
            raise ReplyNotJson(f"{'.'.join(str(p) for p in first['loc'])}: {first['msg']}") from None

    async def _call(self, messages: list[BaseMessage], schema: dict[str, Any], prompt_sha256: str) -> str:
        limits: dict[str, Any] = {
            "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
        }
        system, model = self._named
        async with self._gate:
            self._pieces.under_way += 1
            call = ModelCall(system=system, model=model)
            try:
                # Whatever the environment says, no trace of a prompt goes to anybody.
                with self._observer.watch(call), tracing_context(enabled=False):
                    async with asyncio.timeout(self._seconds):
                        message = await self._model.ainvoke(
                            messages, {"callbacks": [self._pieces]}, temperature=0, **limits
                        )
                    self._count(call, messages, message, prompt_sha256)
            except TimeoutError:
                raise ModelTooSlow(self._seconds) from None
            finally:
                self._pieces.under_way -= 1
        return answer_text(message)

    def _count(self, call: ModelCall, messages: list[BaseMessage], message: BaseMessage, prompt_sha256: str) -> None:
        usage: dict[str, Any] = getattr(message, "usage_metadata", None) or {}
        call.sent = int(usage.get("input_tokens") or sum(self.tokens(m.text) for m in messages))
        call.made = int(usage.get("output_tokens") or 0)
        call.cached = int((usage.get("input_token_details") or {}).get("cache_read") or 0)
        call.finish = _FINISHES.get(str(message.response_metadata.get("finish_reason")), "other")
        for tally in (self.spent, current()):
            tally.asked(sent=call.sent, made=call.made, cached=call.cached, prompt_sha256=prompt_sha256)


def _message(prompt: str, pictures: Sequence[tuple[str, bytes]]) -> HumanMessage:
    if not pictures:
        return HumanMessage(content=prompt)
    parts: list[str | dict[Any, Any]] = [{"type": "text", "text": prompt}]
    for words, png in pictures:
        parts.append({"type": "image", "base64": base64.b64encode(png).decode(), "mime_type": "image/png"})
        parts += [{"type": "text", "text": words}] if words else []
    return HumanMessage(content=parts)


def about_tokens(text: str) -> int:
    """A token a digit and one for 3.6 other characters: near Gemma's count, where no tokenizer is at hand."""
    digits = sum(c.isdigit() for c in text)
    return digits + round((len(text) - digits) / 3.6)
