"""A scripted model that answers by what it is asked, whatever the order of the calls."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage

from agents.models.asking import Asker
from agents.models.failures import NothingInPrompt
from agents.models.scripted import Line, ScriptedChat
from agents.prompts import prompt
from agents.worded.reasoner import WordedReasoner

ASKED = ("more", "notes", "summary", "comparison", "suggestions", "question", "repair")
EMPTY: Mapping[str, Any] = {
    "more": {"calls": []},
    "notes": {"facts": []},
    "summary": {"sections": []},
    "comparison": {"sections": []},
    "suggestions": {"sections": []},
    "question": {"sentences": [], "refusal": "Not on record."},
    "repair": {"sentences": []},
}
"""Well-formed answers that say nothing."""
Said = Line | Mapping[str, Any]
_BLANK = re.compile(r"\{\{(value |day |)(.+?)\}\}")
_FIRST_ID = re.compile(r"^([A-Za-z]+\d+(?:\.\d+)?) (.*)$")


def asked_for(text: str) -> str:
    """Which prompt file a call is about."""
    return next(name for name in ASKED if prompt(name).partition("\n")[0] in text)


def answering(*, most: int = 40, **said: Said | list[Said]) -> ScriptedChat:
    """A chat model that gives, for each prompt file, its answer or its answers one after another; empty ones else."""
    left: dict[str, list[Said]] = {n: list(one) if isinstance(one, list) else [one] for n, one in said.items()}

    def reply(text: str) -> str | AIMessage:
        name = asked_for(text)
        rest = left.get(name, [])
        one: Said = (rest.pop(0) if len(rest) > 1 else rest[0]) if rest else EMPTY[name]
        if isinstance(one, Mapping):
            return json.dumps(one)
        return one(text) if callable(one) and not isinstance(one, AIMessage) else one

    return ScriptedChat(lines=[reply] * most)


def reasoner_on(chat: ScriptedChat, *, room: int | None = None) -> WordedReasoner:
    """The reasoner on a scripted model."""
    return WordedReasoner(Asker(chat, room=room), name="scripted", model=("scripted", "1"))


def written(answer: Any) -> Said:  # noqa: ANN401 - as a file has it
    """An answer as people write it in a file.

    Args:
        answer: text as it is; `{"cut off": text}` for one that ran into its limit; else what becomes JSON, in which
            `{{HbA1c}}` stands for the id of the last HbA1c in the prompt, `{{value HbA1c}}` and `{{day HbA1c}}` for
            what it says, and `{{words}}` for the id of the first line that holds these words.
    """
    if isinstance(answer, str):
        return answer
    if isinstance(answer, Mapping) and set(answer) == {"cut off"}:
        return AIMessage(content=str(answer["cut off"]), response_metadata={"finish_reason": "length"})
    text = json.dumps(answer, ensure_ascii=False, default=str)
    return lambda asked: _BLANK.sub(lambda blank: _filled(blank[1].strip(), blank[2], asked.splitlines()), text)


def _filled(what: str, words: str, lines: Sequence[str]) -> str:
    for line in lines:
        if line.startswith(f"{words} ["):
            name, day, value = line.rpartition(": ")[2].rpartition(", ")[2].split(" ", 2)
            return {"": name, "day": day, "value": value.rstrip("*")}[what]
    found = next((m for line in lines if words in line and (m := _FIRST_ID.match(line))), None)
    if found is None or what:
        raise NothingInPrompt(words)
    return found[1]
