"""Servers of different makers behind a door that refuses a type unannounced: another form is signed, then written."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from preround.doing import deciding, rounds
from preround.failure import Declined
from preround.settings import Settings
from preround.shown.instant import instant
from preround.wiring import open_house
from review.queue import queue, show
from tests.acceptance.homes import AS_OF, PATIENT, Home
from tests.integration.picky import Picky
from tests.servers.running import FhirServer
from tests.servers.test_rounds import home as home
from tests.unit.fhir.socket_server import served


def passing_on(base: str) -> ASGIApp:
    """Hands each request to a server, and makes its addresses those of this one in what it answers."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        query = f"?{request.url.query}" if request.url.query else ""
        kept = {k: v for k, v in request.headers.items() if k not in {"host", "content-length", "accept-encoding"}}
        async with httpx.AsyncClient(timeout=60) as client:
            reply = await client.request(
                request.method,
                base + request.url.path.removeprefix("/fhir") + query,
                content=await request.body(),
                headers=kept,
            )
        here = f"http://{request.headers['host']}/fhir"
        headers = {k: reply.headers[k] for k in ("content-type", "etag", "retry-after") if k in reply.headers}
        body = reply.content.replace(base.encode(), here.encode())
        await Response(body, reply.status_code, headers)(scope, receive, send)

    return app


@pytest.mark.parametrize("refused", ["Composition", "ServiceRequest"])
async def test_what_is_refused_unannounced_is_written_in_another_form_once_that_is_signed(
    fhir_server: FhirServer, home: Home, refused: str
) -> None:
    door = Picky(passing_on(fhir_server.base), refuses={refused})
    async with served(door) as base, open_house(Settings(home=home.path, fhir=base)) as house:
        task = "summary" if refused == "Composition" else "suggestions"
        run = await rounds.start(house, patient=PATIENT, tasks=(task,), as_of=instant(AS_OF))
        item = rounds.result(house, run.run_id)["review_item"]
        meant = [e for e in show(house.services.db, item).proposal.entries if e.resource["resourceType"] == refused]
        assert meant, "nothing of this type was proposed: the test compares nothing"
        with pytest.raises(Declined, match="which stands for it"):
            await decide(house, item, only=tuple(e.n for e in meant))
        assert door.refused > 0
        (instead,) = [one.item_id for one in queue(house.services.db, states={"open"})]
        entries = show(house.services.db, instead).proposal.entries
        assert [e.stands_for["resourceType"] for e in entries if e.stands_for] == [refused] * len(meant)
        done = await decide(house, instead)
        assert done["run_status"] == "written"
        for receipt in done["receipts"]:
            assert receipt["stands_for"] == refused
            kind = receipt["reference"].partition("/")[0]
            assert kind == ("DocumentReference" if refused == "Composition" else "Task")
            assert fhir_server.get(receipt["reference"])["meta"]["versionId"] == receipt["version"]


async def decide(house: Any, item: str, only: tuple[int, ...] | None = None) -> Any:
    """As many persons as it needs."""
    done: Any = {"outcome": "signed"}
    for person in ("Ada Nowak", "Ben Okafor"):
        if done["outcome"] == "signed":
            done = await deciding.decide(house, item_id=item, person=person, verb="approve", only=only)
    return done
