"""Audio files as a model of speech takes them: one channel, 16,000 samples a second, in bounded memory."""

from __future__ import annotations

import hashlib
import importlib
import io
from dataclasses import dataclass, field
from typing import Any

from tools.needed import needed

RATE = 16_000
"""Samples a second that models of speech take."""
LONGEST_SECONDS = 3600.0
"""Longer recordings are refused; nobody reads a note of more than an hour's dictation."""
SHORTEST_SECONDS = 0.2
"""No word is shorter, and models need so much for one frame."""
_HIGHEST_RATE = 384_000
_BLOCK_SECONDS = 10.0
_SILENCE = 10 ** (-60 / 20)
"""A recording whose loudest tenth of a second stays under -60 dB of full scale holds no speech."""


class AudioUnusable(ValueError):
    """A recording that cannot be written down, with the reason and what to do."""


class NotAudio(AudioUnusable):
    """The file is no recording that can be read."""

    def __init__(self) -> None:
        super().__init__("The file is no recording that can be read; give a WAV, FLAC, OGG or MP3 file.")


class AudioEmpty(AudioUnusable):
    """The recording has no sound in it at all."""

    def __init__(self) -> None:
        super().__init__("The recording is empty; record it again.")


class AudioTooShort(AudioUnusable):
    """The recording is too short for a word."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The recording lasts {seconds:.2g} s, too short for a word; record it again.")


class AudioTooLong(AudioUnusable):
    """The recording is longer than one note may be."""

    def __init__(self, seconds: float, longest: float) -> None:
        super().__init__(
            f"The recording lasts {seconds / 60:.0f} minutes; the limit is {longest / 60:.0f}, so cut it into parts."
        )


class AudioSilent(AudioUnusable):
    """Nothing is to be heard in the recording."""

    def __init__(self) -> None:
        super().__init__("Nothing is to be heard in the recording; check the microphone and record it again.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Audio:
    """One recording, ready for a model."""

    samples: Any = field(repr=False)
    """A numpy array of float32 in [-1, 1], `RATE` samples a second, one channel."""
    sha256: str
    """SHA-256 of the file as it was given, in hex."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / RATE


def read_audio(body: bytes, *, longest: float = LONGEST_SECONDS) -> Audio:
    """Read a recording: WAV, FLAC, OGG, MP3, whatever its rate and channels.

    Args:
        body: the file.
        longest: limit in seconds.

    Raises:
        AudioUnusable: `NotAudio`, `AudioEmpty`, `AudioTooShort`, `AudioTooLong` or `AudioSilent`.
        LibraryMissing: soundfile or soxr are not installed.
    """
    soundfile = needed("soundfile", extra="hear")
    try:
        with soundfile.SoundFile(io.BytesIO(body)) as recording:
            rate, frames = int(recording.samplerate), int(recording.frames)
            if not 0 < rate <= _HIGHEST_RATE:
                raise NotAudio
            # What the header says is believed only where it says too much; what is read is counted again.
            if frames / rate > longest:
                raise AudioTooLong(frames / rate, longest)
            samples = _resampled(recording, rate, longest)
    except (soundfile.SoundFileError, RuntimeError, TypeError):
        raise NotAudio from None
    if not len(samples):
        raise AudioEmpty
    audio = Audio(samples=samples, sha256=hashlib.sha256(body).hexdigest())
    if audio.seconds < SHORTEST_SECONDS:
        raise AudioTooShort(audio.seconds)
    _heard(samples)
    return audio


def _resampled(recording: Any, rate: int, longest: float) -> Any:  # noqa: ANN401 - soundfile and numpy classes
    """One channel at our rate, read block by block: a hostile header cannot take the memory."""
    numpy, soxr = needed("numpy", extra="hear"), needed("soxr", extra="hear")
    stream = soxr.ResampleStream(rate, RATE, 1, dtype="float32")
    parts: list[Any] = []
    read = 0
    for block in recording.blocks(blocksize=max(1, int(rate * _BLOCK_SECONDS)), dtype="float32", always_2d=True):
        read += len(block)
        if read / rate > longest:
            raise AudioTooLong(read / rate, longest)
        if not numpy.isfinite(block).all():
            raise NotAudio
        parts.append(stream.resample_chunk(numpy.ascontiguousarray(block.mean(axis=1))))
    if not parts:
        return numpy.zeros(0, dtype="float32")
    parts.append(stream.resample_chunk(numpy.zeros(0, dtype="float32"), last=True))
    return numpy.clip(numpy.concatenate(parts), -1.0, 1.0)


def _heard(samples: Any) -> None:  # noqa: ANN401 - a numpy array
    numpy = importlib.import_module("numpy")
    width = RATE // 10
    whole = samples[: len(samples) // width * width].reshape(-1, width).astype("float64")
    # A steady offset of the microphone is no sound.
    loudest = numpy.sqrt(((whole - whole.mean(axis=1, keepdims=True)) ** 2).mean(axis=1)).max()
    if loudest < _SILENCE:
        raise AudioSilent
