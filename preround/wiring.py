"""Wiring: settings become services; the only place that knows every room."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from langchain_core.language_models import BaseChatModel
from starlette.types import ASGIApp

from agents.reasoner import Reasoner
from chart.site_tables import tables
from claims.author import Author
from graphs.clock import Clock
from graphs.runner import Runner
from graphs.services import Services
from preround import VERSION
from preround.clock import WallClock
from preround.fhir_login import login
from preround.home import checkpoints_of, leases_of, open_database, sandbox_app
from preround.literature import shelf_of
from preround.people.tokens import SMART, Tokens
from preround.reasoners import reasoner_of
from preround.settings import Settings
from preround.telemetry.metrics import Metrics
from preround.telemetry.opening import watching
from preround.telemetry.state import StateMetrics
from review.policy import load_policy
from tools.fhir.auth import BearerAuth
from tools.fhir.client import FhirClient
from tools.fhir.limits import Limits
from tools.fhir.report import Reporter
from tools.fhir.transport import Transport, in_process
from tools.fhir.write import FhirWriter
from tools.guidelines.library import BUILT_IN, GuidelineLibrary, load
from tools.guidelines.worker import GuidelineWorker
from tools.observer import NOBODY, Observer

SANDBOX_URL = "http://sandbox.invalid/fhir"
"""The embedded sandbox's address inside this process; nothing ever resolves it."""


@dataclass(frozen=True, kw_only=True)
class House:
    """The running program: what the doors use."""

    settings: Settings
    """What it was made from."""
    services: Services
    """What nodes use."""
    runner: Runner
    """Drives rounds."""
    reporting: Callable[[], Reporter]
    """Opens what tells the FHIR server of the queue and the audit chain; it can write nothing that a person signs."""
    tokens: Tokens
    """Of people who were launched from the EHR."""
    sandbox: ASGIApp | None
    """The embedded FHIR server, where it is the one in use."""
    metrics: Metrics
    """What this process did so far, in numbers, and what the state holds."""


def _as_it_is(transport: Transport | None) -> Transport | None:
    return transport


def _the_same(chat: BaseChatModel) -> BaseChatModel:
    return chat


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What lies between the program and the world: as it is, unless somebody records, replays or tries out failures."""

    fhir: Callable[[Transport | None], Transport | None] = _as_it_is
    """Puts something around what carries FHIR requests; `None` is real HTTP."""
    literature: Callable[[Transport | None], Transport | None] = _as_it_is
    """The same for requests to literature sources."""
    limits: Limits = field(default_factory=Limits)
    """How patient FHIR requests are."""
    chat: Callable[[BaseChatModel], BaseChatModel] = _the_same
    """Puts something around the chat model that the settings name."""
    worker: GuidelineWorker | None = None
    """A CQL engine that runs already, and goes on running."""
    library: GuidelineLibrary | None = None
    """The recommendations, where they are read already."""
    observer: Observer = NOBODY
    """One more who watches."""


def guideline_folders(settings: Settings) -> tuple[Path, ...]:
    """The folders with recommendations: ours, what was added here, and those that the settings name."""
    added = settings.home / "guidelines"
    here = sorted(each for each in added.iterdir() if each.is_dir()) if added.is_dir() else []
    return (BUILT_IN, *here, *settings.guidelines)


@asynccontextmanager
async def open_house(
    settings: Settings,
    *,
    progress: Callable[[str, str], None] = lambda node, state: None,
    urgent: Callable[[str], None] = lambda words: None,
    reasoner: Reasoner | None = None,
    clock: Clock | None = None,
    outside: Outside | None = None,
) -> AsyncIterator[House]:
    """Open everything for one command or one server, and close it again.

    Args:
        settings: where and how.
        progress: told when a node starts and ends.
        urgent: told each critical value in words, before anything is drafted; a log is no place for them.
        reasoner: in place of the one that the settings name.
        clock: in place of the real one, for the embedded sandbox too.
        outside: what lies between the program and the world.

    Raises:
        HomeUnusable: when the home cannot be made or written to.
        ReasonerMissing: when the reasoner that the settings name cannot be had.
        chart.site_tables.TableUnusable: when a table of the site's own cannot be used.
        tools.fhir.errors.BadAddress: when the FHIR URL is not usable.
    """
    tables(settings.site_tables)  # a wrong row is said before anybody's chart is read
    db = open_database(settings)
    around = outside or Outside()
    sandbox = None if settings.fhir else sandbox_app(settings, clock)
    base = settings.fhir or SANDBOX_URL
    inner = in_process(sandbox) if sandbox is not None else None
    time = clock or WallClock()
    reads, writes = (login(settings, base, purpose=purpose, now=time.now) for purpose in ("read", "write"))
    stack = AsyncExitStack()
    tokens = Tokens(WallClock().monotonic)
    try:
        told = await stack.enter_async_context(watching(settings, around.observer))
        chosen = reasoner or reasoner_of(settings, progress, around.chat, told.observer)
        told.metrics.describe(version=VERSION, reasoner=chosen.name, model=chosen.model[0] or "")

        limits, observer = around.limits, told.observer

        def writing(signed_by: str | None) -> FhirWriter:
            own = signed_by is not None and signed_by.startswith(SMART)
            auth = BearerAuth(token=tokens.of(signed_by)) if signed_by and own else writes
            return FhirWriter(base, transport=around.fhir(inner), auth=auth, limits=limits, observer=observer)

        def reporting() -> Reporter:
            return Reporter(base, transport=around.fhir(inner), auth=writes, limits=limits, observer=observer)

        async with (
            FhirClient(base, transport=around.fhir(inner), auth=reads, limits=limits, observer=observer) as client,
            _worker(settings, around.worker, told.observer) as worker,
            checkpoints_of(settings, db) as checkpoints,
            shelf_of(settings, around.literature) as shelf,
        ):
            services = Services(
                db=db,
                leases=leases_of(settings, db),
                client=client,
                writing=writing,
                reasoner=chosen,
                worker=worker,
                library=around.library or load(guideline_folders(settings)),
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
                site=settings.site,
                urgent=urgent,
                progress=progress,
                observer=observer,
            )
            StateMetrics(
                db,
                services.cache,
                time,
                told.metrics.registry,
                tasks=settings.fhir_tasks,
                copy=client.base_url if settings.fhir_audit else None,
            )
            runner = Runner(services, checkpoints)
            yield House(
                settings=settings,
                services=services,
                runner=runner,
                reporting=reporting,
                tokens=tokens,
                sandbox=sandbox,
                metrics=told.metrics,
            )
    finally:
        await stack.aclose()
        db.close()


def _worker(
    settings: Settings, running: GuidelineWorker | None, observer: Observer
) -> AbstractAsyncContextManager[GuidelineWorker]:
    if running is not None:
        return nullcontext(running)
    return GuidelineWorker(node_modules=settings.node_modules, observer=observer)
