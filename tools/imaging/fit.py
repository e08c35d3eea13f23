"""Where a picture lies in the square that a model sees, and boxes from one to the other."""

from __future__ import annotations

from dataclasses import dataclass

SIDE = 896
"""Side of the square that MedGemma takes, in pixels (arXiv 2507.05201)."""
SCALE = 1000
"""MedGemma's boxes run from 0 to this over the square, whatever its side."""

ModelBox = tuple[int, int, int, int]
"""`box_2d`: top, left, bottom, right, each 0 to 1000 over the square."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A part of a picture, in its own pixels, edges and not centres."""

    left: float
    """From the picture's left edge."""
    top: float
    """From its top."""
    right: float
    """From its left edge; not less than `left`."""
    bottom: float
    """From its top; not less than `top`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A picture inside the square: shrunk where it is larger, centred, black around it."""

    width: int
    """The picture's columns."""
    height: int
    """The picture's rows."""
    side: int
    """The square's side."""
    drawn_width: int
    """Columns that the picture takes in the square."""
    drawn_height: int
    """Rows that it takes."""

    @classmethod
    def of(cls, width: int, height: int, *, side: int = SIDE, enlarge: bool = False) -> Fit:
        """The fit of a picture.

        Args:
            width: columns.
            height: rows.
            side: of the square.
            enlarge: whether a smaller picture is enlarged; otherwise it lies in the middle as it is.
        """
        scale = side / max(width, height)
        if not enlarge:
            scale = min(1.0, scale)
        return cls(
            width=width,
            height=height,
            side=side,
            drawn_width=min(side, max(1, round(width * scale))),
            drawn_height=min(side, max(1, round(height * scale))),
        )

    @property
    def left(self) -> int:
        """Black columns to the left."""
        return (self.side - self.drawn_width) // 2

    @property
    def top(self) -> int:
        """Black rows above."""
        return (self.side - self.drawn_height) // 2

    @property
    def enlarged(self) -> bool:
        """Whether the picture was made larger than it is."""
        return self.drawn_width > self.width or self.drawn_height > self.height

    def from_model(self, box: ModelBox) -> Box | None:
        """A model's box in the picture's pixels, cut to the picture; None where nothing of it lies inside."""
        top, left, bottom, right = (one * self.side / SCALE for one in box)
        across, down = self.width / self.drawn_width, self.height / self.drawn_height
        found = Box(
            left=_within((left - self.left) * across, self.width),
            top=_within((top - self.top) * down, self.height),
            right=_within((right - self.left) * across, self.width),
            bottom=_within((bottom - self.top) * down, self.height),
        )
        return found if found.left < found.right and found.top < found.bottom else None

    def to_model(self, box: Box) -> ModelBox:
        """A box of the picture as a model would say it."""
        across, down = self.drawn_width / self.width, self.drawn_height / self.height
        edges = (
            self.top + box.top * down,
            self.left + box.left * across,
            self.top + box.bottom * down,
            self.left + box.right * across,
        )
        top, left, bottom, right = (round(one * SCALE / self.side) for one in edges)
        return top, left, bottom, right


def _within(value: float, most: int) -> float:
    return min(max(value, 0.0), float(most))
