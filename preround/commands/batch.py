"""`preround batch`: the same round for many patients, with progress; stopped and resumed at will."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from preround.dispatch import batch as work
from preround.dispatch.cohort import Cohort, Kind
from preround.dispatch.dispatcher import dispatcher_of
from preround.dispatch.interrupt import stop_on_signals
from preround.doing import rounds
from preround.door import Fhir, Json, ReasonerOption, enter, err, out, write_json
from preround.failure import UNREACHABLE, Unusable
from preround.shown.instant import day, instant
from preround.web.health import ROUNDS
from preround.web.observing import observed_if_free
from preround.wiring import House
from store import batches
from store.batches import Batch
from store.database import DatabaseAway

INTERRUPTED = 130
"""The exit code of a command that was ended from the keyboard, as shells have it."""
_LOOK_SECONDS = 0.5
_SHOWN = 10


def batch(
    cohort: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Patient ids: one a line, CSV, JSON, a Group.")
    ] = None,
    group: Annotated[str | None, typer.Option(metavar="ID", help="The members of a FHIR Group.")] = None,
    search: Annotated[
        str | None, typer.Option(metavar="QUERY", help="Whom a search finds: birthdate=lt1950, Condition?code=….")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody on the server.")] = False,
    export: Annotated[bool, typer.Option("--export", help="Everybody, by the server's $export.")] = False,
    task: Annotated[list[str] | None, typer.Option("--task", help="As `preround run` has it; repeatable.")] = None,
    question: Annotated[str | None, typer.Option(help="A question about each chart.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Start of the comparison window.")] = None,
    as_of: Annotated[str | None, typer.Option(metavar="DATETIME", help="Clinical now; the present without it.")] = None,
    again: Annotated[bool, typer.Option("--again", help="A new batch, though the same was done today.")] = False,
    resume: Annotated[str | None, typer.Option(metavar="BATCH", help="Go on; what failed is tried again.")] = None,
    pause: Annotated[
        str | None, typer.Option(metavar="BATCH", help="Begin no further round until it is resumed.")
    ] = None,
    stop: Annotated[str | None, typer.Option(metavar="BATCH", help="Begin no further round at all.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="The batches that there are.")] = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="One line a patient, as CSV or .json.")] = None,
    at_once: Annotated[
        int | None, typer.Option("--at-once", metavar="N", min=1, max=64, help="Rounds side by side (4).")
    ] = None,
    fhir: Fhir = None,
    reasoner: ReasonerOption = None,
    json: Json = None,
) -> None:
    """Pre-round a whole cohort: one round a patient, each up to its approval. Nothing is written to a chart.

    The same command on the same day goes on where it stopped, and does no round twice; --again begins anew. Ctrl-C
    ends it after the step that each round is at. With PREROUND_DATABASE_URL and `preround worker` the workers do it,
    and go on when this command is gone.

    Exit codes: 0 when every patient's round waits for its review or has ended · 3 when nobody is in the cohort · 5 when
    a round failed: see --report · 130 when it was ended before.
    """
    named = _named(cohort, group, search, everybody, export)
    orders = {
        name: value for name, value in (("resume", resume), ("pause", pause), ("stop", stop)) if value is not None
    }

    async def do(house: House) -> int:
        if len(named) + len(orders) + listed != 1:
            raise Unusable("Say one of --cohort, --group, --search, --all, --export, --resume, --pause, --stop, --list")
        if listed:
            return _list(house, json)
        if orders:
            begun = _ordered(house, *next(iter(orders.items())))
        else:
            asked = work.Asked(
                tasks=tuple(dict.fromkeys(task or (["question"] if question else rounds.DEFAULT_TASKS))),
                question=question,
                since=day(since) if since else None,
                as_of=instant(as_of) if as_of else None,
            )
            begun = await work.begin(house, named[0], asked, again=again)
        if begun.state == "open":
            return await _driven(house, begun, report, json)
        return _told(house, begun, report, json)

    enter(do, fhir=fhir, reasoner=reasoner, json=json, worker_rounds=at_once, reporting=True)


def _named(cohort: Path | None, group: str | None, search: str | None, everybody: bool, export: bool) -> list[Cohort]:
    given: list[tuple[Kind, str | None]] = [
        ("file", str(cohort) if cohort else None),
        ("group", group),
        ("search", search),
        ("all", "" if everybody else None),
        ("export", "" if export else None),
    ]
    return [Cohort(kind=kind, value=value) for kind, value in given if value is not None]


def _ordered(house: House, order: str, batch_id: str) -> Batch:
    if order == "resume":
        return work.resume(house, batch_id)
    return work.halt(house, batch_id, "paused" if order == "pause" else "stopped")


async def _driven(house: House, begun: Batch, report: Path | None, json: str | None) -> int:
    if begun.reasoner != house.services.reasoner.name:
        raise Unusable(f"This batch wants the reasoner {begun.reasoner}: say --reasoner {begun.reasoner}")
    stop = stop_on_signals(house)
    async with dispatcher_of(house, say=err.print) as dispatcher:
        workers = await dispatcher.elsewhere()
        watching = asyncio.create_task(_shown(house, begun, stop, workers))
        try:
            if not workers:
                async with observed_if_free(house, needs=ROUNDS):
                    await dispatcher.work(stop, batch_id=begun.batch_id)
            await watching
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    code = _told(house, work.known(house, begun.batch_id), report, json)
    if stop.is_set() and not work.progress(house, begun.batch_id).through:
        _next_step(begun, workers)
        return INTERRUPTED
    return code


def _next_step(begun: Batch, workers: int) -> None:
    name = begun.batch_id
    if workers:
        err.print(f"The workers go on with it. End that with: preround batch --pause {name}", markup=False)
    else:
        err.print(f"Stopped; nothing is lost. Go on with: preround batch --resume {name}", markup=False)


async def _shown(house: House, begun: Batch, stop: asyncio.Event, workers: int) -> None:
    """The progress bar, until the batch is through, halted or no longer watched."""
    who = f"{workers} workers" if workers else "here"
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        line = bar.add_task(f"batch {begun.batch_id} ({who})", total=None, failed="")
        while not stop.is_set():
            try:
                far = await asyncio.to_thread(work.progress, house, begun.batch_id)
                halted = work.known(house, begun.batch_id).state != "open"
            except DatabaseAway:
                bar.update(line, failed="waiting for the database")
            else:
                off = work.stopped(house, begun)
                failed = "switched off" if off else f"{far.failed} failed" if far.failed else ""
                bar.update(line, completed=far.done, total=far.patients, failed=failed)
                if far.through or halted:
                    return
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)


def _told(house: House, begun: Batch, report: Path | None, json: str | None) -> int:
    """What came of it, and what to do next."""
    far = work.progress(house, begun.batch_id)
    stopped = None if far.through or begun.state != "open" else work.stopped(house, begun)
    if report is not None:
        work.write_report(report, work.rows(house, begun.batch_id))
    if json is not None:
        write_json(work.batch_json(house, begun), json)
    if json != "-":
        states = ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in sorted(far.states.items()))
        state = "" if far.through or begun.state == "open" else f" ({begun.state})"
        out.print(f"Batch {begun.batch_id}{state}: {far.done} of {far.patients} patients. {states}.", markup=False)
        if stopped:
            out.print(f"The others do not begin. {stopped}", markup=False)
        if far.failed:
            failed = [row for row in work.rows(house, begun.batch_id) if row.status == work.FAILED]
            for row in failed[:_SHOWN]:
                out.print(f"  {row.patient}: {row.detail or 'failed'}", markup=False)
            if len(failed) > _SHOWN:
                out.print(f"  … and {len(failed) - _SHOWN} more; see all of them with --report FILE")
            out.print(f"Try those again with: preround batch --resume {begun.batch_id}", markup=False)
        if far.states.get("awaiting_review"):
            out.print("Next: preround queue")
    return UNREACHABLE if far.failed else 0


def _list(house: House, json: str | None) -> int:
    with house.services.db.read() as connection:
        found = batches.every(connection)
    lines = [(one, work.progress(house, one.batch_id)) for one in found]
    if json is not None:
        write_json(
            [
                {
                    "batch": one.batch_id,
                    "source": one.source,
                    "state": "done" if far.through else one.state,
                    "created": one.created.isoformat(),
                    "patients": far.patients,
                    "done": far.done,
                    "failed": far.failed,
                }
                for one, far in lines
            ],
            json,
        )
    if json != "-":
        table = Table("batch", "whom", "state", "begun", "done", "failed")
        for one, far in lines:
            state = "done" if far.through else one.state
            begun = one.created.isoformat(timespec="minutes")[:16].replace("T", " ")
            table.add_row(one.batch_id, one.source, state, begun, f"{far.done}/{far.patients}", str(far.failed or ""))
        out.print(table if lines else "There is no batch yet; begin one with `preround batch --all`.")
    return 0
