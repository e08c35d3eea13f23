"""What a reader should know of a picture that can be used, in words."""

from __future__ import annotations

from collections.abc import Iterable

from tools.imaging.quality import Concern

_WORDS: dict[Concern, str] = {
    "small": "The picture is smaller than those that the model was trained on.",
    "nearly empty": "Almost nothing of the picture is filled.",
    "overlay": "Its file holds graphics over the picture (overlay), which were not drawn: see them in the archive.",
}


def said_of(concerns: Iterable[Concern]) -> tuple[str, ...]:
    """One sentence each."""
    return tuple(_WORDS[one] for one in concerns)
