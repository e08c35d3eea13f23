"""The workers' queue on PostgreSQL, with procrastinate; needs the extra `postgres`.

The queue is an index over `runs` and `batch_members`, never the only place where something is kept: a job names a round
and nothing else, it is gone when its round is at a stop, and whatever is lost here is put in again from those tables.
So its tables need no migration: they lie in a schema named after their own definition, and another version of
procrastinate makes another one.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Job as Queued
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager
from procrastinate.worker import Worker
from psycopg import InterfaceError, OperationalError
from psycopg_pool import PoolTimeout

from store.database import DatabaseAway
from store.job import PRIORITY, Job, Lane, Urgency

BEAT = 1.0
"""Seconds between two signs of life of a worker."""
STALLED = 4.0
"""After so many seconds without one its jobs are given to others; a round's lease says when it may be driven again."""
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)  # due whatever this machine's clock says
_SETUP_LOCK = 7_236_004
_TASK = "round"

Drive = Callable[[str], Awaitable[None]]
"""Drives the round of this id to its next stop; never raises but when it is cancelled."""


class Jobs:
    """The queue; made by `open_jobs`.

    Args:
        app: procrastinate's own.
        reasoner: who words drafts here; each has a queue of its own.
    """

    def __init__(self, app: App, reasoner: str) -> None:
        self._app = app
        self._reasoner = reasoner
        self._drive: Drive | None = None
        self._lanes: list[Worker] = []
        self._driving: set[str] = set()
        self._dropped: set[int] = set()

        @app.task(name=_TASK, queue=self._queue("batch"))
        async def round_(run_id: str) -> None:
            if self._drive is not None:
                self._driving.add(run_id)
                try:
                    await self._drive(run_id)
                finally:
                    self._driving.discard(run_id)

    def _queue(self, urgency: Urgency) -> str:
        return f"{urgency}-{self._reasoner}"

    async def put(self, jobs: Sequence[Job]) -> int:
        """Put jobs in; one whose round waits there already is not put in twice. Returns how many were put in.

        Raises:
            DatabaseAway: when the database does not answer.
        """
        new = [
            Queued(
                id=None,
                queue=self._queue(job.urgency),
                task_name=_TASK,
                priority=PRIORITY[job.urgency],
                lock=hashlib.sha256(job.patient.encode()).hexdigest()[:32],
                queueing_lock=job.run_id,
                task_kwargs={"run_id": job.run_id},
            )
            for job in jobs
        ]
        if not new:
            return 0
        with _away():
            try:
                await self._app.job_manager.batch_defer_jobs_async(new)
            except AlreadyEnqueued:
                return sum([await self._put_one(one) for one in new])
            return len(new)

    async def _put_one(self, job: Queued) -> bool:
        try:
            await self._app.job_manager.batch_defer_jobs_async([job])
        except AlreadyEnqueued:
            return False
        return True

    async def there(self) -> frozenset[str]:
        """The rounds that wait in the queue or are being driven; raises `DatabaseAway`."""
        with _away():
            found = [
                await self._app.job_manager.list_jobs_async(status=status.value)
                for status in (Status.TODO, Status.DOING)
            ]
        return frozenset(str(job.task_kwargs["run_id"]) for jobs in found for job in jobs)

    async def rescue(self) -> int:
        """Give the jobs of workers that show no sign of life to others; returns how many. Raises `DatabaseAway`.

        Whoever asks is there, however late the signs of life come that a busy machine lets it give.
        """
        manager = self._app.job_manager
        mine = {lane.worker_id for lane in self._lanes}
        with _away():
            silent = await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED)
            stalled = [*(job for job in silent if job.worker_id not in mine), *await self._forgotten()]
            for job in stalled:
                with suppress(ConnectorException):  # another was quicker
                    try:
                        await manager.retry_job(job, retry_at=_LONG_AGO)
                    except UniqueViolation:  # the round waits in the queue once more already
                        await manager.finish_job(job, status=Status.FAILED, delete_job=True)
        return len(stalled)

    async def _forgotten(self) -> list[Queued]:
        """Jobs that are down as driven here and are not: the database was away when their end was to be noted.

        Seen so twice, because a job that was just fetched or just ended looks like that for a moment.
        """
        mine = {lane.worker_id for lane in self._lanes}
        doing = await self._app.job_manager.list_jobs_async(status=Status.DOING.value)
        idle = [job for job in doing if job.worker_id in mine and job.task_kwargs["run_id"] not in self._driving]
        forgotten = [job for job in idle if job.id in self._dropped]
        self._dropped = {job.id for job in idle if job.id is not None}
        return forgotten

    async def workers(self) -> int:
        """How many workers' lanes gave a sign of life just now; raises `DatabaseAway`."""
        query = (
            "SELECT count(*) AS number FROM procrastinate_workers "
            "WHERE last_heartbeat > now() - make_interval(secs => %(seconds)s)"
        )
        with _away():
            row = await self._app.connector.execute_query_one_async(query, seconds=STALLED)
        return int(row["number"])

    async def work(self, drive: Drive, lanes: Iterable[Lane], stop: asyncio.Event, *, grace: float) -> None:
        """Drive what is in the queue until told to stop; then what is under way has some time to come to a stop.

        Args:
            drive: drives one round.
            lanes: how many of which kind side by side.
            stop: set from outside.
            grace: seconds that are given after that, before what is under way is cut off.

        Raises:
            DatabaseAway: when the database does not answer any more; call it again.
        """
        self._drive = drive
        self._lanes = [
            Worker(
                self._app,
                queues=[self._queue(kind) for kind in lane.takes],
                concurrency=lane.slots,
                install_signal_handlers=False,
                delete_jobs="always",
                fetch_job_polling_interval=BEAT,
                update_heartbeat_interval=BEAT,
                stalled_worker_timeout=60.0,
                shutdown_graceful_timeout=grace,
            )
            for lane in lanes
        ]
        running = [asyncio.create_task(lane.run()) for lane in self._lanes]  # type: ignore[no-untyped-call]
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            for task in running:
                task.cancel()
            ended = await asyncio.gather(*running, return_exceptions=True)
        if not stop.is_set():
            raise DatabaseAway from next((e for e in ended if isinstance(e, Exception)), None)


