"""One benchmark of the document: what it is called, how it is run, and which of its figures stand there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.figure import Figure

Found = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chapter:
    """One benchmark of the document."""

    name: str
    """A word for it: of its files, and to choose it by."""
    title: str
    """Its heading."""
    words: str
    """What is measured, and beside what."""
    module: str
    """Run as `python -m`, with `--json`."""
    figures: Callable[[Found], list[Figure]]
    """Its figures, from the JSON that it wrote."""
    folder: str = ""
    """The folder below the test data that it is given with `--data`; the whole where empty."""
    data: bool = True
    """Whether it takes `--data` at all."""
    series: Callable[[Found], tuple[list[float], str, str]] | None = None
    """A line to plot: values, words, unit."""
