"""Rounds as doors see them: started, driven, and given as JSON."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agents.reasoner import Reasoner
from claims.claim import Task
from graphs.node import run_of
from graphs.prepared import Prepared
from graphs.switched import check_begins
from graphs.undo import undo_of
from preround.failure import Missing, Unusable
from preround.wiring import House
from store import artifacts, items, runs
from store.leases import LeaseHeld
from store.runs import FINISHED, Run
from tools.fhir.errors import FhirError, FhirNotFound
from tools.fhir.read_patient import read_patient
from tools.fhir.scope import PatientScope

DEFAULT_TASKS: tuple[Task, ...] = ("summary", "comparison", "suggestions")
_WAIT_SECONDS = 30.0
NOBODY = "The FHIR server has no patient of that id; list the patients with `preround patients`"


def patient_id(given: str) -> str:
    """The id of `Patient/x` or `x`.

    Raises:
        Missing: when it cannot be an id, so that nobody has it.
    """
    found = given.removeprefix("Patient/")
    try:
        PatientScope(patient_id=found)
    except FhirError as error:
        raise Missing(NOBODY) from error
    return found


async def start(
    house: House,
    *,
    patient: str,
    tasks: Sequence[str],
    as_of: datetime,
    question: str | None = None,
    since: str | None = None,
    run_id: str | None = None,
) -> Run:
    """Check that the patient exists, open a round and drive it to its approval.

    Args:
        house: the running program.
        patient: the patient's id.
        tasks: the drafts wanted.
        as_of: clinical now.
        question: the words of a question.
        since: start of the comparison window, a date.
        run_id: sixteen hex digits, where the same round must have the same id each time.

    Raises:
        Missing: no such patient; no round is opened.
        Unusable: no such task; no round is opened.
        SwitchedOff: all of the tasks are; no round is opened.
        FhirUnreachable: no server; no round is opened.
    """
    offered(house.services.reasoner, tasks)
    check_begins(house.services, tasks)
    found = patient_id(patient)
    await known(house, found)
    run = house.runner.open(
        run_id=run_id or uuid.uuid4().hex[:16],
        patient=f"Patient/{found}",
        tasks=tasks,
        as_of=as_of,
        question=question,
        since=since,
    )
    return await house.runner.advance(run.run_id)


async def open_prepared(
    house: House, prepared: Prepared, *, run_id: str | None = None, as_of: datetime | None = None
) -> Run:
    """Open a round whose proposal is prepared, and drive it to its approval; `result` gives its item.

    Args:
        house: the running program.
        prepared: the proposal; see `graphs.prepared`.
        run_id: sixteen hex digits that the caller derives, where the same thing prepared twice is one round.
        as_of: clinical now; the present without it.

    Raises:
        Missing: no such patient; no round is opened.
        FhirUnreachable: no server; no round is opened, or it stays `running` and the sweep tries it again.
        GateError: the policy forbids an entry, or it can't be proposed as it is; the round has failed.
    """
    check_begins(house.services, prepared.tasks)
    await known(house, patient_id(prepared.patient))
    run = house.runner.open_prepared(run_id=run_id or uuid.uuid4().hex[:16], prepared=prepared, as_of=as_of)
    return await drive_or_wait(house, run.run_id)


async def undo(house: House, receipt_id: str) -> Run:
    """Open a round that proposes to take a write back; while one waits for its decision, that one.

    Raises:
        ReceiptNotFound: nothing was written under this receipt.
        CannotUndo: it was taken back already, somebody changed it since, or the server can't say.
        FhirUnreachable: no server.
    """
    for attempt in itertools.count(1):
        run_id = uuid.uuid5(uuid.NAMESPACE_OID, f"undo:{receipt_id}:{attempt}").hex[:16]
        with house.services.db.read() as connection:
            before = runs.get(connection, run_id)
        if before is None:
            break
        if before.status not in FINISHED:
            return await drive_or_wait(house, run_id)
    return await open_prepared(house, await undo_of(house.services, receipt_id), run_id=run_id)


async def known(house: House, patient: str) -> dict[str, Any]:
    """The Patient of this id.

    Raises:
        Missing: it has none.
        FhirUnreachable: no server.
    """
    try:
        return await read_patient(house.services.client, PatientScope(patient_id=patient))
    except FhirNotFound as error:
        raise Missing(NOBODY) from error


def offered(reasoner: Reasoner, tasks: Sequence[str]) -> None:
    """Refuse tasks that this reasoner does not draft.

    Raises:
        Unusable: one of them is none of its own.
    """
    wanting = next((t for t in tasks if t not in reasoner.tasks), None)
    if wanting == "imaging":
        raise Unusable(
            "Pictures are read in a round of their own, where the site allows it; give `--task imaging` alone to "
            "`preround run` (docs/how-to/images.md)"
        )
    if wanting is not None:
        instead = f"choose among {', '.join(reasoner.tasks)}"
        raise Unusable(f"The reasoner {reasoner.name} does not do the task {wanting}; {instead}")


def result(house: House, run_id: str) -> dict[str, Any]:
    """A round as `run --json` gives it.

    Raises:
        RoundUnknown: there is no such round.
    """
    run = run_of(house.services, run_id)
    found: dict[str, Any] = {"run_id": run.run_id, "patient": run.patient, "as_of": run.as_of.isoformat()}
    with house.services.db.read() as connection:
        if run.result_sha256:
            found = artifacts.get_json(connection, run.result_sha256, exact=True)
        of_run = items.of_run(connection, run_id)
    item = of_run[-1] if of_run else None
    return {
        **found,
        "status": run.status,
        "status_detail": run.status_detail,
        "review_item": item.item_id if item else None,
        "proposal_sha256": item.proposal_sha256 if item else None,
        "tier": item.tier if item else None,
        "expires_at": item.expires_at.isoformat() if item else None,
        "ledger": run.ledger or {},
    }


async def drive_or_wait(house: House, run_id: str) -> Run:
    """Drive a round on; while another process drives it, wait for what it does."""
    waited = 0.0
    while True:
        try:
            return await house.runner.advance(run_id)
        except LeaseHeld:
            run = run_of(house.services, run_id)
            if run.status in FINISHED or waited > _WAIT_SECONDS:
                return run
            await asyncio.sleep(0.2)
            waited += 0.2


async def refresh(house: House, stale: Run) -> str | None:
    """Open and drive a fresh round for one that went stale; gives its item, and makes it at most once.

    Nobody but who prepared a proposal can prepare it again: such a round has no fresh one.
    """
    if stale.prepared_sha256 is not None:
        return None
    run_id = uuid.uuid5(uuid.NAMESPACE_OID, f"refresh:{stale.run_id}").hex[:16]
    try:
        run = run_of(house.services, run_id)
    except LookupError:
        run = house.runner.refreshed(stale, run_id)
    await drive_or_wait(house, run.run_id)
    found: str | None = result(house, run_id)["review_item"]
    return found


def item_of_run(house: House, run_id: str) -> str:
    """The open or last item of a round.

    Raises:
        Missing: when it has none.
    """
    found: str | None = result(house, run_id)["review_item"]
    if found is None:
        raise Missing(f"The round {run_id} has no review item; it ended as {run_of(house.services, run_id).status}")
    return found
