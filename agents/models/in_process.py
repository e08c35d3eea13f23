"""A chat model in this process: Gemma 3 or Llama through transformers, behind the same interface as a server."""

from __future__ import annotations

import asyncio
import base64
import importlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from agents.models.decoding import text_of
from agents.models.failures import ImageRefused, ModelTooSlow, PromptTooLong, TemplateMissing
from agents.models.picture import decoded
from agents.models.registry import Template
from agents.models.schema import constrainable
from agents.models.turns import Turn, turns
from tools.needed import needed

IMAGE = "<start_of_image>"
"""What stands for a picture in Gemma's prompt; its processor writes the picture's tokens there."""


def gemma_prompt(talk: list[Turn]) -> str:
    """A talk as MedGemma was trained to read it, up to where it answers."""
    said = [f"<start_of_turn>{'model' if t.role == 'assistant' else 'user'}\n{_spoken(t)}<end_of_turn>\n" for t in talk]
    return "<bos>" + "".join(said) + "<start_of_turn>model\n"


def _spoken(turn: Turn) -> str:
    """A turn's text, with the mark of each picture where it stands."""
    if all(part["type"] == "text" for part in turn.parts):
        return turn.text.strip()
    return "".join(p["text"].strip() if p["type"] == "text" else IMAGE for p in turn.parts)


def llama3_prompt(talk: list[Turn]) -> str:
    """A talk as Llama 3 and what was made of it were trained to read it, up to where they answer."""
    said = [f"<|start_header_id|>{t.role}<|end_header_id|>\n\n{t.text.strip()}<|eot_id|>" for t in talk]
    return "<|begin_of_text|>" + "".join(said) + "<|start_header_id|>assistant<|end_header_id|>\n\n"


def prompt_text(tokenizer: Any, model: Any, talk: list[Turn], template: Template = "tokenizer") -> str:  # noqa: ANN401
    """A talk as a model was trained to read it: in the form that its row names, or by the tokenizer's own template.

    Raises:
        TemplateMissing: the row names none and the tokenizer has none.
    """
    if template == "gemma" or str(model.config.model_type).startswith("gemma"):
        return gemma_prompt(talk)
    if template == "llama-3":
        return llama3_prompt(talk)
    if not tokenizer.chat_template:
        raise TemplateMissing
    said = [{"role": t.role, "content": t.text} for t in talk]
    return str(tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True))