@asynccontextmanager
async def open_jobs(url: str, *, reasoner: str) -> AsyncIterator[Jobs]:
    """The queue in this database, its tables made where they are missing.

    Args:
        url: the database's address, as `Database` takes it.
        reasoner: who words drafts here.

    Raises:
        DatabaseAway: when it does not answer, here and in every call.
    """
    # It logs each job at length, and each lost connection with its traceback; what matters is said by who calls us.
    for talker in ("procrastinate", "psycopg.pool"):
        logging.getLogger(talker).setLevel(logging.CRITICAL)
    schema = f"preround_jobs_{hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest()[:8]}"
    connector = PsycopgConnector(
        conninfo=url.replace("postgresql+psycopg://", "postgresql://", 1),
        min_size=1,
        max_size=6,
        timeout=10,
        kwargs={"options": f"-c search_path={schema}", "connect_timeout": 10},
    )
    app = App(connector=connector)
    with _away():
        await app.open_async()
    try:
        with _away():
            await _set_up(app, schema)
        yield Jobs(app, reasoner)
    finally:
        await app.close_async()


async def _set_up(app: App, schema: str) -> None:
    """Make the tables; two that start at once make them once."""
    if await app.check_connection_async():
        return
    pool: Any = app.connector.pool  # type: ignore[attr-defined]
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_SETUP_LOCK])
        # Of the catalogue itself: what a session has looked up by name it may still take as missing.
        found = await connection.execute(
            "SELECT FROM pg_catalog.pg_tables WHERE schemaname = %s AND tablename = 'procrastinate_jobs'", [schema]
        )
        if await found.fetchone() is None:
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            await connection.execute(SchemaManager.get_schema())


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except (ConnectorException, OperationalError, InterfaceError, PoolTimeout) as error:
        raise DatabaseAway from error
