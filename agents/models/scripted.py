"""A chat model that answers from a script: the real interface, for tests and replays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import AIMessage
from pydantic import Field, SkipValidation

from agents.models.answering import AnsweringChat

Line = str | AIMessage | Callable[[str], "str | AIMessage"]
"""A reply, or a function of the prompt that makes one."""


class ScriptEnded(RuntimeError):
    """The script has no further line; add one for each call that the round makes."""

    def __init__(self) -> None:
        super().__init__("The script has no further line; add one for each call that the round makes.")


class ScriptedChat(AnsweringChat):
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

    def answer(self, prompt: str, options: dict[str, Any]) -> str | AIMessage:
        """The next line of the script.

        Raises:
            ScriptEnded: there is none.
        """
        if len(self.prompts) >= len(self.lines):
            raise ScriptEnded
        line = self.lines[len(self.prompts)]
        self.prompts.append(prompt)
        self.asked.append(options)
        return line(prompt) if callable(line) and not isinstance(line, AIMessage) else line
