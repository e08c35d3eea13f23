"""`preround backup`: a copy of the state, taken while rounds go on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from preround.door import Json, leave, out, settings_with, write_json
from preround.failure import Declined, Unusable
from preround.home import SANDBOX, STATE, STEPS, open_database
from preround.people.shown_link import LINK
from preround.settings import Settings
from store import runs
from store.audit import verify
from store.backup import copy_files
from store.heads import FILE as HEADS

_NOT_COPIED = ("*.sqlite*", "locks", LINK, f"{HEADS}.*")


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder; it is a home of its own afterwards.")],
    json: Json = None,
) -> None:
    """Copy the state on this machine, all of one moment, while rounds go on.

    To restore, stop what runs, and set PREROUND_HOME to the copy or put it in the home's place: rounds that waited
    wait, what was cut off goes on, and what was written is not written again. An encrypted state needs its
    PREROUND_STATE_KEY, which no backup holds. On PostgreSQL `pg_dump` does this (docs/how-to/deploy.md).

    Exit codes: 0 done · 2 the state is on PostgreSQL, or nothing can be written there · 4 the folder exists.
    """

    def work() -> int:
        settings = settings_with()
        found = _backed_up(settings, folder)
        if json is not None:
            write_json(found, json)
        if json != "-":
            out.print(
                f"{found['rounds']} rounds, {found['waiting']} of them waiting, and {found['acts']} acts are in "
                f"{folder} ({found['bytes'] / 1e6:.1f} MB). Note the audit chain's head elsewhere: {found['head']}",
                markup=False,
            )
        return 0

    leave(work, json=json)


def _backed_up(settings: Settings, folder: Path) -> dict[str, Any]:
    if settings.database_url is not None:
        raise Unusable(
            "The state is on PostgreSQL; back it up with `pg_dump --format custom`, which takes one moment of it too"
        )
    if folder.exists():
        raise Declined(f"{folder} exists already, and a backup is never written over; name another folder")
    open_database(settings).close()  # its tables are today's, and its keys are here
    part = folder.with_name(f"{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)  # of one that was cut off
        shutil.copytree(settings.home, part, ignore=shutil.ignore_patterns(*_NOT_COPIED, part.name))
        part.chmod(0o700)
        others = [settings.home / name for name in (STEPS, SANDBOX) if (settings.home / name).exists()]
        copy_files(settings.home / STATE, others, part)
        told = _told(settings, part)
        os.rename(part, folder)
    except OSError as error:
        raise Unusable(f"{folder} cannot be written ({error.strerror}); name another folder") from error
    return told


def _told(settings: Settings, folder: Path) -> dict[str, Any]:
    """What lies in a backup, read from it."""
    db = open_database(settings.model_copy(update={"home": folder}))
    try:
        heads = db.heads
        with db.read() as connection:
            chain = verify(connection, heads)
            rounds = runs.by_status(connection)
    finally:
        db.close()
    if chain.problem is not None:
        raise Declined(f"The audit chain does not hold: {chain.problem} Look into it before this backup is relied on")
    return {
        "rounds": len(rounds),
        "waiting": sum(run.status == "awaiting_review" for run in rounds),
        "acts": chain.rows,
        "head": chain.head,
        "bytes": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
    }
