"""A streamed completion, folded into the one answer that it adds up to."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]


class StreamBroken(ValueError):
    """The stream is not what an OpenAI-compatible server sends, or it ended early."""


class Folded:
    """Takes the lines of a stream of server-sent events one by one."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._finish: str | None = None
        self._last: Json = {}
        self._usage: Json = {}
        self._done = False

    def line(self, line: str) -> str:
        """Take a line; gives the text that it adds.

        Raises:
            StreamBroken: it is no completion, or the server reports an error in it.
        """
        if not line.startswith("data:"):
            return ""
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            self._done = True
            return ""
        try:
            chunk = json.loads(data)
        except ValueError:
            chunk = None
        if not isinstance(chunk, dict) or "error" in chunk:
            raise StreamBroken
        self._last = chunk
        self._usage = chunk.get("usage") or self._usage
        return self._choice(chunk)

    def _choice(self, chunk: Json) -> str:
        choice = (chunk.get("choices") or [{}])[0]
        self._finish = choice.get("finish_reason") or self._finish
        text = str((choice.get("delta") or {}).get("content") or "")
        self._text.append(text)
        return text

    def answer(self) -> Json:
        """The whole, as an answer that was not streamed.

        Raises:
            StreamBroken: the stream ended before the answer did.
        """
        if not self._done or self._finish is None:
            raise StreamBroken
        message = {"role": "assistant", "content": "".join(self._text)}
        return {
            "model": self._last.get("model"),
            "choices": [{"message": message, "finish_reason": self._finish}],
            "usage": self._usage,
        }
