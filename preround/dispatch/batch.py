"""A batch: the same round for many patients; begun, paused, resumed, stopped, and told about."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from claims.canonical import exact_bytes
from graphs.switched import check_begins
from preround.dispatch.cohort import Cohort
from preround.doing import rounds
from preround.failure import Missing, Unusable
from preround.wiring import House
from review.switches import SwitchedOff, SwitchesUnreadable
from store import batches
from store.batches import Batch, BatchState, MemberRow

FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What each round of a batch is to do."""

    tasks: tuple[str, ...] = rounds.DEFAULT_TASKS
    """The tasks."""
    question: str | None = None
    """The words of the task `question`."""
    since: str | None = None
    """Start of the comparison window."""
    as_of: datetime | None = None
    """Clinical now; the moment at which each round begins without one."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a batch is."""

    done: int
    """Patients whose round waits for its review, or has ended."""
    patients: int
    """All of them."""
    states: Mapping[str, int]
    """How many rounds stand at each status; `waiting` before a round begins."""

    @property
    def failed(self) -> int:
        """Rounds that could not be done."""
        return self.states.get(FAILED, 0)

    @property
    def through(self) -> bool:
        """Whether nothing is left to do."""
        return self.done == self.patients


async def begin(house: House, cohort: Cohort, asked: Asked, *, again: bool = False) -> Batch:
    """Put a batch on record; the same cohort asked the same on the same day is the same batch, and goes on.

    Raises:
        Unusable: no such task, or the cohort can't be read.
        SwitchedOff: all of the tasks are.
        Missing: nobody is in the cohort.
        FhirError: the server could not say who is.
    """
    rounds.offered(house.services.reasoner, asked.tasks)
    check_begins(house.services, asked.tasks)
    now = house.services.clock.now()
    patients = await cohort.patients(house.services.client) if cohort.kind == "file" else ()
    name = batch_name(cohort, patients, asked, now, again=again)
    with house.services.db.read() as connection:
        found = batches.get(connection, name)
    if found is not None:
        return resume(house, name)
    patients = patients or await cohort.patients(house.services.client)
    batch = Batch(
        batch_id=name,
        source=cohort.words,
        tasks=asked.tasks,
        question=asked.question,
        since=asked.since,
        as_of=asked.as_of,
        reasoner=house.services.reasoner.name,
        state="open",
        created=now,
        updated=now,
    )
    with house.services.db.write() as connection:
        batches.create_if_absent(connection, batch, patients)
    return batch


def batch_name(cohort: Cohort, patients: Sequence[str], asked: Asked, now: datetime, *, again: bool) -> str:
    """Ten hex digits, the same for the same work: a file counts by who is in it, a batch without `as_of` by day."""
    when = asked.as_of.isoformat() if asked.as_of else now.date().isoformat()
    whom: list[Any] = [cohort.kind, sorted(patients) or cohort.value]
    what = [*whom, list(asked.tasks), asked.question, asked.since, when, now.isoformat() if again else None]
    return sha256(json.dumps(what).encode()).hexdigest()[:10]


def known(house: House, batch_id: str) -> Batch:
    """The batch of this id.

    Raises:
        Missing: there is none.
    """
    with house.services.db.read() as connection:
        found = batches.get(connection, batch_id)
    if found is None:
        raise Missing(f"There is no batch {batch_id}; list what there is with `preround batch --list`")
    return found


def resume(house: House, batch_id: str) -> Batch:
    """Let its rounds be begun again; one that failed gets another round, one that is done is left as it is.

    Raises:
        Missing: there is none.
        SwitchedOff: all of its tasks are.
    """
    check_begins(house.services, known(house, batch_id).tasks)
    with house.services.db.write() as connection:
        batches.retry_failed(connection, batch_id)
        batches.set_state(connection, batch_id, "open", now=house.services.clock.now())
    return known(house, batch_id)


def halt(house: House, batch_id: str, state: BatchState) -> Batch:
    """Pause or stop it: no further round is begun; what is under way goes on to its review.

    Raises:
        Missing: there is none.
    """
    known(house, batch_id)
    with house.services.db.write() as connection:
        batches.set_state(connection, batch_id, state, now=house.services.clock.now())
    return known(house, batch_id)


def stopped(house: House, batch: Batch) -> str | None:
    """Why no further round of an open batch begins: all of its tasks are switched off; None while they begin."""
    try:
        check_begins(house.services, batch.tasks)
    except (SwitchedOff, SwitchesUnreadable) as error:
        return str(error)
    return None


def progress(house: House, batch_id: str) -> Progress:
    """How far it is."""
    with house.services.db.read() as connection:
        done, patients = batches.to_settle(connection, batch_id)
        states = batches.counts(connection, batch_id)
    return Progress(done=done, patients=patients, states=states)


def rows(house: House, batch_id: str) -> list[MemberRow]:
    """Every patient with the round."""
    with house.services.db.read() as connection:
        return list(batches.report(connection, batch_id))


def batch_json(house: House, batch: Batch) -> dict[str, Any]:
    """A batch as `batch --json` gives it."""
    far = progress(house, batch.batch_id)
    return {
        "batch": batch.batch_id,
        "source": batch.source,
        "tasks": list(batch.tasks),
        "reasoner": batch.reasoner,
        "state": "done" if far.through else batch.state,
        "created": batch.created.isoformat(),
        "patients": far.patients,
        "done": far.done,
        "failed": far.failed,
        "states": dict(sorted(far.states.items())),
        "stopped": None if far.through or batch.state != "open" else stopped(house, batch),
        "rounds": [asdict(row) for row in rows(house, batch.batch_id)],
    }


def write_report(path: Path, lines: Sequence[MemberRow]) -> None:
    """One line a patient, as CSV, or as JSON where the name ends so.

    Raises:
        Unusable: it can't be written.
    """
    if path.suffix.lower() == ".json":
        body = exact_bytes([asdict(row) for row in lines]) + b"\n"
    else:
        text = io.StringIO(newline="")
        sheet = csv.DictWriter(text, ["patient", "run_id", "status", "item", "detail"])
        sheet.writeheader()
        sheet.writerows(asdict(row) for row in lines)
        body = text.getvalue().encode()
    try:
        path.write_bytes(body)
    except OSError as error:
        raise Unusable(f"Could not write {path}: {error.strerror}; give another file") from error
