"""Pictures as vectors, and how well sentences fit them: MedSigLIP through transformers in this process."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from agents.models.picture import PictureUnreadable, PictureUnusable, decoded
from agents.models.weights import Weights
from tools.needed import needed

SIDE = 448
"""Side of the square that MedSigLIP takes, in pixels."""
AT_ONCE = 8
"""Pictures of one pass."""
Vector = tuple[float, ...]
"""An embedding of length 1: the scalar product of two is their cosine."""


class PictureTooSmall(PictureUnusable):
    """It would have to be enlarged, and nobody said that this will do."""

    def __init__(self, side: int, wanted: int) -> None:
        super().__init__(
            f"The picture is {side} pixels wide or high and the model takes {wanted}; give a larger one, or allow "
            "that it is enlarged."
        )


class SentenceTooLong(ValueError):
    """A sentence does not fit into the model; it would be cut without a word."""

    def __init__(self, tokens: int, longest: int) -> None:
        super().__init__(f"A sentence of {tokens} tokens does not fit into the model's {longest}; shorten it.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """How well one sentence fits a picture."""

    prompt: str
    """The sentence."""
    probability: float
    """By itself, 0 to 1: several sentences may fit, or none."""
    share: float
    """Among the sentences given, 0 to 1: they add up to 1."""


class ImageEmbedder(Protocol):
    """Embeds pictures."""

    @property
    def model(self) -> tuple[str, str | None]:
        """Name and revision of its model."""
        ...

    def embed(self, images: Sequence[bytes]) -> list[Vector]:
        """One vector a picture, in order.

        Raises:
            PictureUnusable: a picture cannot be embedded.
        """
        ...

    def classify(self, image: bytes, prompts: Sequence[str]) -> tuple[Score, ...]:
        """How well each sentence fits, in the order given.

        Raises:
            PictureUnusable: the picture cannot be embedded.
            SentenceTooLong: a sentence would be cut.
            ValueError: no sentence was given.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class TransformersImageEmbedder:
    """A SigLIP model such as MedSigLIP from a folder; nothing is downloaded."""

    folder: Path
    """The weights, with their processor."""
    model: tuple[str, str | None]
    """Name and revision, for the record."""
    enlarge: bool = False
    """Whether pictures smaller than the model's square may be enlarged."""
    _weights: Weights = field(default_factory=Weights, repr=False, compare=False)

    def embed(self, images: Sequence[bytes]) -> list[Vector]:
        """One vector a picture; see `ImageEmbedder.embed`.

        Raises:
            PictureUnusable: see there.
            WeightsUnusable: the folder holds no such model.
            LibraryMissing: torch, transformers or pillow are not installed.
        """
        torch = needed("torch", extra="models")
        processor, model = self._read()
        found: list[Vector] = []
        for at in range(0, len(images), AT_ONCE):
            pixels = self._pixels(images[at : at + AT_ONCE], processor, model)
            with torch.inference_mode():
                vectors = model.vision_model(pixel_values=pixels).pooler_output
            found += [tuple(v) for v in torch.nn.functional.normalize(vectors.float(), dim=-1).tolist()]
        return found

    def classify(self, image: bytes, prompts: Sequence[str]) -> tuple[Score, ...]:
        """How well each sentence fits; see `ImageEmbedder.classify`.

        Raises:
            PictureUnusable, SentenceTooLong, ValueError: see there.
            WeightsUnusable: the folder holds no such model.
            LibraryMissing: torch, transformers or pillow are not installed.
        """
        torch = needed("torch", extra="models")
        if not prompts:
            raise ValueError("Give at least one sentence to compare the picture with.")
        processor, model = self._read()
        longest = int(model.config.text_config.max_position_embeddings)
        for prompt in prompts:
            if (tokens := len(processor.tokenizer(prompt).input_ids)) > longest:
                raise SentenceTooLong(tokens, longest)
        words = processor.tokenizer(list(prompts), padding="max_length", max_length=longest, return_tensors="pt")
        with torch.inference_mode():
            fits = model(
                input_ids=words.input_ids.to(model.device), pixel_values=self._pixels([image], processor, model)
            ).logits_per_image[0]
        return scored(prompts, fits.float().tolist())

    def _read(self) -> tuple[Any, Any]:
        return self._weights.of(self.folder, processor="AutoProcessor", model="SiglipModel")

    def _pixels(self, images: Sequence[bytes], processor: Any, model: Any) -> Any:  # noqa: ANN401 - transformers classes
        side = int(model.config.vision_config.image_size)
        pictures = [_picture(image, side, enlarge=self.enlarge) for image in images]
        pixels = processor.image_processor(images=pictures, return_tensors="pt").pixel_values
        return pixels.to(device=model.device, dtype=model.dtype)


@dataclass(frozen=True, kw_only=True)
class ScriptedImageEmbedder:
    """Gives the vectors that it was told; the real interface, for tests and replays."""

    vectors: Mapping[str, Vector] = field(default_factory=dict)
    """Vectors by the SHA-256 of the picture."""
    fits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Logits by the SHA-256 of the picture and the sentence; 0 where it has none."""
    model: tuple[str, str | None] = ("scripted", None)
    """What it says that it is."""

    def embed(self, images: Sequence[bytes]) -> list[Vector]:
        """The vectors; a picture that is not in the script cannot be read.

        Raises:
            PictureUnreadable: see `ImageEmbedder.embed`.
        """
        try:
            return [self.vectors[hashlib.sha256(image).hexdigest()] for image in images]
        except KeyError:
            raise PictureUnreadable from None

    def classify(self, image: bytes, prompts: Sequence[str]) -> tuple[Score, ...]:
        """The scores; a picture that is not in the script cannot be read.

        Raises:
            PictureUnreadable, ValueError: see `ImageEmbedder.classify`.
        """
        if not prompts:
            raise ValueError("Give at least one sentence to compare the picture with.")
        found = self.fits.get(hashlib.sha256(image).hexdigest())
        if found is None:
            raise PictureUnreadable
        return scored(prompts, [found.get(prompt, 0.0) for prompt in prompts])


def scored(prompts: Sequence[str], logits: Sequence[float]) -> tuple[Score, ...]:
    """Scores from logits."""
    top = max(logits)
    weights = [math.exp(one - top) for one in logits]
    return tuple(
        Score(prompt=prompt, probability=_sigmoid(logit), share=weight / sum(weights))
        for prompt, logit, weight in zip(prompts, logits, weights, strict=True)
    )


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))


def _picture(body: bytes, side: int, *, enlarge: bool) -> Any:  # noqa: ANN401 - a pillow class
    made = decoded(body)
    if min(made.size) < side and not enlarge:
        raise PictureTooSmall(min(made.size), side)
    return made
