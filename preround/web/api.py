"""The HTTP API: the same verbs as the commands, as JSON."""

from __future__ import annotations

import asyncio
import uuid
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from claims.canonical import exact_bytes
from preround import rounds
from preround.commands.queue import item_json, row
from preround.commands.run import day, instant
from preround.failure import EXPECTED, Unusable
from preround.wiring import House
from review.decision import Verb
from review.item import ItemState
from review.queue import queue, show
from tools.fhir.read_patient import read_patient
from tools.fhir.scope import PatientScope

ItemId = Annotated[str, Path(description="Item id, from GET /api/items.")]
RunId = Annotated[str, Path(description="Run id, from POST /api/runs.")]

ReceiptId = Annotated[str, Path(description="Receipt id, from a decision or GET /api/items/{item_id}.")]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewRun(_Body):
    """One round to start."""

    patient: str = Field(description="Patient id, with or without Patient/.", min_length=1, max_length=80)
    tasks: tuple[Literal["summary", "comparison", "suggestions", "imaging", "question"], ...] = Field(
        default=("summary", "comparison", "suggestions"), min_length=1, description="What to draft."
    )
    question: str | None = Field(default=None, max_length=2000, description="For the task question.")
    since: str | None = Field(default=None, description="Start of the comparison window, a date.")
    as_of: str | None = Field(default=None, description="Clinical now; later facts are not seen. Now without it.")


class NewDecision(_Body):
    """One decision on one item."""

    person: str = Field(min_length=1, max_length=200, description="Who decides; signed into the record.")
    verb: Verb = Field(description="approve, reject, revise or edit.")
    proposal_sha256: str = Field(description="The proposal that the person was shown.")
    only: tuple[int, ...] | None = Field(default=None, description="With approve: only these entries.")
    code: str | None = Field(default=None, description="With reject: the coded reason.")
    words: str | None = Field(default=None, max_length=10_000, description="The person's own words.")
    edited: dict[int, dict[str, Any]] | None = Field(default=None, description="With edit: resource by entry number.")


class Api:
    """The routes of the API.

    Args:
        house: the running program.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._driving: set[asyncio.Task[None]] = set()
        self.router = APIRouter(prefix="/api", tags=["Preround"])
        add = self.router.add_api_route
        add("/items", self.items, methods=["GET"], response_class=Response)
        add("/items/{item_id}", self.item, methods=["GET"], response_class=Response)
        add("/items/{item_id}/decisions", self.decide, methods=["POST"], response_class=Response)
        add("/receipts/{receipt}/undo", self.undo, methods=["POST"], status_code=201, response_class=Response)
        add("/runs", self.start, methods=["POST"], status_code=202, response_class=Response)
        add("/runs/{run_id}", self.run, methods=["GET"], response_class=Response)

    def items(
        self, status: Annotated[str | None, Query(description="One state; all items without it.")] = None
    ) -> Response:
        """List the review items, oldest first."""
        if status is not None and status not in get_args(ItemState):
            raise Unusable(f"There is no status of that name; choose among {', '.join(get_args(ItemState))}")
        found = queue(self._house.services.db, states=None if status is None else {status})  # type: ignore[arg-type]
        return answer([row(item) for item in found])

    def item(self, item_id: ItemId) -> Response:
        """Give one item: page, entries with their sealed form and diff, decisions, receipts."""
        return answer(item_json(self._house, show(self._house.services.db, item_id)))

    async def decide(self, item_id: ItemId, body: NewDecision) -> Response:
        """Decide one item, then drive its round on."""
        done = await rounds.decide(self._house, item_id=item_id, **body.model_dump())
        return answer(done)

    async def undo(self, receipt: ReceiptId) -> Response:
        """Propose to take one write back; give the round of the proposal, which waits for its signatures."""
        run = await rounds.undo(self._house, receipt)
        return answer({**rounds.result(self._house, run.run_id), "undoes": receipt}, status=201)

    async def start(self, body: NewRun) -> Response:
        """Start one round; it is driven in the background, and its result is at `location`."""
        services = self._house.services
        patient = rounds.patient_id(body.patient)
        if services.reasoner.name == "offline" and (other := set(body.tasks) - set(rounds.DEFAULT_TASKS)):
            raise Unusable(f"The offline reasoner does not do the task {sorted(other)[0]}; leave it out")
        await read_patient(services.client, PatientScope(patient_id=patient))
        run = self._house.runner.open(
            run_id=uuid.uuid4().hex[:16],
            patient=f"Patient/{patient}",
            tasks=tuple(dict.fromkeys(body.tasks)),
            as_of=instant(body.as_of) if body.as_of else services.clock.now(),
            question=body.question,
            since=day(body.since) if body.since else None,
        )
        task = asyncio.create_task(self._drive(run.run_id))
        self._driving.add(task)
        task.add_done_callback(self._driving.discard)
        location = f"/api/runs/{run.run_id}"
        found = answer({"run_id": run.run_id, "status": run.status, "location": location}, status=202)
        found.headers["location"] = location
        return found

    def run(self, run_id: RunId) -> Response:
        """Give a round as `preround run --json` does; before it has a result, its status."""
        return answer(rounds.result(self._house, run_id))

    async def _drive(self, run_id: str) -> None:
        try:
            await self._house.runner.advance(run_id)
        except EXPECTED:
            return  # the run's row says how it ended; what waits is swept


def answer(value: Any, *, status: int = 200) -> Response:  # noqa: ANN401 - any JSON value
    """JSON with exact decimals."""
    return Response(exact_bytes(value), status_code=status, media_type="application/json")
