"""A tape plays what was recorded for the same prompt and form, and says by name when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.messages import AIMessage

from agents.models.asking import Asker
from agents.models.reply import ReplyTruncated
from agents.models.scripted import ScriptedChat
from agents.models.tape import TapeChat
from agents.worded.answers import AnswerForm, MoreForm
from tools.tape import Tape, TapeUnknown, TapeUnusable, opened


async def test_recorded_once_and_played_for_ever(tmp_path: Path) -> None:
    tape = Tape()
    real = ScriptedChat(lines=['{"calls": []}'])
    for _ in range(2):
        await Asker(TapeChat(tape=tape, recorded=real)).ask("More for Mr Secret?", MoreForm)
    assert len(real.prompts) == 1
    file = tmp_path / "one.tape"
    file.write_bytes(tape.packed())
    played = opened(file)
    assert (await Asker(TapeChat(tape=played)).ask("More for Mr Secret?", MoreForm)).calls == []
    assert played.count("model") == 1
    assert not any("Secret" in asked for asked in played.asked("model").values()), "prompts are not kept"
    assert played.packed() == tape.packed(), "the same bytes again"


async def test_another_prompt_or_form_is_not_on_the_tape() -> None:
    tape = Tape()
    await Asker(TapeChat(tape=tape, recorded=ScriptedChat(lines=['{"calls": []}']))).ask("More?", MoreForm)
    player = Asker(TapeChat(tape=tape))
    with pytest.raises(TapeUnknown, match="record it again"):
        await player.ask("More ?", MoreForm)
    with pytest.raises(TapeUnknown):
        await player.ask("More?", AnswerForm)


async def test_a_failure_is_played_as_one() -> None:
    tape = Tape()
    cut = AIMessage(content='{"calls"', response_metadata={"finish_reason": "length"})
    for recorded in (ScriptedChat(lines=[cut]), None):
        with pytest.raises(ReplyTruncated):
            await Asker(TapeChat(tape=tape, recorded=recorded)).ask("More?", MoreForm)


async def test_words_are_kept_only_where_that_is_asked_for() -> None:
    tape = Tape(words=True)
    await Asker(TapeChat(tape=tape, recorded=ScriptedChat(lines=['{"calls": []}']))).ask("More?", MoreForm)
    assert list(tape.asked("model").values()) == ["More?"]


def test_what_is_no_tape_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "broken.tape").write_bytes(Tape().packed()[:-20])
    with pytest.raises(TapeUnusable, match=r"broken\.tape is no tape"):
        opened(tmp_path / "broken.tape")
