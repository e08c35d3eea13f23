"""`preround incidents`: what reviewers reported as harm or near harm, whose it is, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from preround.clock import WallClock
from preround.door import Json, leave, out, settings_with, write_json
from preround.home import open_database
from review.incidents import Act, Incident, act_on
from review.incidents import incidents as every
from review.policy import load_policy

incidents = typer.Typer(
    help="Reports of harm or near harm: a rejection whose reason says so opens one; somebody takes it, and closes it."
)

Item = Annotated[str, typer.Argument(metavar="ITEM", help="The item, from `preround incidents list`.")]
Name = Annotated[str, typer.Option("--as", metavar="NAME", help="Who does so; goes into the audit chain.")]
Words = Annotated[str, typer.Option(metavar="TEXT", help="In words; kept with the incident, not in the audit chain.")]


@incidents.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Those that are closed too.")] = False, json: Json = None
) -> None:
    """The incidents that are open, newest first, with their owners."""

    def work() -> int:
        db = open_database(settings_with())
        try:
            found = tuple(one for one in every(db) if all_ or one.closed is None)
        finally:
            db.close()
        if json is not None:
            write_json([incident_json(one) for one in found], json)
        if json != "-":
            say_incidents(found)
        return 0

    leave(work, json=json)


@incidents.command("take")
def take(item: Item, as_: Name, json: Json = None) -> None:
    """Make an incident yours."""
    _act(item, "taken", as_, None, json)


@incidents.command("note")
def note(item: Item, words: Words, as_: Name, json: Json = None) -> None:
    """Say what was found so far."""
    _act(item, "noted", as_, words, json)


@incidents.command("close")
def close(item: Item, words: Words, as_: Name, json: Json = None) -> None:
    """Close an incident with what was done; a recommendation that it paused may be proposed again."""
    _act(item, "closed", as_, words, json)


@incidents.command("reopen")
def reopen(item: Item, words: Words, as_: Name, json: Json = None) -> None:
    """Open an incident again, and say why; what it paused is paused again."""
    _act(item, "reopened", as_, words, json)


def incident_json(one: Incident) -> dict[str, Any]:
    """An incident as JSON."""
    acts = [{**asdict(act), "at": act.at.isoformat()} for act in one.acts]
    found = {name: value for name, value in asdict(one).items() if name != "decision_id"}
    return {**found, "at": one.at.isoformat(), "acts": acts, "owner": one.owner, "open": one.closed is None}


def say_incidents(found: Sequence[Incident]) -> None:
    """Incidents as a table."""
    table = Table("item", "reason", "words", "by", "at", "pauses", "owner", "closed")
    for one in found:
        paused = ", ".join(one.recommendations) if one.pauses and one.closed is None else ""
        closed = f"{one.closed.person}: {one.closed.words}" if one.closed else ""
        when = one.at.isoformat()[:16]
        table.add_row(one.item_id, one.code, one.words or "", one.person, when, paused, one.owner or "nobody", closed)
    out.print(table if found else "No incident has been reported, or none is open.")


def _act(item: str, act: Act, person: str, words: str | None, json: str | None) -> None:
    def work() -> int:
        settings = settings_with()
        policy = load_policy(settings.policy)
        db = open_database(settings)
        try:
            done = act_on(db, item, act, person=person, words=words, policy=policy, now=WallClock().now())
        finally:
            db.close()
        if json is not None:
            write_json(incident_json(done), json)
        if json != "-":
            state = "closed" if done.closed else f"open, {done.owner or 'nobody'}'s"
            out.print(f"The incident of item {item} is {state}.", markup=False)
        return 0

    leave(work, json=json)
