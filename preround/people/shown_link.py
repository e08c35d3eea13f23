"""Where the one-time link is shown: on a terminal, else in a file that its user alone can read; never in a log."""

from __future__ import annotations

import os
import sys
from pathlib import Path

LINK = "link"
"""The file's name, in the home."""


def shown_link(link: str, home: Path, *, as_json: bool) -> str:
    """Show the link; gives the words that may stand in the log of whoever runs this server.

    Args:
        link: the address with the secret.
        home: where the file goes.
        as_json: whether the log is one of objects, which machines collect.
    """
    if sys.stderr.isatty() and not as_json:
        return f"{link}  (opens once)"
    file = home / LINK
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(f"{link}\n")
    part.replace(file)
    return f"{link.partition('/enter')[0]}  (the link that opens it, once, stands in {file})"
