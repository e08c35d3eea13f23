"""The client of the CQL engine: what it was given is kept as long as its process lives; one call at a time."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import orjson

from tools.guidelines.engine_process import PACKAGES as PACKAGES
from tools.guidelines.engine_process import EngineProcess, Part
from tools.guidelines.engine_process import WorkerEnded as WorkerEnded
from tools.guidelines.engine_process import WorkerError as WorkerError
from tools.guidelines.engine_process import WorkerMissing as WorkerMissing
from tools.guidelines.engine_process import WorkerRefused as WorkerRefused
from tools.guidelines.engine_process import WorkerTooSlow as WorkerTooSlow
from tools.guidelines.library import GuidelineLibrary
from tools.guidelines.measure import Measure
from tools.guidelines.measure_library import Asking, MeasureLibrary
from tools.observer import NOBODY, Observer


class GuidelineWorker:
    """A Node process without environment, without files but its own, with bounded memory; one call at a time.

    Args:
        node_modules: where `npm ci` put the packages.
        seconds: time limit of a call; the start of the process counts.
        megabytes: bound on the engine's heap.
        observer: who watches.
    """

    def __init__(
        self, *, node_modules: Path, seconds: float = 20.0, megabytes: int = 512, observer: Observer = NOBODY
    ) -> None:
        self.process = EngineProcess(node_modules=node_modules, seconds=seconds, megabytes=megabytes, observer=observer)
        self._loaded: GuidelineLibrary | None = None
        self._needs: Mapping[str, Mapping[str, Any]] = {}
        self._held: MeasureLibrary | None = None
        self._types: frozenset[str] = frozenset()
        self._broken: Mapping[str, str] = {}
        self._sent: set[str] = set()
        self._loaded_in = self._held_in = 0
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
        return self.process.pid

    async def load(self, library: GuidelineLibrary) -> Mapping[str, Mapping[str, Any]]:
        """Have the libraries parsed, once as long as the process lives.

        Returns:
            What each library retrieves: `{library: {type: {property: ["system|code"] or None}}}`. A library that
            cannot be parsed has no entry, and what stands on it cannot be checked.
        """
        async with self._lock:
            return await self._load(library)

    async def call(
        self, operation: str, library: GuidelineLibrary, request: Mapping[str, Any], part: Part = lambda _: None
    ) -> Any:  # noqa: ANN401 - JSON
        """Have one request done.

        Args:
            operation: `ping`, `evaluate` or `explain`.
            library: loaded first where the process does not have it.
            request: the fields that the operation takes.
            part: told of each recommendation's answer as it comes.

        Raises:
            WorkerMissing: Node or its packages are not installed.
            WorkerEnded: the process ended, for want of memory or because it was killed.
            WorkerTooSlow: the time limit passed; the process was killed.
            WorkerRefused: the request failed in the engine.
        """
        async with self._lock:
            await self._load(library)
            return await self.process.ask({"op": operation, **request}, part)

    async def hold(self, library: MeasureLibrary) -> tuple[frozenset[str], Mapping[str, str]]:
        """Have measures parsed, once as long as the process lives.

        Returns:
            The types that they retrieve, and the measures and plans that cannot be evaluated, by id, with the reason.
        """
        async with self._lock:
            await self._hold(library)
            return self._types, self._broken

    async def published(
        self,
        operation: Literal["measure", "plan", "explain_plan", "explain_measure"],
        library: MeasureLibrary,
        request: Mapping[str, Any],
        part: Part = lambda _: None,
    ) -> Any:  # noqa: ANN401 - JSON
        """Evaluate others' measures or plans for one patient, or ask why; raises as `call` does."""
        async with self._lock:
            await self._hold(library)
            return await self.process.ask({"op": operation, **request}, part)

    async def close(self) -> None:
        """End the process and wait for it."""
        await self.process.close()

    async def _load(self, library: GuidelineLibrary) -> Mapping[str, Mapping[str, Any]]:
        if self.pid is None or self._loaded is not library or self._loaded_in != self.pid:
            elm = [orjson.Fragment(each) for each in library.elm.values()]
            answer = await self.process.ask({"op": "load", "elm": elm})
            self._needs = {name: need for name, need in answer["needs"].items() if name not in answer["broken"]}
            self._loaded, self._loaded_in = library, self.pid or 0
        return self._needs

    async def _hold(self, library: MeasureLibrary) -> None:
        if self.pid is not None and self._held is library and self._held_in == self.pid:
            return
        sets = [{"url": each.url, "version": each.version, "codes": each.codes} for each in library.value_sets]
        await self.process.ask({"op": "value_sets", "sets": sets})
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
        self._held_in = self.pid or 0

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
            answer = await self.process.ask({**request, "libraries": elm})
        except WorkerRefused as problem:
            broken[name] = str(problem)
            return set()
        self._sent |= set(keys)
        return set(answer["types"])


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
