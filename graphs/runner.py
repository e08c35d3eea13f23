"""The runner: starts rounds, drives them under a lease, and wakes what waits for nobody."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command
from langsmith.run_helpers import tracing_context

from graphs.answered import answered, note_feedback
from graphs.approving import Answer
from graphs.checkpoints import Checkpoints, held_by
from graphs.ledger import CpuShares, Meter
from graphs.node import run_of
from graphs.prepared import Prepared, put_on_record
from graphs.round import build_round
from graphs.services import Services
from graphs.state import GRAPH_VERSION, RoundState
from graphs.stopping import Drain, RoundPaused, stopped
from review.closing import withdraw
from review.errors import RoundOver
from review.gate import expire
from store import items, runs
from store.database import DatabaseAway
from store.leases import LeaseHeld, LeaseLost
from store.runs import FINISHED, UNFINISHED, Run
from tools.observer import RoundDrive

LIVE = timedelta(minutes=5)
"""A round whose clinical now was no older than this when it began meant the present, and is refreshed in it."""


class Runner:
    """Drives rounds.

    Args:
        services: what nodes may use.
        checkpointer: where LangGraph keeps its steps.
    """

    def __init__(self, services: Services, checkpointer: Checkpoints) -> None:
        self._services = services
        self._checkpointer = checkpointer
        self._drain = Drain()
        self._cpu = CpuShares(services.clock)

    @cached_property
    def _graph(self) -> CompiledStateGraph[RoundState, Services, RoundState, RoundState]:
        """The state machine; who only looks at what there is never needs it."""
        return build_round(self._checkpointer)

    def open(
        self,
        *,
        run_id: str,
        patient: str,
        tasks: Sequence[str],
        as_of: datetime,
        question: str | None = None,
        since: str | None = None,
        refreshes: str | None = None,
    ) -> Run:
        """Put a round on record, once; it is driven by :meth:`advance`."""
        now = self._services.clock.now()
        name, revision = self._services.reasoner.model
        run = Run(
            run_id=run_id,
            patient=patient,
            tasks=tuple(tasks),
            question=question,
            since=since,
            as_of=as_of,
            reasoner=self._services.reasoner.name,
            model_name=name,
            model_revision=revision,
            status="running",
            graph_version=GRAPH_VERSION,
            refreshes=refreshes,
            created=now,
            updated=now,
            site=self._services.site,
        )
        with self._services.db.write() as connection:
            runs.create_if_absent(connection, run)
        return run_of(self._services, run_id)

    def open_prepared(self, *, run_id: str, prepared: Prepared, as_of: datetime | None = None) -> Run:
        """Put a round whose proposal is prepared on record, once; it is driven by :meth:`advance`.

        Args:
            run_id: its id; the same again changes nothing.
            prepared: what it is made from.
            as_of: clinical now; the present without it.
        """
        with self._services.db.write() as connection:
            put_on_record(connection, self._services, prepared, run_id=run_id, as_of=as_of)
        return run_of(self._services, run_id)

    async def advance(self, run_id: str) -> Run:
        """Drive a round as far as it goes: to its approval, or to its end.

        Raises:
            LeaseHeld: another process drives it now.
            LeaseLost: another took it over while this process was away; what it does is not touched.
            DatabaseAway: the database does not answer; the round goes on when it does.
            RoundPaused: `drain` was called; the round goes on when it is driven again.
            FhirError, GateError: what stopped it; a round that was writing stays `committing`, and one that was sent
                back or refreshes another stays `running`: the sweep tries them again.
            Exception: a bug; the round has failed, unless it was writing.
        """
        drive = RoundDrive(run_id=run_id)
        with self._services.leases.acquire(run_id) as lease, self._services.observer.watch(drive):
            run = run_of(self._services, run_id)
            if run.status in FINISHED:
                await self._forget(run_id)
                return run
            meter = Meter(self._services.clock, self._cpu)
            told = self._services.progress

            def progress(node: str, state: str) -> None:
                meter.node(node, state)
                told(node, state)

            db = self._services.db.guarded(lease.check)
            services = replace(self._services, progress=progress, db=db)

            def still_held() -> None:
                with db.single() as connection:
                    lease.check(connection)

            try:
                with meter.counting(), held_by(still_held):
                    await self._drive(run, services)
            except (LeaseLost, DatabaseAway, RoundPaused):
                raise
            except Exception as error:
                stopped(services, run_id, error)
                raise
            finally:
                with suppress(LeaseLost, DatabaseAway), db.write() as connection:
                    before = runs.get(connection, run_id)
                    ledger = meter.ledger(before.ledger if before else None)
                    runs.set_ledger(connection, run_id, ledger, now=self._services.clock.now())
                    drive.status = before.status if before else None
            run = run_of(self._services, run_id)
            if run.status in FINISHED:
                await self._forget(run_id)
            return run

    async def _forget(self, run_id: str) -> None:
        """Let go of the steps of a closed round: nothing goes on from them, and what was decided stands elsewhere."""
        # A store that is away now keeps them until the round is driven again; the round is closed either way.
        with suppress(DatabaseAway):
            await self._checkpointer.adelete_thread(run_id)

    async def _drive(self, run: Run, services: Services) -> None:
        config: Any = {"configurable": {"thread_id": run.run_id}, "recursion_limit": 100}
        # Whatever the environment says, no trace of a chart leaves this process.
        with tracing_context(enabled=False):
            while True:
                snapshot = await self._graph.aget_state(config)
                given: Any
                if not snapshot.values and not snapshot.tasks:
                    given = {"run_id": run.run_id}
                elif snapshot.interrupts:
                    item = answered(services, snapshot.values["item_id"])
                    if item is None:
                        return
                    answer = Answer(item_id=item.item_id, proposal_sha256=item.proposal_sha256)
                    given = Command(resume=answer.model_dump())
                    note_feedback(services, item)
                elif snapshot.tasks:
                    given = None
                else:
                    return
                with self._drain.control() as control:
                    await self._graph.ainvoke(given, config, context=services, durability="sync", control=control)

    def drain(self) -> None:
        """Let every round that is driven here stop before its next node; it is kept, and nothing is begun any more."""
        self._drain.request()

    def cancel(self, run_id: str, *, person: str) -> Run:
        """End a round; nothing of it that is not yet sent will be written.

        Raises:
            RoundOver: when it has ended already.
            AlreadySent: when a write of it has begun.
        """
        run_of(self._services, run_id)
        now = self._services.clock.now()
        with self._services.db.write() as connection:
            run = runs.get(connection, run_id)
            if run is not None and run.status in FINISHED:
                raise RoundOver(run_id, run.status)
            for item in items.of_run(connection, run_id):
                if item.state in ("open", "approved"):
                    withdraw(connection, item, to="cancelled", actor=person, now=now)
            runs.set_status(connection, run_id, from_=UNFINISHED, to="cancelled", now=now)
        return run_of(self._services, run_id)

    def refreshed(self, run: Run, run_id: str) -> Run:
        """A round that does a stale one again: same tasks, and the same clinical now unless that was the present."""
        live = run.as_of > run.created - LIVE
        as_of = max(run.as_of, self._services.clock.now()) if live else run.as_of
        return self.open(
            run_id=run_id,
            patient=run.patient,
            tasks=run.tasks,
            as_of=as_of,
            question=run.question,
            since=run.since,
            refreshes=run.run_id,
        )

    async def sweep(self) -> tuple[Run, ...]:
        """Close what expired and drive what waits for nobody; returns the rounds that moved."""
        expire(self._services.db, now=self._services.clock.now(), policy=self._services.policy)
        with self._services.db.read() as connection:
            waiting = runs.undriven(connection)
        moved = []
        for run in waiting:
            try:
                moved.append(await self.advance(run.run_id))
            except LeaseHeld:
                continue
            except Exception:
                # It is said on the round's row, and one round must not keep the others waiting.
                moved.append(run_of(self._services, run.run_id))
        return tuple(moved)
