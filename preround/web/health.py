"""Whether the program runs, and whether it can do its work."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from preround.failure import sentence
from preround.wiring import House
from store.database import revision
from tools.fhir.errors import FhirError


def health(house: House) -> APIRouter:
    """`/healthz`: this process answers. `/readyz`: its database and its FHIR server answer too."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        checks = {"database": _database(house), "fhir": await _fhir(house)}
        ready = all(found == "ok" for found in checks.values())
        return JSONResponse(
            {"status": "ok" if ready else "not ready", "checks": checks}, status_code=200 if ready else 503
        )

    return router


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
