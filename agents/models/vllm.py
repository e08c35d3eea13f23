"""A chat model behind an OpenAI-compatible server, vLLM above all: bounded JSON, no thinking in it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr, SkipValidation

from agents.models.asking import about_tokens
from agents.models.endpoint import Endpoint
from agents.models.failures import ModelAway, ModelUnreachable, RequestRefused
from agents.models.reply import ModelFailed
from agents.models.schema import constrainable
from agents.models.turns import turns
from agents.models.wire import Json, Patience, Wire

_COUNTED = 4096
"""Texts whose length is remembered."""


class VllmChat(BaseChatModel):
    """Asks ``/v1/chat/completions`` of one allowed endpoint."""

    endpoint: SkipValidation[Endpoint]
    """Where; only :func:`agents.models.endpoint.allowed` makes one."""
    served: str
    """The model's name there."""
    max_tokens: int = 4096
    """Longest answer."""
    seed: int = 0
    """For repeatable answers."""
    thinking: str = ""
    """The line that lets the model think in calls without a JSON form; empty for none."""
    banned: tuple[str, ...] = ("<unused94>",)
    """Tokens that a JSON call must not begin with; those that the served tokenizer does not have are passed over."""
    patience: SkipValidation[Patience] = Patience()
    """Retries and time."""
    _wire: Wire = PrivateAttr()
    _bias: dict[str, float] | None = PrivateAttr(default=None)
    _counts: OrderedDict[str, int] = PrivateAttr(default_factory=OrderedDict)
    _offered: bool = PrivateAttr(default=True)
    _there: bool = PrivateAttr(default=True)

    def model_post_init(self, context: Any, /) -> None:  # noqa: ANN401 - pydantic's signature
        """Make the wire; nothing is sent yet."""
        super().model_post_init(context)
        self._wire = Wire(self.endpoint, served=self.served, patience=self.patience)

    @property
    def _llm_type(self) -> str:
        return "vllm"

    def count_tokens(self, text: str) -> int:
        """How long a text is by the served tokenizer; estimated where the server does not say."""
        if text in self._counts:
            self._counts.move_to_end(text)
            return self._counts[text]
        found = self._tokenized(text)
        if found is None:
            return about_tokens(text)
        self._counts[text] = len(found)
        while len(self._counts) > _COUNTED:
            self._counts.popitem(last=False)
        return len(found)

    def _tokenized(self, text: str) -> list[int] | None:
        if not (self._offered and self._there):
            return None
        try:
            body = {"model": self.served, "prompt": text, "add_special_tokens": False}
            found = self._wire.ask_now("/tokenize", body).get("tokens")
        except ModelUnreachable:
            # An estimate will do until the next call finds the server again.
            self._there = False
            return None
        except (ModelAway, ModelFailed):
            self._offered = False
            return None
        return found if isinstance(found, list) else None

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - langchain-core's signature
    ) -> ChatResult:
        # A thread of its own, because the caller's may already run a loop.
        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(asyncio.run, self._agenerate(messages, stop, None, **kwargs)).result()

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - langchain-core's signature
    ) -> ChatResult:
        body = await self._body(messages, stop, kwargs)
        prompt = "\n\n".join(str(m["content"]) for m in body["messages"])
        told = run_manager.on_llm_new_token if run_manager is not None else None
        answer = await self._wire.post("/v1/chat/completions", body, prompt=prompt, told=told)
        return ChatResult(generations=[ChatGeneration(message=_message(answer))])

    async def _body(self, messages: list[BaseMessage], stop: list[str] | None, options: Json) -> Json:
        form = options.get("response_format")
        talk = turns(messages, first="" if form else self.thinking)
        body: Json = {
            "model": self.served,
            "messages": [{"role": t.role, "content": t.content} for t in talk],
            "max_tokens": options.get("max_tokens", self.max_tokens),
            "temperature": options.get("temperature", 0),
            "seed": options.get("seed", self.seed),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if stop:
            body["stop"] = stop
        if form:
            body["response_format"] = _constrained(form)
            if bias := await asyncio.to_thread(self._ban):
                body["logit_bias"] = bias
        return body

    def _ban(self) -> dict[str, float]:
        """Token ids that may not be chosen; asked once, and again after the server was away."""
        self._there = True
        if self._bias is None:
            found = [self._tokenized(token) for token in self.banned]
            if any(ids is None for ids in found):
                return {}
            self._bias = {str(ids[0]): -100.0 for ids in found if ids is not None and len(ids) == 1}
        return self._bias


def _constrained(form: Json) -> Json:
    if form.get("type") != "json_schema":
        return form
    given = form["json_schema"]
    return {**form, "json_schema": {**given, "schema": constrainable(given["schema"])}}


def _message(answer: Json) -> AIMessage:
    """The first choice as a message, with why it ended and what it cost.

    Raises:
        RequestRefused: the answer holds no choice.
    """
    choices = answer.get("choices") or [{}]
    said = choices[0].get("message")
    if not isinstance(said, dict):
        raise RequestRefused(200)
    usage = answer.get("usage") or {}
    sent, made = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
    cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
    return AIMessage(
        content=str(said.get("content") or ""),
        response_metadata={"finish_reason": choices[0].get("finish_reason"), "model": answer.get("model")},
        usage_metadata=UsageMetadata(
            input_tokens=sent,
            output_tokens=made,
            total_tokens=sent + made,
            input_token_details=InputTokenDetails(cache_read=cached),
        ),
    )
