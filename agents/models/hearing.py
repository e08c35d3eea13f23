"""Speech to text: what a hearer is, MedASR through transformers in this process, and one that follows a script."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agents.models.audio import RATE, Audio
from agents.models.dictation import written
from agents.models.weights import Weights
from tools.needed import needed

CHUNK_SECONDS = 20.0
OVERLAP_SECONDS = 2.0
Progress = Callable[[float], None]
"""Told the share that is done, from 0 to 1."""


class NothingHeard(RuntimeError):
    """The model found no word in the recording."""

    def __init__(self) -> None:
        super().__init__("The model found no word in the recording; listen to it, and record it again.")


class HearingStopped(RuntimeError):
    """Somebody gave up on it."""

    def __init__(self) -> None:
        super().__init__("Writing the recording down was stopped; nothing was kept.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """What a model heard in a recording."""

    text: str
    """The words, spoken punctuation as signs."""
    seconds: float
    """How long the recording lasts."""
    audio_sha256: str
    """SHA-256 of the recording's file, in hex."""
    model: tuple[str, str | None]
    """Name and revision of the model."""


class Hearer(Protocol):
    """Writes a recording down."""

    @property
    def name(self) -> str:
        """How it is run: `transformers` or `scripted`."""
        ...

    @property
    def model(self) -> tuple[str, str | None]:
        """Name and revision of its model."""
        ...

    def hear(self, audio: Audio, *, progress: Progress = ..., given_up: threading.Event | None = None) -> Transcript:
        """Write a recording down.

        Args:
            audio: from `read_audio`.
            progress: told after each part.
            given_up: looked at before each part; set, it stops.

        Raises:
            NothingHeard: no word was found.
            HearingStopped: given up.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class TransformersHearer:
    """A CTC model such as MedASR from a folder; nothing is downloaded, and a long recording is heard in parts."""

    folder: Path
    """The weights, with their feature extractor and tokenizer."""
    model: tuple[str, str | None]
    """Name and revision, for the record."""
    chunk_seconds: float = CHUNK_SECONDS
    """Length of a part; memory grows with its square."""
    overlap_seconds: float = OVERLAP_SECONDS
    """What two parts share on either side; its frames are used for context and then thrown away."""
    name: str = "transformers"
    """How it is run."""
    _weights: Weights = field(default_factory=Weights, repr=False, compare=False)

    def hear(
        self, audio: Audio, *, progress: Progress = lambda share: None, given_up: threading.Event | None = None
    ) -> Transcript:
        """Write a recording down; see `Hearer.hear`.

        Raises:
            NothingHeard, HearingStopped: see there.
            WeightsUnusable: the folder holds no such model.
            LibraryMissing: torch or transformers are not installed.
        """
        torch = needed("torch", extra="models")
        processor, model = self._weights.of(self.folder, processor="AutoProcessor", model="AutoModelForCTC")
        heard: list[int] = []
        for start, stop, left, right in parts(len(audio.samples), self.chunk_seconds, self.overlap_seconds):
            if given_up is not None and given_up.is_set():
                raise HearingStopped
            sound = processor.feature_extractor(
                audio.samples[start:stop], sampling_rate=RATE, return_tensors="pt", return_attention_mask=True
            )
            sound = {name: value.to(model.device) for name, value in sound.items()}
            sound["input_features"] = sound["input_features"].to(model.dtype)
            # Torch has advice about kernels of even length, which is none of a listener's business.
            with torch.inference_mode(), warnings.catch_warnings(action="ignore"):
                best = model(**sound).logits[0].argmax(dim=-1).tolist()
            heard += _inner(best, length=stop - start, left=left, right=right)
            progress(min(1.0, (stop - right) / len(audio.samples)))
        # Equal neighbours and blanks are dropped here, once, over the seams of the parts too.
        text = written(processor.tokenizer.decode(heard, skip_special_tokens=True))
        if not text:
            raise NothingHeard
        return Transcript(text=text, seconds=audio.seconds, audio_sha256=audio.sha256, model=self.model)


@dataclass(frozen=True, kw_only=True)
class ScriptedHearer:
    """Gives the text that it was told for a recording; the real interface, for tests and replays."""

    texts: Mapping[str, str]
    """Raw text by the SHA-256 of the file."""
    model: tuple[str, str | None] = ("scripted", None)
    """What it says that it is."""
    name: str = "scripted"
    """How it is run."""

    def hear(
        self, audio: Audio, *, progress: Progress = lambda share: None, given_up: threading.Event | None = None
    ) -> Transcript:
        """Give the text; a recording that is not in the script has none.

        Raises:
            NothingHeard, HearingStopped: see `Hearer.hear`.
        """
        if given_up is not None and given_up.is_set():
            raise HearingStopped
        text = written(self.texts.get(audio.sha256, ""))
        if not text:
            raise NothingHeard
        progress(1.0)
        return Transcript(text=text, seconds=audio.seconds, audio_sha256=audio.sha256, model=self.model)


def parts(length: int, chunk: float, overlap: float) -> Iterator[tuple[int, int, int, int]]:
    """Cut a recording into parts that overlap.

    Args:
        length: samples.
        chunk: seconds of a part.
        overlap: seconds that a part shares with each neighbour.

    Yields:
        Start and stop of a part, and how many samples at its left and right its neighbours answer for; what remains
        of all parts is the whole recording, once. No part is shorter than its overlap.
    """
    size, lap = int(chunk * RATE), int(overlap * RATE)
    if lap * 2 >= size:
        raise ValueError("Parts must be longer than twice their overlap.")
    start = 0
    while True:
        left = lap if start else 0
        if start + size + lap >= length:
            yield start, length, left, 0
            return
        yield start, start + size, left, lap
        start += size - 2 * lap


def _inner(best: list[int], *, length: int, left: int, right: int) -> list[int]:
    """The frames that a part answers for itself; frames are spread evenly over its samples."""
    frames = len(best)
    return best[round(left / length * frames) : frames - round(right / length * frames)]
