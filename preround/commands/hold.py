"""`preround hold`: what must not be removed though its time is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from preround.clock import WallClock
from preround.doing.rounds import patient_id
from preround.door import Json, leave, out, settings_with, write_json
from preround.failure import Missing, Unusable
from preround.home import open_database
from store import holds, runs
from store.database import Database
from store.holds import Hold

hold = typer.Typer(help="Legal holds: rounds that `preround purge` leaves alone, with who said so and why.")

Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with the hold.")]
Name = Annotated[str, typer.Option("--as", metavar="NAME", help="Who says so; goes into the audit chain.")]


@hold.command("set")
def set_(
    reason: Reason,
    as_: Name,
    patient: Annotated[str | None, typer.Option(metavar="ID", help="Every round of a patient, later ones too.")] = None,
    round_: Annotated[str | None, typer.Option("--round", metavar="RUN", help="One round.")] = None,
    json: Json = None,
) -> None:
    """Keep everything of a patient or of a round until the hold is lifted. Exit code 3: there is no such round."""

    def work(db: Database) -> Hold:
        if (patient is None) == (round_ is None):
            raise Unusable("Say one of --patient ID and --round RUN")
        subject = f"Patient/{patient_id(patient)}" if patient is not None else str(round_)
        with db.write() as connection:
            if round_ is not None and runs.get(connection, round_) is None:
                raise Missing(f"There is no round {round_}; `preround queue --json -` names the rounds of items")
            return holds.set_hold(
                connection, subject=subject, reason=_said(reason), person=_said(as_), now=WallClock().now()
            )

    _one(work, json)


@hold.command("lift")
def lift(
    hold_id: Annotated[str, typer.Argument(metavar="HOLD", help="Its id, from `preround hold list`.")],
    reason: Reason,
    as_: Name,
    json: Json = None,
) -> None:
    """End a hold; what is over goes with the next purge. Exit code 3: there is no such hold in force."""

    def work(db: Database) -> Hold:
        with db.write() as connection:
            return holds.lift(connection, hold_id, reason=_said(reason), person=_said(as_), now=WallClock().now())

    _one(work, json)


@hold.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Those that were lifted too.")] = False, json: Json = None
) -> None:
    """The holds in force."""

    def work() -> int:
        db = open_database(settings_with())
        try:
            with db.read() as connection:
                found = [one for one in holds.every(connection) if all_ or one.lifted_at is None]
        finally:
            db.close()
        if json is not None:
            write_json([_row(one) for one in found], json)
        if json != "-":
            table = Table("hold", "of", "reason", "by", "since", "lifted")
            for one in found:
                lifted = f"{one.lifted_at:%Y-%m-%d} {one.lifted_by}: {one.lifted_reason}" if one.lifted_at else ""
                table.add_row(one.hold_id, one.subject, one.reason, one.person, f"{one.at:%Y-%m-%d}", lifted)
            out.print(table if found else "Nothing is held.")
        return 0

    leave(work, json=json)


def _one(work: Callable[[Database], Hold], json: str | None) -> None:
    def inside() -> int:
        db = open_database(settings_with())
        try:
            done = work(db)
        finally:
            db.close()
        if json is not None:
            write_json(_row(done), json)
        if json != "-":
            ended = f"lifted by {done.lifted_by}" if done.lifted_by else f"in force, set by {done.person}"
            out.print(f"Hold {done.hold_id} of {done.subject}: {ended}.", markup=False)
        return 0

    leave(inside, json=json)


def _said(text: str) -> str:
    if not text.strip():
        raise Unusable("A hold needs a reason and a name; say --reason TEXT and --as NAME")
    return text.strip()


def _row(one: Hold) -> dict[str, object]:
    lifted = one.lifted_at.isoformat() if one.lifted_at else None
    return {**asdict(one), "at": one.at.isoformat(), "lifted_at": lifted}
