"""Weights in a folder, read once and kept: nothing is downloaded, and a folder that does not fit is named."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.needed import needed

_SNAPSHOT = re.compile(r"snapshots/([0-9a-f]{7,64})(?:/|$)")


class WeightsUnusable(RuntimeError):
    """A folder holds no weights of the kind that is wanted."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"The folder {folder.name} holds no weights that can be used: {reason}.")


@dataclass
class Weights:
    """A processor and a model, once they were asked for."""

    _read: tuple[Any, Any] | None = None
    _one: threading.Lock = field(default_factory=threading.Lock)

    def of(self, folder: Path, *, processor: str, model: str) -> tuple[Any, Any]:
        """Read them, or give what was read.

        Args:
            folder: where they lie.
            processor: name of the class of transformers that reads the processor.
            model: name of the class of transformers that reads the model.

        Raises:
            WeightsUnusable: there is no such folder, or it holds something else.
            LibraryMissing: torch or transformers are not installed.
        """
        with self._one:
            if self._read is None:
                self._read = _reading(folder, processor, model)
            return self._read


def _reading(folder: Path, processor: str, model: str) -> tuple[Any, Any]:
    torch, transformers = needed("torch", extra="models"), needed("transformers", extra="models")
    # Its progress bars and advice are for people who train models, not for those who use one.
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    checked(folder)
    try:
        read = getattr(transformers, processor).from_pretrained(folder, local_files_only=True)
        made = getattr(transformers, model).from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise WeightsUnusable(folder, f"reading it failed ({type(error).__name__})") from error
    return read, made.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def checked(folder: Path) -> None:
    """Look whether a folder holds weights at all.

    Raises:
        WeightsUnusable: it does not.
    """
    if not (folder / "config.json").is_file():
        raise WeightsUnusable(folder, "it has no config.json; download the model's repository into it")


def revision_of(folder: Path) -> str | None:
    """The commit of a folder that a download made, ``…/snapshots/COMMIT``; ``None`` where it does not say."""
    found = _SNAPSHOT.search(folder.absolute().as_posix())
    return found[1] if found else None
