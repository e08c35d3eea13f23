"""Recordings: whatever the container, rate and channels, one channel at 16 kHz; what is none is named."""

from __future__ import annotations

import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.models.audio import (
    RATE,
    AudioEmpty,
    AudioSilent,
    AudioTooLong,
    AudioTooShort,
    AudioUnusable,
    NotAudio,
    read_audio,
)
from tests.unit.models.sounds import encoded, tone, wav
from tools.needed import LibraryMissing, needed


@pytest.mark.parametrize(
    ("form", "subtype"),
    [
        ("WAV", "PCM_16"),
        ("WAV", "PCM_24"),
        ("WAV", "FLOAT"),
        ("WAV", "ULAW"),
        ("FLAC", None),
        ("OGG", None),
        ("MP3", None),
    ],
)
@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (8_000, 1), (44_100, 2)])
def test_every_file_becomes_one_channel_at_our_rate(form: str, subtype: str | None, rate: int, channels: int) -> None:
    body = encoded(tone(2.0, rate=rate, channels=channels), rate=rate, form=form, subtype=subtype)
    audio = read_audio(body)
    assert audio.samples.dtype == np.float32
    assert audio.samples.ndim == 1
    assert audio.seconds == pytest.approx(2.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(audio.samples))
    heard = spectrum.argmax() * RATE / len(audio.samples)
    assert heard == pytest.approx(440, abs=2), "the pitch is the same: nothing was played too fast"
    assert np.abs(audio.samples[RATE // 2 : RATE]).max() == pytest.approx(0.3, abs=0.05)


def test_a_long_file_is_read_in_blocks_without_a_seam() -> None:
    audio = read_audio(wav(25.0, rate=44_100))
    assert audio.seconds == pytest.approx(25.0, abs=0.01)
    inner = audio.samples[RATE:-RATE].reshape(-1, RATE)
    assert np.abs(inner).max(axis=1) == pytest.approx(np.full(len(inner), 0.3), abs=0.01)
    steps = np.abs(np.diff(audio.samples[RATE:-RATE]))
    assert steps.max() < 0.3 * 2 * np.pi * 440 / RATE * 1.1, "no click where two blocks meet"


def test_opposite_channels_are_mixed_and_silence_has_a_name() -> None:
    both = tone(1.0)
    with pytest.raises(AudioSilent):
        read_audio(encoded(np.hstack([both, -both])))


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", NotAudio),
        (b"no sound at all", NotAudio),
        (wav()[:20], NotAudio),
        (encoded(np.zeros((0, 1))), AudioEmpty),
        (wav(0.05), AudioTooShort),
        (encoded(np.zeros((RATE, 1))), AudioSilent),
        (encoded(np.full((RATE, 1), 0.4)), AudioSilent),
        (wav(1.0, loud=0.0005), AudioSilent),
        (encoded(np.full((RATE, 1), np.nan), subtype="FLOAT"), NotAudio),
    ],
)
def test_what_cannot_be_heard_is_named(body: bytes, named: type[AudioUnusable]) -> None:
    with pytest.raises(AudioUnusable) as caught:
        read_audio(body)
    assert type(caught.value) is named
    assert str(caught.value).endswith(".")


def test_a_quiet_voice_is_no_silence() -> None:
    assert read_audio(wav(1.0, loud=0.005)).seconds == 1.0


def test_too_long_a_recording_is_refused_before_it_is_read() -> None:
    with pytest.raises(AudioTooLong, match="lasts 0 minutes; the limit is 0"):
        read_audio(wav(3.0), longest=2.0)


def test_a_header_that_lies_about_its_length_takes_no_memory() -> None:
    body = bytearray(wav(1.0))
    at = body.index(b"data") + 4
    body[at : at + 4] = struct.pack("<I", 0xFFFFFF00)
    with contextlib.suppress(AudioUnusable):
        assert read_audio(bytes(body)).seconds <= 1.1


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_file_is_read_or_named(data: st.DataObject) -> None:
    body = bytearray(wav(0.3) if data.draw(st.booleans()) else encoded(tone(0.3), form="FLAC"))
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(0, min(len(body) - 1, 120)))] = data.draw(st.integers(0, 255))
    body = body[: data.draw(st.integers(0, len(body)))]
    with contextlib.suppress(AudioUnusable):
        assert read_audio(bytes(body)).samples.ndim == 1


def test_a_library_that_is_missing_is_named_with_the_next_step() -> None:
    with pytest.raises(LibraryMissing, match=r"no_such_library is not installed here; .*`pip install -e '\.\[hear\]'`"):
        needed("no_such_library.part", extra="hear")
