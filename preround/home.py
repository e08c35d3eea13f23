"""A home: where the state of the program lies, opened as the settings say, on files or on PostgreSQL."""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager

from starlette.types import ASGIApp

from graphs.checkpoints import Checkpoints, sqlite_checkpoints
from graphs.clock import Clock
from preround.clock import WallClock
from preround.sandbox.app import create_sandbox
from preround.settings import Settings
from store.database import Database, database_at
from store.heads import FILE as HEADS
from store.heads import Heads
from store.keyring import check_keys
from store.leases import FileLeases, Leases
from store.row_leases import RowLeases
from store.vault import Vault

STATE, STEPS, SANDBOX = "preround.sqlite", "checkpoints.sqlite", "sandbox.sqlite"
"""The files of a home without PostgreSQL: rounds and decisions, LangGraph's steps, the embedded FHIR server."""


class HomeUnusable(RuntimeError):
    """State cannot be kept there; point PREROUND_HOME at a folder that you can write to."""

    def __init__(self, why: str) -> None:
        super().__init__(f"State cannot be kept there ({why}); point PREROUND_HOME at a folder that you can write to.")


def sandbox_app(settings: Settings, clock: Clock | None = None) -> ASGIApp:
    """The embedded sandbox, on its own file under `home`; by the real clock, unless another is given."""
    make_home(settings)
    now = (clock or WallClock()).now
    return create_sandbox(settings.home / SANDBOX, now=now, audit=settings.sandbox_audit)


def open_database(settings: Settings) -> Database:
    """The state's database, migrated, with every key that it needs.

    Raises:
        HomeUnusable: when the home cannot be made or written to.
        store.vault.KeyUnusable, KeyMissing: when a key is none, or one is not here.
        store.database.DatabaseAway, DatabaseTooNew, store.engine.DatabaseUnusable: when it cannot be used.
    """
    make_home(settings)
    url, key = settings.database_url, settings.state_key
    vault = Vault.of(key.get_secret_value() if key else None)
    heads = Heads(settings.home / HEADS)
    if url:
        db = Database(url.get_secret_value(), vault=vault, heads=heads)
    else:
        db = database_at(settings.home / STATE, vault=vault, heads=heads)
    try:
        db.migrate()
        check_keys(db)
    except BaseException:
        db.close()
        raise
    return db


def checkpoints_of(settings: Settings, db: Database) -> AbstractAsyncContextManager[Checkpoints]:
    """Where LangGraph keeps its steps: a file of its own under `home`, or the same PostgreSQL as the state."""
    if not settings.database_url or not db.shared:
        return sqlite_checkpoints(settings.home / STEPS)
    from graphs.postgres_checkpoints import postgres_checkpoints  # its driver is an extra

    return postgres_checkpoints(settings.database_url.get_secret_value())


def leases_of(settings: Settings, db: Database) -> Leases:
    """Who may drive a round: an operating-system lock on one machine, rows where several share a PostgreSQL."""
    return RowLeases(db, seconds=settings.lease_seconds) if db.shared else FileLeases(settings.home / "locks")


def make_home(settings: Settings) -> None:
    """Make the folder of the state, where it is not there.

    Raises:
        HomeUnusable: when it cannot be made or written to.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeUnusable(error.strerror or "it is not there") from error
    if not os.access(settings.home, os.W_OK | os.X_OK):
        raise HomeUnusable("it may not be written to")
