"""Rounds: one row each, with a status that changes by compare-and-swap."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, cast, get_args

from sqlalchemy import Row, exists, select, update
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.duty_tables import seeded_errors
from store.tables import artifacts, items, runs
from store.vault import open_text, place, seal_text

RunStatus = Literal[
    "running",
    "awaiting_review",
    "nothing_to_write",
    "committing",
    "written",
    "partly_written",
    "rejected",
    "expired",
    "stale",
    "superseded",
    "cancelled",
    "failed",
    "silent",
]

UNFINISHED: frozenset[RunStatus] = frozenset({"running", "awaiting_review", "committing"})
FINISHED: frozenset[RunStatus] = frozenset(get_args(RunStatus)) - UNFINISHED


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One round of one patient."""

    run_id: str
    """A UUID; also the thread id of the graph, so it holds no patient data."""
    patient: str
    """The patient's reference, `Patient/…`, without a version."""
    tasks: tuple[str, ...]
    """What was asked for, in the order asked."""
    question: str | None = None
    """The user's words, for the task `question`."""
    since: str | None = None
    """The FHIR date from which changes count, when the user gave one."""
    as_of: datetime
    """Clinical now: nothing after it is evidence."""
    reasoner: str
    """`offline`, `vllm` or `transformers`."""
    model_name: str | None = None
    """The model's name; None for the offline reasoner."""
    model_revision: str | None = None
    """The model's revision, when one is pinned."""
    status: RunStatus
    """Where the round stands."""
    status_detail: str | None = None
    """One sentence on the status, without patient data: why it failed, what it waits for."""
    graph_version: str
    """The version of the graph that began it; a waiting round is resumed by a graph that knows it."""
    refreshes: str | None = None
    """The stale round that this one does again, or the one whose refused entries it puts before people once more."""
    feedback: str | None = None
    """The reviewer's words of the latest `revise`."""
    created: datetime
    """When the row was made, wall time."""
    updated: datetime
    """When the row last changed, wall time."""
    closed: datetime | None = None
    """When it reached a finished status, wall time; the run's own terminal marker."""
    ledger: dict[str, Any] | None = None
    """What it cost, as `run --json` gives it."""
    result_sha256: str | None = None
    """The artifact with the result, as `run --json` gives it."""
    prepared_sha256: str | None = None
    """The artifact that its proposal is made from, when it was prepared and no reasoner drafts it."""
    purged: datetime | None = None
    """When what it read and drafted was removed, wall time."""
    site: str | None = None
    """Where it belongs, by the setting of that name; None for a round of an earlier release."""


def create(connection: Connection, run: Run) -> None:
    """Insert a new round.

    Raises:
        sqlalchemy.exc.IntegrityError: when its id is taken.
    """
    connection.execute(runs.insert().values(_values(connection, run)))


def create_if_absent(connection: Connection, run: Run) -> bool:
    """Insert a new round unless one of its id stands there already; returns whether it was inserted."""
    return insert_if_absent(connection, runs, _values(connection, run))


def get(connection: Connection, run_id: str) -> Run | None:
    """The round, or None when there is none of that id."""
    row = connection.execute(select(runs).where(runs.c.run_id == run_id)).first()
    return None if row is None else _run(connection, row)


def set_status(
    connection: Connection,
    run_id: str,
    *,
    from_: Collection[RunStatus],
    to: RunStatus,
    now: datetime,
    detail: str | None = None,
) -> bool:
    """Move a round from one of `from_` to `to`, replacing its detail.

    Returns:
        Whether it was moved; False when it stood elsewhere, or when there is no such round. Whoever gets True is alone.
    """
    done = connection.execute(
        update(runs)
        .where(runs.c.run_id == run_id, runs.c.status.in_(sorted(from_)))
        .values(status=to, status_detail=detail, updated=now, closed=now if to in FINISHED else None)
    )
    return done.rowcount == 1


def set_feedback(connection: Connection, run_id: str, words: str, *, now: datetime) -> None:
    """Keep the reviewer's words of the latest `revise`."""
    sealed = seal_text(connection, words, place("runs", "feedback", run_id))
    connection.execute(update(runs).where(runs.c.run_id == run_id).values(feedback=sealed, updated=now))


def set_ledger(connection: Connection, run_id: str, ledger: dict[str, Any], *, now: datetime) -> None:
    """Keep what the round has cost so far."""
    connection.execute(update(runs).where(runs.c.run_id == run_id).values(ledger=ledger, updated=now))


