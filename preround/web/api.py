"""The HTTP API: the same verbs as the commands, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, Response, StreamingResponse

from claims.canonical import exact_bytes
from graphs.node import run_of
from graphs.switched import check_begins
from preround.dispatch.dispatcher import Dispatcher
from preround.doing import deciding, rounds
from preround.doing.asking import ask_beside
from preround.failure import Missing
from preround.people.signing import name_here, signer_here
from preround.shown.instant import day, instant
from preround.shown.items import item_json, rows
from preround.web.api_bodies import Ending, NewAsk, NewDecision, NewRun
from preround.web.once import OnceRoute, documented, run_id_of
from preround.web.problem_json import PROBLEM
from preround.web.round_events import events_of
from preround.wiring import House
from review.item import ItemState
from review.queue import show
from store import runs
from store.audit import verify
from store.runs import Run
from store.worklist import CursorUnusable, Wanted, page
from tools.fhir.find_patients import find_patients
from tools.fhir.read_patient import read_patient
from tools.fhir.scope import PatientScope

ItemId = Annotated[str, Path(description="Item id, from GET /api/items.")]
RunId = Annotated[str, Path(description="Run id, from POST /api/runs.")]

ReceiptId = Annotated[str, Path(description="Receipt id, from a decision or GET /api/items/{item_id}.")]


_NO_PAGE = "This place in the list is not one that a page named; start from the first page"


class Exactly(JSONResponse):
    """JSON that keeps decimals as written."""

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - any JSON value
        """The bytes."""
        return exact_bytes(content)


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
After = Annotated[str | None, Query(max_length=500, description="The place that the page before named.")]


class Api:
    """The routes of the API.

    Args:
        house: the running program.
        dispatcher: who drives rounds that are started here.
    """

    def __init__(self, house: House, dispatcher: Dispatcher) -> None:
        self._house = house
        self._dispatcher = dispatcher
        self.router = APIRouter(
            prefix="/api",
            tags=["Preround"],
            route_class=OnceRoute,
            default_response_class=Exactly,
            responses={"default": PROBLEM, 422: PROBLEM},
        )
        add = self.router.add_api_route
        once = [Depends(documented)]
        add("/items", self.items, methods=["GET"])
        add("/items/{item_id}", self.item, methods=["GET"])
        add("/items/{item_id}/decisions", self.decide, methods=["POST"], dependencies=once)
        add("/items/{item_id}/asks", self.ask, methods=["POST"], dependencies=once, status_code=201)
        add("/receipts/{receipt}/undo", self.undo, methods=["POST"], dependencies=once, status_code=201)
        add("/runs", self.start, methods=["POST"], dependencies=once, status_code=202)
        add("/runs", self.runs, methods=["GET"])
        add("/runs/{run_id}", self.run, methods=["GET"])
        add("/runs/{run_id}/events", self.events, methods=["GET"], response_class=EventStream)
        add("/runs/{run_id}/resume", self.resume, methods=["POST"], dependencies=once, status_code=202)
        add("/runs/{run_id}/cancel", self.cancel, methods=["POST"], dependencies=once)
        add("/patients", self.patients, methods=["GET"])
        add("/audit", self.audit, methods=["GET"])

    def methods_at(self, path: str) -> frozenset[str]:
        """The methods that an address of the API takes."""
        routes = (one for one in self.router.routes if isinstance(one, APIRoute) and one.path_regex.match(path))
        return frozenset(method for one in routes for method in one.methods or ())

    def items(
        self,
        status: Annotated[ItemState | None, Query(description="One state; all items without it.")] = None,
        limit: Limit = 100,
        after: After = None,
    ) -> Response:
        """List the review items, oldest first; the header `Link` names the next page."""
        wanted = Wanted(state=status, order="oldest")
        with self._house.services.db.read() as connection:
            try:
                found = page(connection, wanted, me=None, after=after, most=limit)
            except CursorUnusable as error:
                raise Missing(_NO_PAGE) from error
        return answer(rows(self._house, found.rows), following=_next("items", found.following, limit, status=status))

    def item(self, item_id: ItemId) -> Response:
        """Give one item: page, entries with their sealed form and diff, decisions, receipts."""
        return answer(item_json(self._house, show(self._house.services.db, item_id)))

    async def decide(self, item_id: ItemId, body: NewDecision) -> Response:
        """Decide one item, then drive its round on."""
        signer = signer_here(self._house.services.clock.now())
        done = await deciding.decide(self._house, item_id=item_id, signer=signer, **body.model_dump())
        return answer(done)

    def ask(self, item_id: ItemId, body: NewAsk) -> Response:
        """Ask somebody to sign one item beside the first signer; it then needs two signatures."""
        found = ask_beside(self._house, item_id, person=body.person, ask=body.ask, words=body.words)
        said = {"item": item_id, "asked": found.asked, "by": found.person, "at": found.at.isoformat()}
        return answer(said, status=201)

    async def undo(self, receipt: ReceiptId) -> Response:
        """Propose to take one write back; give the round of the proposal, which waits for its signatures."""
        run = await rounds.undo(self._house, receipt)
        return answer({**rounds.result(self._house, run.run_id), "undoes": receipt}, status=201)

    async def start(self, request: Request, body: NewRun) -> Response:
        """Start one round; it is driven in the background, and its result is at `location`."""
        services = self._house.services
        patient = rounds.patient_id(body.patient)
        rounds.offered(services.reasoner, body.tasks)
        check_begins(services, body.tasks)
        await read_patient(services.client, PatientScope(patient_id=patient))
        run = self._house.runner.open(
            run_id=run_id_of(request),
            patient=f"Patient/{patient}",
            tasks=tuple(dict.fromkeys(body.tasks)),
            as_of=instant(body.as_of) if body.as_of else services.clock.now(),
            question=body.question,
            since=day(body.since) if body.since else None,
        )
        await self._dispatcher.submit(run.run_id, run.patient)
        return _begun(run)

    def runs(
        self,
        patient: Annotated[str | None, Query(description="One patient's, with or without Patient/.")] = None,
        limit: Limit = 100,
        after: After = None,
    ) -> Response:
        """List the rounds, newest first; the header `Link` names the next page."""
        reference = None if patient is None else f"Patient/{rounds.patient_id(patient)}"
        with self._house.services.db.read() as connection:
            found = runs.newest(connection, patient=reference, after=_place(after), most=limit + 1)
        following = f"{found[limit - 1].created.isoformat()}|{found[limit - 1].run_id}" if len(found) > limit else None
        rows = [
            {
                "run_id": one.run_id,
                "patient": one.patient,
                "tasks": list(one.tasks),
                "status": one.status,
                "created": one.created.isoformat(),
                "location": f"/api/runs/{one.run_id}",
            }
            for one in found[:limit]
        ]
        return answer(rows, following=_next("runs", following, limit, patient=patient))

    def run(self, run_id: RunId) -> Response:
        """Give a round as `preround run --json` does; before it has a result, its status."""
        return answer(rounds.result(self._house, run_id))

    def events(self, run_id: RunId) -> Response:
        """Tell how a round gets on, as server-sent events, until it waits for a person or has ended."""
        run_of(self._house.services, run_id)
        return EventStream(events_of(self._house, run_id))

    async def resume(self, run_id: RunId) -> Response:
        """Have a round driven on that was killed or half written; what is done already is not done again."""
        run = run_of(self._house.services, run_id)
        await self._dispatcher.submit(run.run_id, run.patient)
        return _begun(run)

    def cancel(self, run_id: RunId, body: Ending) -> Response:
        """End a round; nothing of it that is not yet sent will be written."""
        done = self._house.runner.cancel(run_id, person=name_here(body.person))
        return answer(rounds.result(self._house, done.run_id))

    async def patients(self) -> Response:
        """List the patients of the FHIR server: id, name, birth date, number of resources."""
        found = await find_patients(self._house.services.client)
        return answer({"patients": [asdict(one) for one in found.rows], "truncated": found.truncated})

    def audit(self) -> Response:
        """Check the audit chain, as `preround audit verify` does."""
        with self._house.services.db.read() as connection:
            found = verify(connection)
        return answer({**asdict(found), "holds": found.problem is None})


def _begun(run: Run) -> Response:
    location = f"/api/runs/{run.run_id}"
    found = answer({"run_id": run.run_id, "status": run.status, "location": location}, status=202)
    found.headers["location"] = location
    return found


def _next(what: str, cursor: str | None, limit: int, **filters: str | None) -> str | None:
    if cursor is None:
        return None
    given = {name: value for name, value in filters.items() if value is not None}
    return f"/api/{what}?{urlencode({**given, 'limit': limit, 'after': cursor})}"


def _place(after: str | None) -> tuple[datetime, str] | None:
    if after is None:
        return None
    created, _, run_id = after.partition("|")
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not run_id:
        raise Missing(_NO_PAGE)
    return moment, run_id


def answer(value: Any, *, status: int = 200, following: str | None = None) -> Response:  # noqa: ANN401 - any JSON value
    """JSON with exact decimals; `following` is the address of the next page."""
    headers = {"link": f'<{following}>; rel="next"'} if following else None
    return Exactly(value, status_code=status, headers=headers)
