"""Pictures as bytes, decoded for a model in this process: bounded, of 8 bits a value, or refused by name."""

from __future__ import annotations

import io
from typing import Any

from tools.needed import needed

_MOST_PIXELS = 100_000_000
_EIGHT_BITS = {"1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"}


class PictureUnusable(ValueError):
    """A picture that cannot be given to a model, with the reason and what to do."""


class PictureUnreadable(PictureUnusable):
    """It is no picture."""

    def __init__(self) -> None:
        super().__init__("The picture cannot be read; give PNG or JPEG.")


class PictureDeep(PictureUnusable):
    """Its grey values are deeper than 8 bits, and which of them count is not for this adapter to say."""

    def __init__(self) -> None:
        super().__init__("The picture has more than 8 bits a value; window it first, then give PNG or JPEG.")


def decoded(body: bytes) -> Any:  # noqa: ANN401 - a pillow class
    """A picture in RGB.

    Raises:
        PictureUnusable: it is no picture, or not of 8 bits.
        LibraryMissing: pillow is not installed.
    """
    pillow = needed("PIL.Image", extra="models")
    try:
        with pillow.open(io.BytesIO(body)) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise PictureUnreadable
            if picture.mode not in _EIGHT_BITS:
                raise PictureDeep
            return picture.convert("RGB")
    except PictureUnusable:
        raise
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError):
        raise PictureUnreadable from None