def set_result(connection: Connection, run_id: str, sha256: str, *, now: datetime) -> None:
    """Keep the hash of the result's artifact, which must be stored already."""
    connection.execute(update(runs).where(runs.c.run_id == run_id).values(result_sha256=sha256, updated=now))


def by_status(connection: Connection, statuses: Iterable[RunStatus] | None = None) -> tuple[Run, ...]:
    """The rounds of these statuses, or all of them, oldest first."""
    query = select(runs).order_by(runs.c.created, runs.c.run_id)
    if statuses is not None:
        query = query.where(runs.c.status.in_(sorted(statuses)))
    return tuple(_run(connection, row) for row in connection.execute(query))


def newest(
    connection: Connection, *, patient: str | None, after: tuple[datetime, str] | None, most: int
) -> tuple[Run, ...]:
    """Rounds from a place on, the newest first.

    Args:
        connection: the transaction.
        patient: only this patient's, by reference.
        after: when the last round of the page before was created, and its id.
        most: how many.
    """
    query = select(runs).order_by(runs.c.created.desc(), runs.c.run_id.desc()).limit(most)
    if patient is not None:
        query = query.where(runs.c.patient == patient)
    if after is not None:
        created, run_id = after
        earlier = runs.c.created < created
        query = query.where(earlier | ((runs.c.created == created) & (runs.c.run_id < run_id)))
    return tuple(_run(connection, row) for row in connection.execute(query))


def waiting(connection: Connection, *, patient: str, tasks: Iterable[str]) -> tuple[Run, ...]:
    """The rounds of this patient that wait for a review of at least one of `tasks`, oldest first."""
    query = (
        select(runs)
        .where(runs.c.patient == patient, runs.c.status == "awaiting_review")
        .order_by(runs.c.created, runs.c.run_id)
    )
    wanted = set(tasks)
    found = (_run(connection, row) for row in connection.execute(query))
    return tuple(run for run in found if wanted & set(run.tasks))


def last_result(connection: Connection, patient: str) -> str | None:
    """The hash of the latest result of this patient's rounds, or None when there is none."""
    query = (
        select(runs.c.result_sha256)
        .join(artifacts, artifacts.c.sha256 == runs.c.result_sha256)
        .where(runs.c.patient == patient, artifacts.c.purged.is_(None))
        .where(~exists().where(seeded_errors.c.run_id == runs.c.run_id))
        .order_by(runs.c.updated.desc(), runs.c.run_id)
        .limit(1)
    )
    found = connection.execute(query).scalar()
    return None if found is None else str(found)


def undriven(connection: Connection) -> tuple[Run, ...]:
    """The rounds that wait for nobody: running, committing, or awaiting a review that is over; oldest first.

    Whether a process drives one of them now is for its lease to say.
    """
    still_open = exists().where(items.c.run_id == runs.c.run_id, items.c.state == "open")
    query = (
        select(runs)
        .where(runs.c.status.in_(("running", "committing")) | ((runs.c.status == "awaiting_review") & ~still_open))
        .order_by(runs.c.created, runs.c.run_id)
    )
    return tuple(_run(connection, row) for row in connection.execute(query))


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where rounds come from, as switches name it."""

    site: str | None
    """The site; None of rounds from before sites had names."""
    tasks: tuple[str, ...]
    """What was asked for."""
    reasoner: str
    """Who worded the drafts."""
    model_name: str | None
    """With which model."""
    model_revision: str | None
    """In which revision."""


def origins(connection: Connection) -> tuple[Origin, ...]:
    """Where rounds came from so far, each once."""
    r = runs.c
    query = select(r.site, r.tasks, r.reasoner, r.model_name, r.model_revision).distinct()
    return tuple(Origin(**{**row._mapping, "tasks": tuple(row.tasks)}) for row in connection.execute(query))


def _values(connection: Connection, run: Run) -> dict[str, Any]:
    question = seal_text(connection, run.question, place("runs", "question", run.run_id))
    feedback = seal_text(connection, run.feedback, place("runs", "feedback", run.run_id))
    return asdict(run) | {"question": question, "feedback": feedback, "linked": True}


def _run(connection: Connection, row: Row[Any]) -> Run:
    values = dict(row._mapping)
    values.pop("linked")
    values["tasks"] = tuple(values["tasks"])
    for column in ("question", "feedback"):
        values[column] = open_text(connection, values[column], place("runs", column, row.run_id))
    return Run(**cast("dict[str, Any]", values))
