"""Rounds as doors see them: started, driven, decided, and given as JSON."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agents.reasoner import Reasoner
from graphs.fitting import validation_of
from graphs.node import run_of
from graphs.prepared import Prepared
from graphs.refusals import following_run
from graphs.undo import undo_of
from preround.failure import Declined, Missing, Unusable
from preround.wiring import House
from review.decision import DecisionOutcome, Verb
from review.entry import Validation
from review.gate import decide as gate_decide
from review.proposal import Resource, drafts_of
from review.queue import show
from review.receipt import receipts
from store import artifacts, items, runs
from store.leases import LeaseHeld
from store.runs import FINISHED, Run
from tools.fhir.errors import FhirError, FhirNotFound
from tools.fhir.read_patient import read_patient
from tools.fhir.scope import PatientScope

TASKS = ("summary", "comparison", "suggestions", "imaging", "question")
DEFAULT_TASKS = ("summary", "comparison", "suggestions")
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
) -> Run:
    """Check that the patient exists, open a round and drive it to its approval.

    Raises:
        Missing: no such patient; no round is opened.
        Unusable: no such task; no round is opened.
        FhirUnreachable: no server; no round is opened.
    """
    _offered(house.services.reasoner, tasks)
    found = patient_id(patient)
    await known(house, found)
    run = house.runner.open(
        run_id=uuid.uuid4().hex[:16],
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
    await known(house, patient_id(prepared.patient))
    run = house.runner.open_prepared(run_id=run_id or uuid.uuid4().hex[:16], prepared=prepared, as_of=as_of)
    return await _drive_or_wait(house, run.run_id)


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
            return await _drive_or_wait(house, run_id)
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


def _offered(reasoner: Reasoner, tasks: Sequence[str]) -> None:
    unknown = [t for t in tasks if t not in TASKS]
    if unknown:
        raise Unusable(f"There is no task {unknown[0]}; choose among {', '.join(TASKS)}")
    if reasoner.name == "offline" and (wanting := [t for t in tasks if t not in DEFAULT_TASKS]):
        raise Unusable(f"The offline reasoner does not do the task {wanting[0]}; run with --reasoner vllm")


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


async def decide(
    house: House,
    *,
    item_id: str,
    person: str,
    verb: Verb,
    only: tuple[int, ...] | None = None,
    code: str | None = None,
    words: str | None = None,
    edited: Mapping[int, Resource] | None = None,
    proposal_sha256: str | None = None,
) -> dict[str, Any]:
    """Take a decision and drive the round on; when another process drives it, wait for what it does.

    Raises:
        GateError: the gate refuses.
        FhirUnreachable: approved, and the server cannot be reached; the round stays `committing`.
        Declined: the chart changed meanwhile; a fresh round is in the queue and the message names its item. Or the
            server did not accept an entry.
    """
    done = gate_decide(
        house.services.db,
        item_id=item_id,
        person=person,
        verb=verb,
        policy=house.services.policy,
        now=house.services.clock.now(),
        only=only,
        code=code,
        words=words,
        edited=edited,
        proposal_sha256=proposal_sha256,
        validations=await _validations(house, item_id, edited or {}),
    )
    if done.outcome in ("signed", "superseded"):
        return outcome_json(house, item_id, done)
    run = await _drive_or_wait(house, done.item.run_id)
    if run.status == "stale" and run.prepared_sha256 is not None:
        raise Declined(
            "What this was prepared from changed since, so nothing was written; look at the chart and prepare it again"
        )
    if run.status == "stale":
        following = await refresh(house, run)
        raise Declined(
            f"The chart changed since this was drafted, so nothing was written; decide the fresh item "
            f"{following or 'that is being prepared'} instead"
        )
    if done.outcome == "approved" and run.status_detail is not None:
        instead = await stand_in(house, done.item.item_id)
        raise Declined(
            f"{run.status_detail} Decide item {instead}, which stands for it" if instead else run.status_detail
        )
    return outcome_json(house, item_id, done)


async def _validations(house: House, item_id: str, edited: Mapping[int, Resource]) -> dict[int, Validation]:
    """What the server says of edited resources; nobody's decision waits for a server that does not answer."""
    if not edited:
        return {}
    proposal = show(house.services.db, item_id).proposal
    drafts = dict(enumerate(drafts_of(proposal), start=1))
    return {
        n: await validation_of(house.services, replace(drafts[n], resource=resource), proposal.author)
        for n, resource in edited.items()
        if n in drafts and isinstance(resource, dict) and resource.get("resourceType")
    }


async def _drive_or_wait(house: House, run_id: str) -> Run:
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
    await _drive_or_wait(house, run.run_id)
    found: str | None = result(house, run_id)["review_item"]
    return found


async def stand_in(house: House, item_id: str) -> str | None:
    """The item in which what the server refused of another is proposed in a form that it may take, driven so far."""
    run_id = following_run(item_id)
    with house.services.db.read() as connection:
        there = runs.get(connection, run_id) is not None
    if not there:
        return None
    await _drive_or_wait(house, run_id)
    found: str | None = result(house, run_id)["review_item"]
    return found


def outcome_json(house: House, item_id: str, done: DecisionOutcome) -> dict[str, Any]:
    """A decision as `decide --json` gives it."""
    item = show(house.services.db, item_id).item
    return {
        "item": item_id,
        "outcome": done.outcome,
        "next_item": done.next_item or item.next_item,
        "signatures_missing": [str(slot) for slot in done.signatures_missing],
        "run_status": run_of(house.services, item.run_id).status,
        "receipts": receipts_json(house, item_id),
    }


def receipts_json(house: House, item_id: str) -> list[dict[str, Any]]:
    """An item's receipts as `decide --json` and `show --json` give them."""
    return [
        {
            "entry": r.entry,
            "reference": r.reference,
            "version": r.version,
            "sha256": r.sha256,
            "receipt": r.receipt,
            "undone_by": r.undone_by,
            "stands_for": r.stands_for,
            "kept": list(r.kept),
        }
        for r in receipts(house.services.db, item_id)
    ]


def item_of_run(house: House, run_id: str) -> str:
    """The open or last item of a round.

    Raises:
        Missing: when it has none.
    """
    found: str | None = result(house, run_id)["review_item"]
    if found is None:
        raise Missing(f"The round {run_id} has no review item; it ended as {run_of(house.services, run_id).status}")
    return found
