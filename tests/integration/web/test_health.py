"""Health: whether the work can be done."""

from __future__ import annotations

from pathlib import Path

import httpx

from preround.settings import Settings
from preround.wiring import open_house
from tests.integration.web.visitor import (
    free_port,
    visiting,
)


async def test_health_says_whether_the_work_can_be_done(web: httpx.AsyncClient, home: Path) -> None:
    assert (await web.get("/healthz")).json() == {"status": "ok"}
    assert (await web.get("/readyz")).json()["checks"] == {"database": "ok", "fhir": "ok", "engine": "ok"}
    async with (
        open_house(Settings(home=home, fhir=f"http://127.0.0.1:{free_port()}/fhir")) as cut,
        visiting(cut) as off,
    ):
        answer = await off.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["fhir"] != "ok"
