"""A picture that is handed to a model: exactly these bytes, and what they are of."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools.imaging.fit import Fit
from tools.imaging.header import Header


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One PNG, made by `tools.imaging.handing` alone."""

    png: bytes = field(repr=False)
    """The file that is sent; it holds pixels and nothing else."""
    sha256: str
    """Its SHA-256, in hex."""
    fit: Fit
    """Where the picture lies in it."""
    label: str
    """What the model is told beside it, such as `SLICE 3`; empty where it is told nothing."""
    source: str
    """SHA-256 of the file that it was made of, in hex."""
    frame: int
    """Which of that file's frames, from 1."""
    shown_by: str
    """What its shades stand for, such as `window 40/400`."""
    turned: str
    """What was done to have it upright; empty where nothing was."""
    header: Header
    """What the file says of itself."""
