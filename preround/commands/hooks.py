"""`preround hooks`: how cards fared in the systems that asked for them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from preround.door import Json, leave, out, settings_with, write_json
from preround.home import open_database
from review.reasons import reasons
from store import hook_cards
from store.hook_cards import CardRow, FeedbackRow, Tally


def hooks(
    limit: Annotated[int, typer.Option(help="How many of the newest answers to list.", min=0, max=1000)] = 20,
    json: Json = None,
) -> None:
    """Say how many CDS Hooks cards were shown, taken and overridden, by what they were about, and why.

    Cards are given by `preround serve` at /cds-services. No patient is named here. Exit codes: 0 done.
    """

    def work() -> int:
        db = open_database(settings_with())
        try:
            with db.read() as connection:
                tallies = hook_cards.tallies(connection)
                answers = hook_cards.answers(connection, limit=limit)
        finally:
            db.close()
        if json is not None:
            rows = [_row(card, said) for card, said in answers]
            write_json({"cards": [asdict(one) for one in tallies], "answers": rows}, json)
        if json != "-":
            _show(tallies, answers)
        return 0

    leave(work, json=json)


def _row(card: CardRow, said: FeedbackRow) -> dict[str, Any]:
    return {
        "card": card.card,
        "service": card.service,
        "about": card.about,
        "client": card.client,
        "shown": card.shown.isoformat(),
        "outcome": said.outcome,
        "code": said.code,
        "system": said.system,
        "words": said.words,
        "suggestions": list(said.suggestions),
        "decided": said.decided.isoformat(),
        "received": said.received.isoformat(),
    }


def _show(tallies: tuple[Tally, ...], answers: tuple[tuple[CardRow, FeedbackRow], ...]) -> None:
    if not tallies:
        out.print("No card was given yet; a system asks at /cds-services of `preround serve`.", markup=False)
        return
    table = Table("service", "about", "shown", "taken", "overridden")
    for one in tallies:
        table.add_row(one.service, one.about, str(one.shown), str(one.accepted), str(one.overridden))
    out.print(table)
    displays = {(r.system, r.code): r.display for r in reasons()}
    for card, said in answers:
        why = displays.get((said.system or "", said.code or ""), said.code or "")
        words = " · ".join(part for part in (said.outcome, why, said.words or "") if part)
        out.print(f"{said.received.date().isoformat()}  {card.about}  {words}", markup=False)
