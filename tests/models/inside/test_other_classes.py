"""MedASR's and MedSigLIP's classes with tiny random weights, through our own adapters."""

from __future__ import annotations

import difflib
import io
import math
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from agents.models.audio import RATE, Audio, read_audio
from agents.models.embedding import PictureTooSmall, SentenceTooLong, TransformersImageEmbedder
from agents.models.hearing import HearingStopped, TransformersHearer
from agents.models.picture import PictureDeep, PictureUnreadable
from agents.models.registry import row_of
from agents.models.weights import WeightsUnusable
from agents.offline.reasoner import OfflineReasoner
from claims.note import words_of
from preround.doing import rounds
from preround.doing.transcribing import Order, transcribe
from preround.settings import Settings
from preround.speech import heard_here
from review.queue import show
from tests.models.picture import png
from tests.models.rounds import ward

np: Any = pytest.importorskip("numpy")
soundfile: Any = pytest.importorskip("soundfile")
pillow: Any = pytest.importorskip("PIL.Image")

# Warnings of torch and transformers about themselves are not ours.
pytestmark = pytest.mark.filterwarnings("default")

WEIGHTS = Path(os.environ["TINY_WEIGHTS"])
MODEL = ("medasr", "0123456")


@pytest.fixture(scope="module")
def hearer() -> TransformersHearer:
    return TransformersHearer(folder=WEIGHTS / "hearing", model=MODEL)


@pytest.fixture(scope="module")
def embedder() -> TransformersImageEmbedder:
    return TransformersImageEmbedder(folder=WEIGHTS / "embedding", model=("medsiglip-448", None))


def noise(seconds: float, *, seed: int = 0, rate: int = RATE, channels: int = 1) -> Audio:
    """A recording in which tiny random weights hear letters."""
    samples = np.random.default_rng(seed).normal(0, 0.1, (int(seconds * rate), channels))
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="WAV")
    return read_audio(out.getvalue())


def test_a_recording_becomes_text_and_another_one_another_text(hearer: TransformersHearer) -> None:
    found = hearer.hear(noise(3.0))
    assert found.text
    assert found.model == MODEL
    assert found.seconds == pytest.approx(3.0)
    assert found == hearer.hear(noise(3.0)), "the same recording is heard the same"
    assert found.text != hearer.hear(noise(3.0, seed=1)).text
    assert not {"<pad>", "</s>", "<unk>"} & set(found.text.split())


def test_the_shortest_recording_is_heard(hearer: TransformersHearer) -> None:
    hearer.hear(noise(0.2))


def test_a_long_recording_is_heard_in_parts_as_it_is_in_one(hearer: TransformersHearer) -> None:
    audio = noise(60.0, rate=22_050, channels=2)
    shares: list[float] = []
    parts = hearer.hear(audio, progress=shares.append).text
    assert len(shares) == 4
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    whole = TransformersHearer(folder=hearer.folder, model=MODEL, chunk_seconds=100.0).hear(audio).text
    # Attention sees more in one piece; letters at the seams that were lost or said twice would show.
    assert difflib.SequenceMatcher(None, parts, whole, autojunk=False).ratio() > 0.9
    assert abs(len(parts) - len(whole)) < len(whole) * 0.05


def test_hearing_is_given_up_between_two_parts(hearer: TransformersHearer) -> None:
    stop = threading.Event()
    with pytest.raises(HearingStopped):
        hearer.hear(noise(60.0), progress=lambda _: stop.set(), given_up=stop)


@pytest.mark.parametrize("folder", ["missing", "text", "embedding"])
def test_weights_of_another_kind_are_named(folder: str) -> None:
    with pytest.raises(WeightsUnusable, match=f"The folder {folder} holds no weights"):
        TransformersHearer(folder=WEIGHTS / folder, model=MODEL).hear(noise(1.0))


def test_pictures_become_vectors_in_order(embedder: TransformersImageEmbedder) -> None:
    grey = [png(value, side=448) for value in range(0, 250, 25)]
    found = embedder.embed([*grey, grey[0]])
    assert len(found) == len(grey) + 1, "more than one pass holds"
    assert len(set(found[: len(grey)])) == len(grey)
    assert found[0] == pytest.approx(found[-1], abs=1e-5)
    assert all(math.isclose(sum(x * x for x in v), 1.0, abs_tol=1e-4) for v in found)
    assert embedder.embed([]) == []


def test_sentences_are_scored_against_a_picture(embedder: TransformersImageEmbedder) -> None:
    prompts = ["a chest film with an effusion", "a normal chest film", "a foot"]
    scores = embedder.classify(png(90, side=500), prompts)
    assert [s.prompt for s in scores] == prompts
    assert sum(s.share for s in scores) == pytest.approx(1.0)
    assert all(0 < s.probability < 1 for s in scores)
    alone = embedder.classify(png(90, side=500), prompts[:1])[0]
    assert alone.probability == pytest.approx(scores[0].probability, abs=1e-5), "each stands for itself"
    assert alone.share == 1.0
    ranked = [sorted(scores, key=key)[0].prompt for key in (lambda s: s.share, lambda s: s.probability)]
    assert ranked[0] == ranked[1]


def deep() -> bytes:
    out = io.BytesIO()
    pillow.fromarray(np.full((448, 448), 40_000, dtype="uint16")).save(out, "PNG")
    return out.getvalue()


def test_pictures_that_cannot_be_embedded_are_named(embedder: TransformersImageEmbedder) -> None:
    with pytest.raises(PictureUnreadable):
        embedder.embed([b"\x89PNG no picture"])
    with pytest.raises(PictureDeep):
        embedder.embed([deep()])
    with pytest.raises(PictureTooSmall):
        embedder.embed([png(9, side=100)])
    larger = TransformersImageEmbedder(folder=embedder.folder, model=embedder.model, enlarge=True)
    assert len(larger.embed([png(9, side=100)])) == 1
    with pytest.raises(SentenceTooLong):
        embedder.classify(png(9, side=448), ["effusion " * 80])
    with pytest.raises(ValueError, match="at least one sentence"):
        embedder.classify(png(9, side=448), [])


async def test_a_recording_goes_into_the_queue(hearer: TransformersHearer, tmp_path: Path) -> None:
    async with ward(tmp_path, OfflineReasoner()) as here:
        run = await transcribe(here.house, hearer, noise(5.0), Order(patient=here.patient))
        found = rounds.result(here.house, run.run_id)
        (entry,) = show(here.house.services.db, found["review_item"]).proposal.entries
    assert found["status"] == "awaiting_review"
    assert found["model"]["name"] == "medasr"
    assert words_of(entry.resource) == hearer.hear(noise(5.0)).text


def test_doctor_finds_the_model_of_speech() -> None:
    found = heard_here(row_of("medasr"), Settings(hear_path=WEIGHTS / "hearing"))
    assert (found.state, found.ok) == ("in process", True)
