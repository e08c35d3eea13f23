"""`make reference`: write what the program says of itself under `docs/`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from preround.reference.pages import pages

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main(docs: Path = DOCS) -> None:
    """Write every page, and remove cards of models that are no more."""
    found = asyncio.run(pages())
    for old in (docs / "model-cards").glob("*.md"):
        if old.relative_to(docs).as_posix() not in found:
            old.unlink()
    for name, text in found.items():
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
