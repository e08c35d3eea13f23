"""Hearing without weights: how a recording is cut, how dictation is written, the scripted hearer, what is missing."""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.models.audio import RATE, read_audio
from agents.models.dictation import written
from agents.models.hearing import (
    Hearer,
    HearingStopped,
    NothingHeard,
    ScriptedHearer,
    TransformersHearer,
    parts,
)
from agents.models.weights import revision_of
from tests.unit.models.sounds import wav
from tools.needed import LibraryMissing


@given(st.integers(1, 200 * RATE), st.sampled_from([(20.0, 2.0), (5.0, 1.0), (1.0, 0.25)]))
@example(20 * RATE, (20.0, 2.0))
@example(22 * RATE + 1, (20.0, 2.0))
def test_the_parts_of_a_recording_answer_for_each_sample_once(length: int, cut: tuple[float, float]) -> None:
    chunk, overlap = cut
    reached = 0
    for start, stop, left, right in parts(length, chunk, overlap):
        assert start + left == reached, "no gap and no sample twice"
        assert 0 <= start < stop <= length
        assert stop - start <= (chunk + overlap) * RATE
        assert not start or stop - start > overlap * RATE
        reached = stop - right
    assert reached == length


def test_parts_shorter_than_their_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="longer than twice their overlap"):
        list(parts(10, 4.0, 2.0))


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("chest pain {period} no fever {comma} no cough {period}", "chest pain. no fever, no cough."),
        ("follow {hyphen} up in 1 {slash} 2 weeks {question mark}", "follow-up in 1/2 weeks?"),
        ("wells {open parenthesis} low {close parenthesis} {semicolon} stop", "wells (low); stop"),
        ("first {new line} second {new paragraph} third", "first\nsecond\n\nthird"),
        (
            "ct chest {period} [INDICATION] cough {period} [FINDINGS] clear",
            "ct chest.\n\n[INDICATION]\ncough.\n\n[FINDINGS]\nclear",
        ),
        ("take {unknown mark} twice", "take {unknown mark} twice"),
        ("  one \x07  two ", "one two"),
        ("", ""),
    ],
)
def test_spoken_signs_are_written_as_signs(said: str, text: str) -> None:
    assert written(said) == text


@given(st.lists(st.sampled_from([*"abc", "12", "5.5", "mg", "{period}", "{new line}", "{colon}", "[PLAN]", "{x}"])))
def test_no_word_is_added_dropped_or_changed(words: list[str]) -> None:
    text = written(" ".join(words))
    left = [w.strip(".:") for w in text.split()]
    assert [w for w in left if w] == [w for w in words if w not in ("{period}", "{new line}", "{colon}")]
    assert written(text) == text or "{" in text


def test_the_scripted_hearer_is_a_hearer() -> None:
    audio = read_audio(wav())
    hearer: Hearer = ScriptedHearer(texts={audio.sha256: "no fever {period}"}, model=("medasr", "0123456"))
    done: list[float] = []
    found = hearer.hear(audio, progress=done.append)
    assert (found.text, found.model, found.audio_sha256) == ("no fever.", ("medasr", "0123456"), audio.sha256)
    assert done == [1.0]
    with pytest.raises(NothingHeard):
        hearer.hear(read_audio(wav(hertz=500.0)))
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(HearingStopped):
        hearer.hear(audio, given_up=stopped)


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed here")
def test_without_torch_the_sentence_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(LibraryMissing, match=r"torch is not installed here"):
        TransformersHearer(folder=tmp_path, model=("medasr", None)).hear(read_audio(wav()))


def test_a_downloaded_folder_says_its_revision(tmp_path: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    assert revision_of(tmp_path / "models--google--medasr" / "snapshots" / commit) == commit
    assert revision_of(tmp_path / "medasr") is None
