"""Large libraries that only some adapters use: imported when they are used, named when they are missing."""

from __future__ import annotations

import importlib
from typing import Any


class LibraryMissing(RuntimeError):
    """A library that this needs is not installed; the sentence names the extra that brings it."""

    def __init__(self, name: str, extra: str) -> None:
        super().__init__(
            f"The library {name} is not installed here; in the folder of Preround, run `pip install -e '.[{extra}]'`."
        )


def needed(name: str, *, extra: str) -> Any:  # noqa: ANN401 - a module without types
    """Import a library of an optional extra.

    Raises:
        LibraryMissing: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise LibraryMissing((error.name or name).partition(".")[0], extra) from None
