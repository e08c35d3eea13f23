"""`preround quality`: what became of drafts, by task, author, guideline and group of patients."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from preround.door import Json, leave, out, settings_with, write_json
from preround.home import open_database
from preround.web.quality_page import TITLES, words_of
from preround.web.wording import SEEDS, waited_words
from review.outcomes import VERDICTS, outcomes
from review.quality import Dimension, Share, quick, share, shares
from review.quality_csv import table
from review.seeding import Attention, attention, seeded_every


def quality(
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write a line for each decided entry, without anything of a patient.")
    ] = None,
    json: Json = None,
) -> None:
    """Say what people did with drafts: accepted, edited, sent back, rejected, how fast, and for whom.

    Groups of fewer than five patients are put together. Example:
    `preround quality --csv outcomes.csv`.
    """

    def work() -> int:
        settings = settings_with()
        db = open_database(settings)
        try:
            found = outcomes(db, words_a_minute=settings.reading_words_a_minute)
            seeded = seeded_every(db)
        finally:
            db.close()
        parts = {by: shares(found, by) for by in TITLES}
        if csv is not None:
            csv.write_text(table(found), encoding="utf-8", newline="")
        if json is not None:
            whole = asdict(share("all", found)) if found else None
            rows = {by: [asdict(one) for one in of] for by, of in parts.items()}
            errors = [asdict(one) for one in attention(seeded)]
            fast = [{**asdict(one), "at": one.at.isoformat()} for one in quick(found)]
            write_json({"whole": whole, "by": rows, "faster_than_reading": fast, "seeded": errors}, json)
        if json != "-":
            for by, of in parts.items():
                if of:
                    out.print(_table(by, of))
            if seeded:
                out.print(_attention(attention(seeded)))
            if not found:
                out.print("Nothing has been decided yet. See what waits with `preround queue`.")
        return 0

    leave(work, json=json)


def _attention(of: tuple[Attention, ...]) -> Table:
    found = Table(title="Seeded errors", title_justify="left")
    for words in ("", "seeded", "caught", "left out", "missed", "not decided"):
        found.add_column(words, justify="right" if words else "left")
    for one in of:
        figures = (one.seeded, one.caught, one.left_out, one.missed, one.waiting)
        found.add_row(SEEDS.get(one.kind, one.kind), *(str(n or "") for n in figures))
    return found


def _table(by: Dimension, of: tuple[Share, ...]) -> Table:
    found = Table(title=TITLES[by], title_justify="left")
    found.add_column("", overflow="fold")
    for words in ("decided", "accepted", *VERDICTS, "time", "too fast"):
        found.add_column(words, justify="right")
    for one in of:
        counts = (str(one.verdicts[verdict] or "") for verdict in VERDICTS)
        figures = (waited_words(one.seconds), str(one.hurried or ""))
        found.add_row(words_of(by, one.key), str(one.decided), f"{one.accepted:.0%}", *counts, *figures)
    return found
