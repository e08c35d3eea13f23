"""`preround purge`: remove what closed rounds read and drafted when their time is over."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from preround.clock import WallClock
from preround.doing.retaining import purged, rule_of
from preround.door import Json, err, leave, out, settings_with, write_json
from preround.failure import Unusable
from preround.home import open_database
from preround.settings import Settings
from store.database import Database
from store.retention import Gone, Rule, preview


def purge(
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this it only says what would go.")] = False,
    older_than: Annotated[
        int | None,
        typer.Option("--older-than", metavar="DAYS", min=1, help="Rounds closed before that; else the site's setting."),
    ] = None,
    as_: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Who has it done; needed with --yes.")] = None,
    json: Json = None,
) -> None:
    """Remove what closed rounds read and drafted, PREROUND_RETENTION_DAYS after they closed.

    Without --yes nothing is removed. Charts that were read, drafts, proposals, pictures and people's words go; who
    decided what and when, the hashes, receipts and the audit chain stay. What waits for a decision or is
    being written never goes, nor what is held (`preround hold`) or what an incident stands on. Cut off, it goes on with
    the next call.

    Exit codes: 0 done · 2 nothing says how long rounds are kept · 4 the site keeps them longer than asked.
    """

    def work() -> int:
        if yes and not (as_ or "").strip():
            raise Unusable("Say who has it done: --as NAME; it goes into the audit chain")
        settings, now = settings_with(), WallClock().now()
        rule = rule_of(settings, now, older_than)
        db = open_database(settings)
        try:
            with db.read() as connection:
                gone, staying = preview(connection, rule)
            if yes:
                gone = asyncio.run(_done(settings, db, rule, str(as_), now, gone.rounds))
        finally:
            db.close()
        found = {"done": yes, "before": rule.before.isoformat(), **asdict(gone), **asdict(staying)}
        if json is not None:
            write_json(found, json)
        if json != "-":
            _tell(gone, rule, yes)
            for number, why in ((staying.held, "held"), (staying.needed, "still needed")):
                if number:
                    out.print(f"{number} more rounds are as old and stay: {why}.", markup=False)
        return 0

    leave(work, json=json)


async def _done(settings: Settings, db: Database, rule: Rule, person: str, now: datetime, expected: int) -> Gone:
    total = Gone()
    with err.status("Removing…") as status:
        async for gone in purged(settings, db, rule, person=person, now=now):
            total += gone
            status.update(f"Removing: {total.rounds} of {expected} rounds, {total.freed / 1e6:.1f} MB")
    return total


def _tell(gone: Gone, rule: Rule, yes: bool) -> None:
    did = "Removed" if yes else "Would be removed"
    what = f"{gone.artifacts} artifacts of {gone.rounds} rounds closed before {rule.before:%d %b %Y %H:%M} UTC"
    pictures = f", {gone.embeddings} vectors of pictures" if gone.embeddings else ""
    out.print(f"{did}: {what}{pictures}; {gone.freed / 1e6:.2f} MB.", markup=False)
    if not yes and gone != Gone():
        out.print("Nothing was removed; say --yes --as NAME to do it.", markup=False)
