"""`preround rollout`: whether to go on, and what was done where nothing was shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from preround.doing.comparing import compare as compared
from preround.door import Fhir, Json, enter, leave, out, settings_with, write_json
from preround.failure import NOT_FOUND, REFUSED
from preround.home import open_database
from preround.shown.rollout import figures_of, row_json
from preround.wiring import House
from review.rollout import Answer, bounds, happened, rows, whole

rollout = typer.Typer(
    invoke_without_command=True,
    help="Whether to go on with a rollout, by figures held to bounds; and what was done where nothing was shown.",
)
CODES: Mapping[Answer, int] = {"go": 0, "not enough yet": NOT_FOUND, "no-go": REFUSED}


@rollout.callback()
def figures(
    ctx: typer.Context,
    task: Annotated[str | None, typer.Option(metavar="NAME", help="One task alone, such as suggestions.")] = None,
    site: Annotated[str | None, typer.Option(metavar="NAME", help="One site alone, by PREROUND_SITE.")] = None,
    json: Json = None,
) -> None:
    """Say go, no-go or not enough yet, with the figures: how many of how many, and the 95 % interval of that share.

    The bounds stand in `review/rollout.toml`; PREROUND_ROLLOUT names a site's own. Exit codes: 0 go · 3 not enough yet
    to say · 4 no-go.
    """
    if ctx.invoked_subcommand is not None:
        return

    def work() -> int:
        settings = settings_with()
        held = bounds(settings.rollout)
        db = open_database(settings)
        try:
            found = rows(happened(db, task=task, site=site, words_a_minute=settings.reading_words_a_minute), held)
        finally:
            db.close()
        if json is not None:
            write_json({"answer": whole(found), "rows": [row_json(one) for one in found]}, json)
        if json != "-":
            table = Table("", "share", "of", "95 % interval", "bound", "answer")
            for one in found:
                table.add_row(one.bound.title, *figures_of(one), one.answer)
            out.print(table)
            out.print(f"{whole(found)[0].upper()}{whole(found)[1:]}.", style="bold")
        return CODES[whole(found)]

    leave(work, json=json)


@rollout.command("compare")
def compare(
    days: Annotated[int, typer.Option(min=0, max=3650, help="So long after a round what was done counts.")] = 30,
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Hold what was proposed in silence against the record: was it done in the days after, without having been shown?

    A recommendation counts as done when its own rules find it so, or when something was ordered, done or measured under
    a code that was proposed. Each is compared once, when its days are over.
    """

    async def work(house: House) -> int:
        done = await compared(house, days=days)
        if json is not None:
            write_json(asdict(done), json)
        if json != "-":
            out.print(f"{done.settled} compared; {done.young} not over yet; {done.unread} could not be read.")
            out.print("Next: preround rollout")
        return 0

    enter(work, fhir=fhir, json=json)
