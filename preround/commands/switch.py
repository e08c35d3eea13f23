"""`preround switch`: what is off or silent, by whom and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.table import Table

from preround.clock import WallClock
from preround.doing.switching import throw
from preround.door import Json, leave, out, settings_with, write_json
from preround.home import open_database
from preround.settings import Settings
from review.switches import Mode, Scope, Switch, said
from store import switches
from store.database import Database

switch = typer.Typer(
    help="Switch a task, a site, a model or a guideline off, or to silent, and on again; it counts at once, everywhere."
)

Task = Annotated[str | None, typer.Option(metavar="NAME", help="A task, such as suggestions.")]
Site = Annotated[str | None, typer.Option(metavar="NAME", help="A site: what PREROUND_SITE says where rounds begin.")]
Model = Annotated[str | None, typer.Option(metavar="NAME", help="A model by its name, or a reasoner such as offline.")]
Guideline = Annotated[
    str | None,
    typer.Option(metavar="ID", help="A recommendation: its id or canonical address, with |VERSION or without."),
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; it is shown on every item that it stops.")]
New = Annotated[
    bool,
    typer.Option("--new", help="A name may be one that nothing here has yet, such as a site before its first round."),
]
Name = Annotated[str, typer.Option("--as", metavar="NAME", help="Who says so; goes into the audit chain.")]


@switch.command("off")
def off(
    reason: Reason,
    as_: Name,
    task: Task = None,
    site: Site = None,
    model: Model = None,
    guideline: Guideline = None,
    new: New = False,
    json: Json = None,
) -> None:
    """Nothing of it is drafted, signed or written from now on; several options together mean what is all of them.

    Items that wait can still be read and rejected. Rounds under way stop at their next step, and go on when it is
    switched on again. Example: `preround switch off --task suggestions --reason "wrong ages" --as "Ada Nowak"`.
    Exit code 2: nothing here has that name; those that are near it are told.
    """
    _throw(Scope(task=task, site=site, model=model, guideline=guideline), "off", reason, as_, json, new=new)


@switch.command("silent")
def silent(
    reason: Reason, as_: Name, task: Task = None, site: Site = None, new: New = False, json: Json = None
) -> None:
    """Rounds run and are checked, and nothing of them is shown to clinicians, from now on.

    `preround rollout compare` holds what would have been proposed against what is then done. What was put before
    people earlier can still be read, and not signed. Exit code 2: nothing here has that name.
    """
    _throw(Scope(task=task, site=site), "silent", reason, as_, json, new=new)


@switch.command("on")
def on(
    reason: Reason,
    as_: Name,
    task: Task = None,
    site: Site = None,
    model: Model = None,
    guideline: Guideline = None,
    json: Json = None,
) -> None:
    """End what `off` or `silent` began; name the same. Exit code 2: that is neither off nor silent."""
    _throw(Scope(task=task, site=site, model=model, guideline=guideline), "on", reason, as_, json)


@switch.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Every act, what was switched on again too.")] = False,
    json: Json = None,
) -> None:
    """What is off or silent now, by whom, since when and why."""

    def work(db: Database, settings: Settings) -> int:
        with db.read() as connection:
            found = switches.every(connection) if all_ else switches.in_force(connection)
        if json is not None:
            write_json([row(one) for one in found], json)
        if json != "-":
            table = Table("what", "is", "since", "by", "reason")
            for one in found:
                table.add_row(str(one.scope), one.mode, f"{one.at:%Y-%m-%d %H:%M}", one.person, one.reason)
            out.print(table if found else "Everything is on.")
        return 0

    _with_state(work, json)


def row(one: Switch) -> dict[str, Any]:
    """A switch as JSON."""
    scope = one.scope
    return {
        "switch": one.switch_id,
        "task": scope.task,
        "site": scope.site,
        "model": scope.model,
        "guideline": scope.guideline,
        "mode": one.mode,
        "reason": one.reason,
        "person": one.person,
        "at": one.at.isoformat(),
    }


def _throw(scope: Scope, mode: Mode, reason: str, person: str, json: str | None, *, new: bool = False) -> None:
    def work(db: Database, settings: Settings) -> int:
        now = WallClock().now()
        done = throw(db, settings, scope, mode, reason=reason, person=person, now=now, unknown=new)
        if json is not None:
            write_json(row(done), json)
        if json != "-":
            out.print(f"{done.scope} is on again." if mode == "on" else f"It {said(done)}.", markup=False)
        return 0

    _with_state(work, json)


def _with_state(work: Callable[[Database, Settings], int], json: str | None) -> None:
    def inside() -> int:
        settings = settings_with()
        db = open_database(settings)
        try:
            return work(db, settings)
        finally:
            db.close()

    leave(inside, json=json)
