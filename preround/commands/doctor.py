"""`preround doctor`: check the set-up, and say for each thing that is wrong what to do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import packages_distributions

from preround.clock import WallClock
from preround.commands.models import reached
from preround.door import Fhir, Json, leave, out, settings_with, write_json
from preround.fhir_login import login
from preround.settings import Settings
from preround.speech import heard_here, hearing_row
from preround.wiring import model_row, open_house
from tools.fhir.client import FhirClient
from tools.fhir.smart.backend import BackendAuth
from tools.guidelines.engine_process import cut_off

ROOMS = (
    "agents",
    "chart",
    "claims",
    "evals",
    "benchmarks",
    "fhir_fixtures",
    "graphs",
    "preround",
    "review",
    "store",
    "tools",
)
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
    """Check Python, names, the CQL engine, the FHIR server, the database and the reasoner."""

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
    return [_python(), names_taken(), opened, *await logins(settings), *await _model(settings), *_speech(settings)]


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


def _python() -> Check:
    ok = sys.version_info[:2] == (3, 11)
    found = f"{sys.version_info[0]}.{sys.version_info[1]}"
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
