"""A proving ground: a home of its own, the sandbox on it, rounds by a given reasoner, and every request on record."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agents.reasoner import Reasoner
from evals.carriers import Chart, Resource
from evals.played import Asked, Played
from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from fhir_fixtures.loading import load_story
from graphs.reading import read_evidence
from preround.clock import WallClock
from preround.doing import rounds
from preround.doing.load import load
from preround.home import sandbox_app
from preround.literature import index_path
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, House, Outside, open_house
from review.queue import show
from store import outbox
from tools.fhir import wire
from tools.fhir.errors import LoadError
from tools.fhir.transport import App, Transport, in_process
from tools.literature.indexing import IndexWriter
from tools.literature.reading.documents import documents_of
from tools.literature.reading.file import files_in

MOST_CHARTS = 50
"""Charts of a folder that are planted in."""


class Recorder:
    """An ASGI application that keeps what it was asked while it is told to."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.asked: list[Asked] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body: list[bytes] = []

        async def heard() -> Any:  # noqa: ANN401 - ASGI's own
            message = await receive()
            body.append(message.get("body", b""))
            return message

        await self.app(scope, heard, send)
        query = "&".join((scope["query_string"].decode(), b"".join(body).decode(errors="replace")))
        path = scope["path"].removeprefix("/fhir")
        self.asked.append(Asked(method=scope["method"], path=path, query=query))


class Connections:
    """What this process connects to; Python tells each attempt to its audit hooks, which cannot be taken back."""

    _heard: list[str] | None = None
    _hooked = False

    @classmethod
    def listen(cls) -> list[str]:
        """Begin a new list, filled until the next one."""
        if not cls._hooked:
            sys.addaudithook(cls._hook)
            cls._hooked = True
        cls._heard = []
        return cls._heard

    @classmethod
    def _hook(cls, event: str, arguments: tuple[Any, ...]) -> None:
        if cls._heard is not None and event in ("socket.connect", "socket.getaddrinfo"):
            cls._heard.append(str(arguments[1] if event == "socket.connect" else arguments[0]))


class ProvingGround:
    """Implements `evals.injection.Ground`.

    Args:
        house: on a home that nobody else uses.
        recorder: around its sandbox.
        folder: for files that are loaded.
        charts: what is loaded.
    """

    def __init__(self, house: House, recorder: Recorder, folder: Path, charts: Sequence[Chart]) -> None:
        self._house = house
        self._recorder = recorder
        self._others = in_process(recorder.app)
        self._folder = folder
        self._charts = charts

    async def charts(self) -> Sequence[Chart]:
        """The charts to plant in."""
        return self._charts

    async def put(self, resources: Sequence[Resource]) -> None:
        """Write resources as somebody else would."""
        path = self._folder / "put.ndjson"
        path.write_bytes(b"\n".join(wire.dump(resource) for resource in resources))
        await load([path], base_url=SANDBOX_URL, transport=self._others)

    async def paper(self, text: str | None) -> None:
        """Make this the one paper of the literature index."""
        place = index_path(self._house.settings)
        place.unlink(missing_ok=True)
        if text is not None:
            (self._folder / "paper.md").write_text(text)
            with IndexWriter(place) as writer:
                for file in files_in([self._folder / "paper.md"]):
                    writer.add(documents_of(file), now=WallClock().now())

    async def play(self, chart: Chart, tasks: Sequence[str], question: str | None) -> Played:
        """Run a round up to its approval."""
        self._recorder.asked.clear()
        elsewhere = Connections.listen()
        run = await rounds.start(
            self._house,
            patient=chart.reference,
            tasks=tasks,
            as_of=datetime.fromisoformat(chart.as_of),
            question=question,
        )
        found = rounds.result(self._house, run.run_id)
        return Played(
            result=found,
            entries=self._entries(found),
            asked=tuple(self._recorder.asked),
            elsewhere=tuple(elsewhere),
            decisions=self._decided(found),
            outbox=self._unwritten(),
            resources=self._read(found),
        )

    def _entries(self, found: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
        if found["review_item"] is None:
            return ()
        entries = show(self._house.services.db, found["review_item"]).proposal.entries
        return tuple(
            {"title": e.title, "task": e.task, "resource": e.resource, "tier": e.tier, "labels": e.labels}
            for e in entries
        )

    def _decided(self, found: Mapping[str, Any]) -> int:
        return len(show(self._house.services.db, found["review_item"]).decisions) if found["review_item"] else 0

    def _unwritten(self) -> int:
        with self._house.services.db.read() as connection:
            return len(outbox.unfinished(connection))

    def _read(self, found: Mapping[str, Any]) -> dict[str, Resource]:
        """What the round read, from its evidence; a round without a page kept none."""
        return {
            f"{resource['resourceType']}/{resource['id']}": resource
            for sha256 in found.get("evidence", ())
            for evidence in read_evidence(self._house.services.db, sha256)
            for resource in evidence.resources
        }


@asynccontextmanager
async def proving_ground(reasoner: Reasoner, *, data: Path | None, node_modules: Path) -> AsyncIterator[ProvingGround]:
    """Open a ground with the charts of a folder, or with the invented ones.

    Args:
        reasoner: of its rounds.
        data: bundles to plant in; the stories that come with Preround without it.
        node_modules: where the CQL engine is.

    Raises:
        LoadError: the folder holds no chart that can be loaded.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        recorders: list[Recorder] = []
        settings = Settings(home=folder / "home", node_modules=node_modules)

        def around(_: Transport | None) -> Transport | None:
            recorders.append(Recorder(sandbox_app(settings)))
            return in_process(recorders[-1])

        async with open_house(settings, reasoner=reasoner, outside=Outside(fhir=around)) as house:
            others = in_process(recorders[0].app)
            sources = [data] if data is not None else await asyncio.to_thread(_stories, folder)
            await load(sources, base_url=SANDBOX_URL, transport=others)
            charts = await _charts(house, None if data is not None else _moments())
            if not charts:
                raise LoadError("No patient is in that folder; give charts as FHIR bundles")
            yield ProvingGround(house, recorders[0], folder, charts)


def _stories(folder: Path) -> list[Path]:
    paths = []
    for path in sorted(PATIENTS.glob("*.yaml")):
        paths.append(folder / f"{path.stem}.json")
        paths[-1].write_bytes(compile_story(path))
    return paths


def _moments() -> dict[str, datetime]:
    """Clinical now of each story by its patient's id."""
    stories = [load_story(path) for path in sorted(PATIENTS.glob("*.yaml"))]
    return {f"fx-{story.story}-patient": story.now for story in stories}


async def _charts(house: House, moments: Mapping[str, datetime] | None) -> list[Chart]:
    found = []
    answer = await house.services.client.search("Patient", [("_count", str(MOST_CHARTS))], cap=MOST_CHARTS)
    for patient in sorted(answer.resources, key=lambda r: str(r["id"])):
        if moments is not None and patient["id"] not in moments:
            continue
        as_of = moments[patient["id"]] if moments is not None else house.services.clock.now()
        day = (as_of - timedelta(days=1)).isoformat(timespec="seconds")
        found.append(Chart(patient=patient, as_of=as_of.isoformat(), name=str(patient["id"]), day=day))
    return found
