"""Whether the program runs, and whether it can do its work."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Literal

from fastapi import APIRouter
from starlette.responses import JSONResponse

from agents.models.waiting import AWAY
from preround.dispatch.pressure import model_queue
from preround.failure import sentence
from preround.wiring import House
from store.database import revision
from tools.fhir.errors import FhirError
from tools.guidelines.engine_process import WorkerMissing, installed

Part = Literal["database", "fhir", "engine", "model"]
"""What the work needs."""
QUEUE: frozenset[Part] = frozenset({"database", "fhir"})
"""Without these nobody can review and sign."""
ROUNDS: frozenset[Part] = frozenset({"database", "fhir", "engine", "model"})
"""Without these no round can be driven."""


def health(house: House, *, needs: Collection[Part] = QUEUE) -> APIRouter:
    """`/healthz` and `/readyz`.

    Args:
        house: the running program.
        needs: what must be there for this process to be ready; the others are told too.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether this process answers."""
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        """Whether what it needs answers too, with the reason where it does not; 503 then."""
        checks = await readiness(house)
        ready = all(found == "ok" for part, found in checks.items() if part in needs)
        return JSONResponse(
            {"status": "ok" if ready else "not ready", "checks": checks}, status_code=200 if ready else 503
        )

    return router


async def readiness(house: House) -> dict[Part, str]:
    """Each part, with `ok` or a sentence that says what is wrong."""
    checks: dict[Part, str] = {
        "database": await asyncio.to_thread(_database, house),
        "fhir": await _fhir(house),
        "engine": "ok" if installed(house.settings.node_modules) else sentence(WorkerMissing()),
    }
    if house.services.reasoner.name == "vllm":
        checks["model"] = await _model(house)
    return checks


def _database(house: House) -> str:
    try:
        with house.services.db.read() as connection:
            return "ok" if revision(connection) else "the database holds no tables"
    except Exception as error:  # whatever a driver raises: readiness says it, without its text
        return type(error).__name__


async def _fhir(house: House) -> str:
    try:
        # A read that costs the server next to nothing and is never remembered, unlike its CapabilityStatement.
        await house.services.client.count("Patient")
    except FhirError as error:
        return sentence(error)
    return "ok"


async def _model(house: House) -> str:
    if await model_queue(house)() == AWAY:
        return "The model server does not answer; check PREROUND_MODEL_URL and that it runs."
    return "ok"