class TransformersChat(BaseChatModel):
    """Runs weights from a folder; nothing is downloaded.

    Where xgrammar is installed, a JSON form constrains the output as on a server. Without it the answer is only
    validated, and asked for once more.
    """

    folder: Path
    """The weights."""
    adapter: Path | None = None
    """A LoRA adapter on them."""
    template: Template = "tokenizer"
    """How a prompt is laid out."""
    max_tokens: int = 4096
    """Longest answer."""
    thinking: str = ""
    """The line that lets the model think in calls without a JSON form."""
    banned: tuple[str, ...] = ("<unused94>",)
    """Tokens that a JSON call must not choose."""
    seconds: float = 600.0
    """Limit of one call."""
    _loaded: Any = PrivateAttr(default=None)
    _processor: Any = PrivateAttr(default=None)
    _one: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "transformers"

    def count_tokens(self, text: str) -> int:
        """How long a text is by the model's own tokenizer."""
        return len(self._weights()[0].encode(text, add_special_tokens=False))

    def _weights(self) -> tuple[Any, Any]:
        """Tokenizer and model, read once."""
        with self._one:
            if self._loaded is None:
                torch, transformers = needed("torch", extra="models"), needed("transformers", extra="models")
                tokenizer = transformers.AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
                model = transformers.AutoModelForCausalLM.from_pretrained(
                    self.folder, dtype=torch.bfloat16, local_files_only=True
                )
                if self.adapter is not None:
                    model = needed("peft", extra="models,tune").PeftModel.from_pretrained(model, self.adapter)
                self._loaded = (tokenizer, model.eval().to("cuda" if torch.cuda.is_available() else "cpu"))
            found: tuple[Any, Any] = self._loaded
            return found

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - langchain-core's signature
    ) -> ChatResult:
        return self._answer(messages, kwargs, threading.Event())

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - langchain-core's signature
    ) -> ChatResult:
        given_up, loop = threading.Event(), asyncio.get_running_loop()

        def told() -> None:
            if run_manager is not None and not given_up.is_set():
                asyncio.run_coroutine_threadsafe(run_manager.on_llm_new_token(""), loop)

        try:
            async with asyncio.timeout(self.seconds):
                return await asyncio.to_thread(self._answer, messages, kwargs, given_up, told)
        except TimeoutError:
            raise ModelTooSlow(self.seconds) from None
        finally:
            # A thread cannot be cancelled; it looks at this after each token.
            given_up.set()

    def _answer(
        self,
        messages: list[BaseMessage],
        options: dict[str, Any],
        given_up: threading.Event,
        told: Callable[[], None] = lambda: None,
    ) -> ChatResult:
        torch = needed("torch", extra="models")
        form = options.get("response_format")
        talk = turns(messages, first="" if form else self.thinking)
        tokenizer, model = self._weights()
        given = self._given(tokenizer, model, talk)
        sent = given["input_ids"].shape[1]
        longest = int(options.get("max_tokens", self.max_tokens))
        if sent + longest > model.config.get_text_config().max_position_embeddings:
            raise PromptTooLong
        with self._one, torch.inference_mode():
            made = model.generate(**given, max_new_tokens=longest, **self._limits(form, options, given_up, told))
        return _result(tokenizer, model, sent, made[0, sent:])

    def _given(self, tokenizer: Any, model: Any, talk: list[Turn]) -> dict[str, Any]:  # noqa: ANN401 - transformers classes
        """What the model is given: token ids, and the pictures' values where there are any.

        Raises:
            ImageRefused: the model takes no pictures, or one cannot be read.
        """
        prompt = prompt_text(tokenizer, model, talk, self.template)
        bodies = [
            base64.b64decode(p["image_url"]["url"].partition(",")[2]) for t in talk for p in t.parts if "image_url" in p
        ]
        if not bodies:
            ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt").input_ids.to(model.device)
            return {"input_ids": ids, "attention_mask": needed("torch", extra="models").ones_like(ids)}
        if getattr(model.config, "vision_config", None) is None:
            raise ImageRefused
        try:
            # A mark in the text itself would be one picture too many, which the processor refuses.
            made = self._pictures()(
                text=[prompt], images=[[decoded(b) for b in bodies]], add_special_tokens=False, return_tensors="pt"
            )
        except ValueError:
            raise ImageRefused from None
        return dict(made.to(model.device, dtype=model.dtype))

    def _pictures(self) -> Any:  # noqa: ANN401 - a transformers class
        with self._one:
            if self._processor is None:
                transformers = needed("transformers", extra="models")
                self._processor = transformers.AutoProcessor.from_pretrained(self.folder, local_files_only=True)
            return self._processor

    def _limits(
        self,
        form: Any,  # noqa: ANN401 - any JSON value
        options: dict[str, Any],
        given_up: threading.Event,
        told: Callable[[], None],
    ) -> dict[str, Any]:
        def stopped(ids: Any, scores: Any, **_: Any) -> bool:  # noqa: ANN401 - transformers' signature
            told()
            return given_up.is_set()

        heat = float(options.get("temperature", 0))
        limits: dict[str, Any] = {
            "do_sample": heat > 0,
            "temperature": heat or None,
            "top_k": None,
            "top_p": None,
            "stopping_criteria": needed("transformers", extra="models").StoppingCriteriaList([stopped]),
        }
        if form:
            tokenizer, model = self._loaded
            vocabulary = tokenizer.get_vocab()
            limits["suppress_tokens"] = [vocabulary[t] for t in self.banned if t in vocabulary] or None
            limits["logits_processor"] = _constraint(tokenizer, model, form)
        return limits


def _constraint(tokenizer: Any, model: Any, form: dict[str, Any]) -> Any:  # noqa: ANN401 - transformers classes
    """What holds the output to a JSON form, where xgrammar is installed; else nothing."""
    if form.get("type") != "json_schema":
        return None
    try:
        xgrammar: Any = importlib.import_module("xgrammar")
    except ImportError:
        return None
    info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=model.config.get_text_config().vocab_size)
    schema = constrainable(form["json_schema"]["schema"])
    grammar = xgrammar.GrammarCompiler(info).compile_json_schema(schema, any_whitespace=False)
    return [xgrammar.contrib.hf.LogitsProcessor(grammar)]


def _result(tokenizer: Any, model: Any, sent: int, made: Any) -> ChatResult:  # noqa: ANN401 - transformers and torch classes
    ends = model.generation_config.eos_token_id
    ended = len(made) > 0 and int(made[-1]) in (ends if isinstance(ends, list) else [ends])
    # Marks of thinking are special tokens: they stay in, for the reply to be stripped by.
    text = text_of(tokenizer, (made[:-1] if ended else made).tolist())
    usage = UsageMetadata(input_tokens=sent, output_tokens=len(made), total_tokens=sent + len(made))
    message = AIMessage(
        content=text, response_metadata={"finish_reason": "stop" if ended else "length"}, usage_metadata=usage
    )
    return ChatResult(generations=[ChatGeneration(message=message)])
