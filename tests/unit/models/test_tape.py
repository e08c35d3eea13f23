"""A tape plays what was recorded for the same prompt and form, and says by name when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.messages import AIMessage

from agents.models.asking import Asker
from agents.models.reply import ReplyTruncated
from agents.models.scripted import ScriptedChat
from agents.models.tape import TapeChat, TapeUnknown
from agents.worded.answers import AnswerForm, MoreForm


async def test_recorded_once_and_played_for_ever(tmp_path: Path) -> None:
    real = ScriptedChat(lines=['{"calls": []}'])
    for _ in range(2):
        await Asker(TapeChat(folder=tmp_path / "tape", recorded=real)).ask("More for Mr Secret?", MoreForm)
    assert len(real.prompts) == 1
    assert (await Asker(TapeChat(folder=tmp_path / "tape")).ask("More for Mr Secret?", MoreForm)).calls == []
    kept = [p.read_text() for p in (tmp_path / "tape").iterdir()]
    assert len(kept) == 1
    assert "Secret" not in kept[0], "prompts are not kept"


async def test_another_prompt_or_form_is_not_on_the_tape(tmp_path: Path) -> None:
    await Asker(TapeChat(folder=tmp_path, recorded=ScriptedChat(lines=['{"calls": []}']))).ask("More?", MoreForm)
    player = Asker(TapeChat(folder=tmp_path))
    with pytest.raises(TapeUnknown, match="record it again"):
        await player.ask("More ?", MoreForm)
    with pytest.raises(TapeUnknown):
        await player.ask("More?", AnswerForm)


async def test_a_failure_is_played_as_one(tmp_path: Path) -> None:
    cut = AIMessage(content='{"calls"', response_metadata={"finish_reason": "length"})
    for recorded in (ScriptedChat(lines=[cut]), None):
        with pytest.raises(ReplyTruncated):
            await Asker(TapeChat(folder=tmp_path, recorded=recorded)).ask("More?", MoreForm)
