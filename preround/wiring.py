"""Wiring: settings become services; the only place that knows every room."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from agents.models.asking import Asker
from agents.models.endpoint import Endpoint, allowed
from agents.models.making import loaded_chat, served_chat, weights_can_be_run
from agents.models.registry import ModelRow, ModelUnnamed, row_of
from agents.offline.reasoner import OfflineReasoner
from agents.reasoner import Reasoner
from agents.worded.reasoner import WordedReasoner
from claims.seal import Author
from graphs.checkpoints import Checkpoints, sqlite_checkpoints
from graphs.clock import Clock
from graphs.runner import Runner
from graphs.services import Services
from preround import VERSION
from preround.clock import WallClock
from preround.fhir_login import login
from preround.literature import shelf_of
from preround.progress import MODEL, answers_words
from preround.sandbox.app import create_sandbox
from preround.settings import Settings
from review.policy import load_policy
from store.database import Database, database_at
from store.leases import FileLeases, Leases
from store.row_leases import RowLeases
from tools.fhir.client import FhirClient
from tools.fhir.transport import in_process
from tools.fhir.write import FhirWriter
from tools.guidelines.library import BUILT_IN, load
from tools.guidelines.worker import GuidelineWorker

SANDBOX_URL = "http://sandbox.invalid/fhir"
"""The embedded sandbox's address inside this process; nothing ever resolves it."""


class ReasonerMissing(RuntimeError):
    """This reasoner is not set up here; install its extra, or run with --reasoner offline."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The reasoner {name} is not set up here; run with --reasoner offline.")


class HomeUnusable(RuntimeError):
    """State cannot be kept there; point PREROUND_HOME at a folder that you can write to."""

    def __init__(self, why: str) -> None:
        super().__init__(f"State cannot be kept there ({why}); point PREROUND_HOME at a folder that you can write to.")


@dataclass(frozen=True, kw_only=True)
class House:
    """The running program: what the doors use."""

    settings: Settings
    """What it was made from."""
    services: Services
    """What nodes use."""
    runner: Runner
    """Drives rounds."""
    sandbox: ASGIApp | None
    """The embedded FHIR server, where it is the one in use."""


def guideline_folders(settings: Settings) -> tuple[Path, ...]:
    """The folders with recommendations: ours, what was added here, and those that the settings name."""
    added = settings.home / "guidelines"
    here = sorted(each for each in added.iterdir() if each.is_dir()) if added.is_dir() else []
    return (BUILT_IN, *here, *settings.guidelines)


def sandbox_app(settings: Settings) -> ASGIApp:
    """The embedded sandbox, on its own file under `home`."""
    _make_home(settings)
    return create_sandbox(settings.home / "sandbox.sqlite", now=WallClock().now, audit=settings.sandbox_audit)


def open_database(settings: Settings) -> Database:
    """The state's database, migrated."""
    _make_home(settings)
    url = settings.database_url
    db = Database(url.get_secret_value()) if url else database_at(settings.home / "preround.sqlite")
    db.migrate()
    return db


def checkpoints_of(settings: Settings, db: Database) -> AbstractAsyncContextManager[Checkpoints]:
    """Where LangGraph keeps its steps: a file of its own under `home`, or the same PostgreSQL as the state."""
    if not settings.database_url or not db.shared:
        return sqlite_checkpoints(settings.home / "checkpoints.sqlite")
    from graphs.postgres_checkpoints import postgres_checkpoints  # its driver is an extra

    return postgres_checkpoints(settings.database_url.get_secret_value())


def leases_of(settings: Settings, db: Database) -> Leases:
    """Who may drive a round: an operating-system lock on one machine, rows where several share a PostgreSQL."""
    return RowLeases(db, seconds=settings.lease_seconds) if db.shared else FileLeases(settings.home / "locks")


def _make_home(settings: Settings) -> None:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeUnusable(error.strerror or "it is not there") from error
    if not os.access(settings.home, os.W_OK | os.X_OK):
        raise HomeUnusable("it may not be written to")


@asynccontextmanager
async def open_house(
    settings: Settings,
    *,
    progress: Callable[[str, str], None] = lambda node, state: None,
    reasoner: Reasoner | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[House]:
    """Open everything for one command or one server, and close it again.

    Args:
        settings: where and how.
        progress: told when a node starts and ends.
        reasoner: in place of the one that the settings name.
        clock: in place of the real one.

    Raises:
        HomeUnusable: when the home cannot be made or written to.
        ReasonerMissing: when the reasoner that the settings name cannot be had.
        tools.fhir.errors.BadAddress: when the FHIR URL is not usable.
    """
    db = open_database(settings)
    sandbox = None if settings.fhir else sandbox_app(settings)
    base = settings.fhir or SANDBOX_URL
    transport = in_process(sandbox) if sandbox is not None else None
    time = clock or WallClock()
    reads, writes = (login(settings, base, purpose=purpose, now=time.now) for purpose in ("read", "write"))
    chosen = reasoner or _reasoner(settings, progress)

    def writing() -> FhirWriter:
        return FhirWriter(base, transport=transport, auth=writes)

    try:
        async with (
            FhirClient(base, transport=transport, auth=reads) as client,
            GuidelineWorker(node_modules=settings.node_modules) as worker,
            checkpoints_of(settings, db) as checkpoints,
            shelf_of(settings) as shelf,
        ):
            services = Services(
                db=db,
                leases=leases_of(settings, db),
                client=client,
                writing=writing,
                reasoner=chosen,
                worker=worker,
                library=load(guideline_folders(settings)),
                policy=load_policy(settings.policy),
                author=Author(
                    device_name="Preround",
                    version=VERSION,
                    reasoner=chosen.name,
                    model_name=chosen.model[0],
                    model_revision=chosen.model[1],
                ),
                clock=time,
                shelf=shelf,
                site_tables=settings.site_tables,
                progress=progress,
            )
            yield House(settings=settings, services=services, runner=Runner(services, checkpoints), sandbox=sandbox)
    finally:
        db.close()


def _reasoner(settings: Settings, progress: Callable[[str, str], None]) -> Reasoner:
    if settings.reasoner == "offline":
        return OfflineReasoner()
    row = model_row(settings)
    if settings.reasoner == "vllm":
        if not row.named:
            raise ModelUnnamed(row.name)
        chat = served_chat(row, endpoint_of(row, settings), seconds=settings.model_seconds)
    else:
        if settings.model_path is None or not weights_can_be_run():
            raise ReasonerMissing(settings.reasoner)
        chat = loaded_chat(row, settings.model_path, seconds=settings.model_seconds)

    def watch(under_way: int, pieces: int) -> None:
        progress(MODEL, answers_words(under_way, pieces))

    asker = Asker(chat, seconds=settings.model_seconds, room=row.prompt_tokens, watch=watch)
    return WordedReasoner(asker, name=settings.reasoner, model=(row.served_name, row.revision))


def model_row(settings: Settings) -> ModelRow:
    """The registry's row that the settings name, with the site's pin.

    Raises:
        ModelUnknown, RegistryUnusable: when there is none.
    """
    return row_of(settings.model, settings.models, revision=settings.model_revision, served=settings.model_served)


def endpoint_of(row: ModelRow, settings: Settings) -> Endpoint:
    """Where a row's model is asked.

    Raises:
        EndpointRefused: when charts may not go there.
    """
    key = settings.model_key.get_secret_value() if settings.model_key else None
    return allowed(row.url or settings.model_url, hosts=settings.model_hosts, key=key)
