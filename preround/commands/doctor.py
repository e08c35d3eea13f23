"""`preround doctor`: check the set-up, and say for each thing that is wrong what to do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import packages_distributions

from agents.models.failures import EndpointRefused
from chart.site_tables import TableUnusable, rows_in, tables
from preround.clock import WallClock
from preround.door import Fhir, Json, leave, out, settings_with, write_json
from preround.fhir_login import login
from preround.home import HomeUnusable, open_database
from preround.people.checks import door_checks
from preround.reaching import reached
from preround.reasoners import model_row
from preround.reporting.checks import reporting_checks
from preround.settings import Settings
from preround.speech import heard_here, hearing_row
from preround.subscriptions.checks import checked
from preround.telemetry.opening import collector_of
from preround.wiring import open_house
from store.database import DatabaseAway, DatabaseTooNew
from store.engine import DatabaseUnusable
from store.holds import every
from store.keyring import sealed_counts
from store.vault import KeyMissing, KeyUnusable, vault_of
from tools.fhir.client import FhirClient
from tools.fhir.smart.backend import BackendAuth
from tools.guidelines.engine_process import cut_off
from tools.needed import LibraryMissing, needed

ROOMS = tuple("agents chart claims evals benchmarks fhir_fixtures graphs preround review store tools".split())  # noqa: SIM905
"""The import names that Preround owns in its environment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    """What."""
    ok: bool
    """Whether it is as it should be."""
    detail: str
    """What was found, and what to do when it is not right."""


def doctor(fhir: Fhir = None, json: Json = None) -> None:
    """Check Python, names, the tables, the CQL engine, the FHIR server, the database, the reasoner and the ways in."""

    def work() -> int:
        found = asyncio.run(_checks(settings_with(fhir)))
        if json is not None:
            write_json([{"name": c.name, "ok": c.ok, "detail": c.detail} for c in found], json)
        if json != "-":
            for check in found:
                out.print(
                    f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.detail}",
                    style=None if check.ok else "red",
                    markup=False,
                )
        return 0 if all(c.ok for c in found) else 5

    leave(work, json=json)


async def _checks(settings: Settings) -> list[Check]:
    opened = await _opened(settings)
    return [
        _python(),
        names_taken(),
        tables_in_force(settings),
        opened,
        state_kept(settings),
        *await logins(settings),
        *await _model(settings),
        *_speech(settings),
        *await _imaging(settings),
        *(Check(name=name, ok=ok, detail=detail) for name, ok, detail in reporting_checks(settings)),
        traces(settings),
        _subscriptions(settings),
        *[Check(name=name, ok=ok, detail=detail) for name, ok, detail in await door_checks(settings, WallClock().now)],
    ]


async def _model(settings: Settings) -> list[Check]:
    """Whether the model that the settings name is served as pinned; nothing where none is used."""
    if settings.reasoner != "vllm":
        return []
    try:
        row = model_row(settings)
        found = (await asyncio.to_thread(reached, [row], settings))[row.name]
    except (LookupError, ValueError) as error:
        return [Check(name="model", ok=False, detail=str(error))]
    return [Check(name="model", ok=found.ok, detail=found.detail)]


def _speech(settings: Settings) -> list[Check]:
    """Whether recordings can be written down here; nothing where no folder is named."""
    if settings.hear_path is None:
        return []
    try:
        found = heard_here(hearing_row(settings), settings)
    except (LookupError, ValueError) as error:
        return [Check(name="speech", ok=False, detail=str(error))]
    return [Check(name="speech", ok=found.ok, detail=found.detail)]


async def _imaging(settings: Settings) -> list[Check]:
    """Whether pictures are read here, and by what; one line where they are not."""
    if not settings.imaging.enabled:
        return [Check(name="imaging", ok=True, detail="off: no picture is read here (docs/how-to/images.md)")]
    try:
        checks = needed("preround.imaging.checks", extra="imaging")
    except LibraryMissing as error:
        return [Check(name="imaging", ok=False, detail=str(error))]
    return [Check(name=name, ok=ok, detail=detail) for name, ok, detail in await checks.imaging_checks(settings)]


def _subscriptions(settings: Settings) -> Check:
    """Whether rounds begin by themselves, and whether somebody looks."""
    ok, detail = checked(settings)
    return Check(name="subscriptions", ok=ok, detail=detail)


def traces(settings: Settings) -> Check:
    """Whether traces leave this process, and whether they may and can."""
    try:
        collector = collector_of(settings)
        if collector is None:
            return Check(name="traces", ok=True, detail="off: nothing is sent (docs/how-to/observe.md)")
        needed("preround.telemetry.traces", extra="telemetry")
    except (EndpointRefused, LibraryMissing) as error:
        return Check(name="traces", ok=False, detail=str(error))
    said = f"sent to {collector.root} for {settings.trace_share:.0%} of rounds; nobody was asked there"
    return Check(name="traces", ok=True, detail=said)


