"""A model's reply as text: thinking stripped, truncation and unfinished thinking named as failures."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from langchain_core.messages import BaseMessage

THINK_OPEN, THINK_CLOSE = "<unused94>", "<unused95>"
_THOUGHT = re.compile(r"<unused94>.*?<unused95>", re.S)
_FENCE = re.compile(r"^\s*```(?:json)?\s*|\s*```\s*$")


class ModelFailed(RuntimeError):
    """The model gave no usable answer; the round says so, and a second try may help."""


class ReplyTruncated(ModelFailed):
    """The model stopped at its length limit; give it more tokens or a smaller chart."""

    def __init__(self) -> None:
        super().__init__("The model stopped at its length limit; give it more tokens or a smaller chart.")


class ThinkingUnfinished(ModelFailed):
    """The model thought without an end; give it more tokens or switch thinking off."""

    def __init__(self) -> None:
        super().__init__("The model thought without an end; give it more tokens or switch thinking off.")


class ReplyNotJson(ModelFailed):
    """The model did not answer in the form asked for, twice; check that the server constrains its output."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"The model did not answer in the form asked for ({problem}); check that its output is constrained."
        )


def answer_text(message: BaseMessage) -> str:
    """The answer behind any thinking.

    Raises:
        ReplyTruncated: the model ran into its limit.
        ThinkingUnfinished: a thought has no end.
    """
    if message.response_metadata.get("finish_reason") == "length":
        raise ReplyTruncated
    text = _THOUGHT.sub("", str(message.text))
    if THINK_OPEN in text:
        raise ThinkingUnfinished
    # A bare end mark means that the opening one was eaten by the template: all before it is thought.
    return text.rpartition(THINK_CLOSE)[2].strip()


def parse_json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON of an answer, fences and raw control characters forgiven; no such character is left in its strings.

    Raises:
        ReplyNotJson: when it is none.
    """
    try:
        return _printable(json.loads(_FENCE.sub("", text), strict=False))
    except (ValueError, RecursionError) as error:
        raise ReplyNotJson(f"no JSON: {type(error).__name__}") from None


def _printable(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """White space for control characters, and for those that turn or hide what stands beside them."""
    if isinstance(value, str):
        return "".join(" " if unicodedata.category(c).startswith("C") else c for c in value)
    if isinstance(value, list):
        return [_printable(one) for one in value]
    if isinstance(value, dict):
        return {key: _printable(one) for key, one in value.items()}
    return value
