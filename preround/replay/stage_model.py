"""Who drafts on stage, where it is not whom the settings name: the script's model, or the one on tape."""

from __future__ import annotations

from typing import Any

from agents.models.asking import Asker
from agents.models.tape import TapeChat
from agents.reasoner import Reasoner
from agents.worded.answering import answering, written
from agents.worded.reasoner import WordedReasoner
from preround.replay.cast import Cast
from tools.tape import Tape
from tools.taped import Playing


def reasoner_of(cast: Cast, tape: Tape, players: list[Playing | TapeChat]) -> Reasoner | None:
    """Who drafts, where it is not whom the settings name: the script's model, or the one on tape."""
    if cast.reasoner is not None and not cast.from_tape:
        return None
    head = (cast.tape.head if cast.tape else {}).get("model")
    if cast.from_tape and head:
        return _worded(TapeChat(tape=tape), head, players)
    if cast.scenario.model is not None:
        given = cast.scenario.model.model_dump(exclude={"seeing"})
        script: dict[str, Any] = {name: [written(one) for one in answers] for name, answers in given.items() if answers}
        chat = TapeChat(tape=tape, recorded=answering(**script))
        return _worded(chat, {"reasoner": "scripted", "name": "scripted", "revision": "1", "room": None}, players)
    if head and cast.tape is not None:
        nearest = TapeChat(tape=cast.tape, nearest=True)
        return _worded(TapeChat(tape=tape, recorded=nearest), head, players)
    return None


def _worded(chat: TapeChat, head: dict[str, Any], players: list[Playing | TapeChat]) -> Reasoner:
    players.append(chat)
    asker = Asker(chat, room=head["room"])
    return WordedReasoner(asker, name=head["reasoner"], model=(head["name"], head["revision"]))
