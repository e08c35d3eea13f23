"""Recordings for tests: tones in the shapes in which files come."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import soundfile


def tone(seconds: float, *, rate: int = 16_000, hertz: float = 440.0, channels: int = 1, loud: float = 0.3) -> Any:
    """A tone as samples of shape (n, channels)."""
    at = np.arange(round(seconds * rate)) / rate
    return np.repeat((loud * np.sin(2 * np.pi * hertz * at))[:, None], channels, axis=1)


def encoded(samples: Any, *, rate: int = 16_000, form: str = "WAV", subtype: str | None = None) -> bytes:
    """A file with these samples."""
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=form, subtype=subtype)
    return out.getvalue()


def wav(seconds: float = 1.0, **shape: Any) -> bytes:
    """A WAV file with a tone."""
    return encoded(tone(seconds, **shape), rate=shape.get("rate", 16_000))
