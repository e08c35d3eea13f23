"""A scripted model that answers by what it is asked, whatever the order of the calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage

from agents.models.asking import Asker
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