def _python() -> Check:
    found = f"{sys.version_info[0]}.{sys.version_info[1]}"
    ok = found == "3.11"
    return Check(name="python", ok=ok, detail=found if ok else f"{found}; make the environment with Python 3.11")


def names_taken() -> Check:
    """Whether another distribution in this environment installs one of Preround's own import names."""
    owners = packages_distributions()
    others = {name: [d for d in owners.get(name, []) if d.lower() != "preround"] for name in ROOMS}
    taken = {name: found for name, found in others.items() if found}
    if not taken:
        return Check(name="names", ok=True, detail="no other package claims them")
    name, found = next(iter(taken.items()))
    return Check(
        name="names", ok=False, detail=f"{found[0]} also installs `{name}`; give Preround an environment of its own"
    )


def tables_in_force(settings: Settings) -> Check:
    """What the rules know, and whether this site's own rows can be used."""
    try:
        found = tables(settings.site_tables)
    except TableUnusable as error:
        return Check(name="tables", ok=False, detail=str(error))
    rows = sum(rows_in(table) for table in found.by_name.values())
    own = f"{len(found.site_rows)} of this site's own" if found.site_rows else "none of this site's own"
    return Check(
        name="tables",
        ok=True,
        detail=f"{len(found.by_name)} with {rows} rows, {own}; see `preround tables PATIENT` for one chart",
    )


async def _opened(settings: Settings) -> Check:
    async def engine() -> str:
        async with open_house(settings) as house:
            await house.services.client.capabilities()
            needs = await house.services.worker.load(house.services.library)
            return (
                f"{house.services.client.base_url} answers; {len(needs)} guideline libraries load; "
                f"reasoner {house.services.reasoner.name}; the CQL engine {_network()}"
            )

    return await _said("services", engine)


def state_kept(settings: Settings) -> Check:
    """Whether the state is encrypted, and how long it is kept."""
    days = settings.retention_days
    kept = f"removed {days} days after a round closed (`preround purge`)" if days else "kept for good"
    try:
        db = open_database(settings)
    except (KeyMissing, KeyUnusable, DatabaseAway, DatabaseTooNew, DatabaseUnusable, HomeUnusable) as error:
        return Check(name="state", ok=False, detail=" ".join(str(error).split()))
    try:
        with db.read() as connection:
            head, counts = vault_of(connection).head, sealed_counts(connection)
            held = sum(one.lifted_at is None for one in every(connection))
    finally:
        db.close()
    others = sum(number for key, number in counts.items() if key != head)
    sealed = f"encrypted under the key {head}" if head else "not encrypted (PREROUND_STATE_KEY)"
    if others and head is not None:
        return Check(
            name="state", ok=False, detail=f"{sealed}, but {others} artifacts are not; run `preround rekey`; {kept}"
        )
    return Check(name="state", ok=True, detail=f"{sealed}; {kept}; {held} holds")


def _network() -> str:
    if cut_off():
        return "runs without a network"
    return "reads no files but its own, and this system does not let it be cut off from the network (unshare)"


async def logins(settings: Settings) -> list[Check]:
    """Whether the FHIR server lets us in; that it answers `/metadata` says nothing of that."""
    base = settings.fhir
    if base is None:
        return []

    async def reading() -> str:
        auth = login(settings, base, purpose="read", now=WallClock().now)
        said = await _granted(auth) if isinstance(auth, BackendAuth) else ""
        async with FhirClient(base, auth=auth) as client:
            await client.search("Patient", [("_count", "1")], cap=1)
        return f"{said}patients can be searched"

    async def writing() -> str:
        auth = login(settings, base, purpose="write", now=WallClock().now)
        return f"{await _granted(auth)}writing was not tried" if isinstance(auth, BackendAuth) else ""

    found = [await _said("login", reading)]
    return [*found, await _said("login to write", writing)] if settings.fhir_client_id else found


async def _granted(auth: BackendAuth) -> str:
    token = await auth.token()
    minutes = (token.expires - WallClock().now()).total_seconds() / 60
    return f"logged in for {minutes:.0f} minutes with {token.scopes}; "


async def _said(name: str, work: Callable[[], Awaitable[str]]) -> Check:
    try:
        return Check(name=name, ok=True, detail=await work())
    except Exception as error:  # whatever is wrong, doctor says it
        return Check(name=name, ok=False, detail=" ".join(str(error).split()))
