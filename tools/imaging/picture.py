"""One picture as people and models see it: eight bits a value, upright, with what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tools.imaging.header import Header


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Picture:
    """Decoded, windowed and turned upright; nothing was enlarged or left out."""

    pixels: NDArray[np.uint8] = field(repr=False)
    """Rows by columns, or rows by columns by red, green and blue; white is 255."""
    header: Header
    """What the file says of itself."""
    frame: int
    """Which of its frames, from 1."""
    shown_by: str
    """What its shades stand for, such as `window 40/400`."""
    turned: str
    """What was done to have it upright, such as `mirrored`; empty where nothing was."""
    sha256: str
    """SHA-256 of the file that it was made of, in hex."""

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])
