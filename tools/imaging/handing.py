"""Pictures on their way to a model: the one place that makes what is sent, and that says no."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Literal

from tools.imaging.errors import PictureNames
from tools.imaging.fit import SIDE, Fit
from tools.imaging.sent import Sent
from tools.needed import needed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tools.imaging.header import Header
    from tools.imaging.picture import Picture

Where = Literal["this machine", "another machine"]
"""Where the model runs that will see the picture."""


def handed(picture: Picture, *, to: Where, label: str = "", side: int = SIDE, enlarge: bool = False) -> Sent:
    """What is sent of a picture: padded to a square, shrunk where it is larger, never enlarged unasked.

    Args:
        picture: from `tools.imaging.reading`.
        to: where it goes; another machine gets only pictures that say that no name is drawn into them.
        label: what the model is told beside it.
        side: of the square.
        enlarge: whether a smaller picture is enlarged, which `fit.enlarged` says.

    Raises:
        PictureNames: names may be burned in, and it would leave this machine.
    """
    may_go(picture.header, to)
    fit = Fit.of(picture.width, picture.height, side=side, enlarge=enlarge)
    png = squared(picture.pixels, fit)
    return Sent(
        png=png,
        sha256=hashlib.sha256(png).hexdigest(),
        fit=fit,
        label=label,
        source=picture.sha256,
        frame=picture.frame,
        shown_by=picture.shown_by,
        turned=picture.turned,
        header=picture.header,
    )


def may_go(header: Header, to: Where) -> None:
    """Let a picture go where it may.

    Raises:
        PictureNames: it would leave this machine, and its header does not say that no name is drawn into it.
    """
    if to != "this machine" and header.burned_in != "no":
        raise PictureNames


def squared(pixels: NDArray[np.uint8], fit: Fit) -> bytes:
    """A PNG of the picture in its square: grey where it is grey, without text, time or profile.

    Raises:
        LibraryMissing: Pillow is not installed.
    """
    pillow = needed("PIL.Image", extra="imaging")
    picture = pillow.fromarray(pixels)
    size = (fit.drawn_width, fit.drawn_height)
    if picture.size != size:
        # Halving first where that changes nothing that can be seen; Lanczos for what is left.
        picture = picture.resize(size, pillow.Resampling.LANCZOS, reducing_gap=3.0)
    if size != (fit.side, fit.side):
        square = pillow.new(picture.mode, (fit.side, fit.side))
        square.paste(picture, (fit.left, fit.top))
        picture = square
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()
