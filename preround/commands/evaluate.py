"""`preround eval`: how well it does, on published cases or on charts, as a number that can be repeated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import evals.charts
import evals.ecqm
import evals.ehrqa
import evals.injection
import evals.medagentbench
import evals.search
import evals.summary
from agents.models.asking import Asker
from agents.worded.reasoner import WordedReasoner
from evals.exam_papers import Exam
from evals.obedient import ObedientChat
from preround.bench_ward import bench_ward
from preround.door import Json, ReasonerOption, err, leave, out, settings_with, write_json
from preround.exams import examine
from preround.failure import Missing, Unusable
from preround.proving_ground import proving_ground
from preround.reasoners import reasoner_of
from preround.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What a benchmark is run with."""

    data: Path | None
    """The folder with cases or charts, or the file with questions."""
    settings: Settings
    """Who answers, among others."""
    progress: Callable[[int, int], None]
    """Told how many cases are done, and how many there are."""
    limit: int | None = None
    """Only the first so many questions of an exam."""
    logs: Path | None = None
    """Where an exam keeps its logs."""

    @property
    def folder(self) -> Path:
        """The folder, where one is needed.

        Raises:
            Unusable: none was given.
        """
        if self.data is None:
            raise Unusable("This benchmark needs its cases; give their folder with --data")
        return self.data


@dataclass(frozen=True, kw_only=True, slots=True)
class Benchmark:
    """One benchmark."""

    about: str
    """What it measures, in a line."""
    data: str
    """What `--data` is."""
    run: Callable[[Given], Coroutine[Any, Any, dict[str, Any]]]
    """Runs it."""
    exam: bool = False
    """Whether it puts the questions of a file to a model."""


async def _ecqm(given: Given) -> dict[str, Any]:
    return await evals.ecqm.run(given.folder, node_modules=given.settings.node_modules)


async def _ecqm_plain(given: Given) -> dict[str, Any]:
    return await evals.ecqm.run(given.folder, node_modules=given.settings.node_modules, without_profiles=True)


async def _search(given: Given) -> dict[str, Any]:
    return await asyncio.to_thread(evals.search.run, given.folder)


async def _ehrqa(given: Given) -> dict[str, Any]:
    reasoner = reasoner_of(given.settings, lambda node, state: None)
    return await evals.ehrqa.run(list(evals.charts.charts(given.data)), reasoner, progress=given.progress)


async def _summary(given: Given) -> dict[str, Any]:
    reasoner = reasoner_of(given.settings, lambda node, state: None)
    return await evals.summary.run(list(evals.charts.charts(given.data)), reasoner, progress=given.progress)


async def _medagentbench(given: Given) -> dict[str, Any]:
    folder = given.folder
    async with bench_ward(
        folder / "patients.ndjson.gz",
        settings=given.settings,
        reasoner=reasoner_of(given.settings, lambda node, state: None),
        priority=evals.medagentbench.priority_of(folder),
    ) as ward:
        return await evals.medagentbench.run(folder, ward, progress=given.progress)


def _exam(name: Exam) -> Callable[[Given], Coroutine[Any, Any, dict[str, Any]]]:
    async def run(given: Given) -> dict[str, Any]:
        return await examine(
            name, given.data, given.settings, limit=given.limit, logs=given.logs, progress=given.progress
        )

    return run


async def _injection(given: Given) -> dict[str, Any]:
    chat = ObedientChat()
    reasoner = WordedReasoner(Asker(chat), name="scripted", model=("obedient", "1"))
    async with proving_ground(reasoner, data=given.data, node_modules=given.settings.node_modules) as ground:
        return await evals.injection.run(ground, chat, progress=given.progress)


_CHARTS = "folder of FHIR bundles, one a patient; the invented patients without it"
BENCHMARKS: Mapping[str, Benchmark] = {
    "ecqm": Benchmark(about="published quality measures on published charts", data="folder of cases", run=_ecqm),
    "ecqm-plain": Benchmark(about="the same with the profile tags taken off", data="folder of cases", run=_ecqm_plain),
    "search": Benchmark(about="literature search beside plain BM25", data="folder in BEIR's layout", run=_search),
    "medagentbench": Benchmark(
        about="an agent's tasks, writes graded by what the server holds", data="folder of tasks", run=_medagentbench
    ),
    "summary": Benchmark(
        about="whether summaries name every active problem, allergy and medicine", data=_CHARTS, run=_summary
    ),
    "injection": Benchmark(
        about="documents with orders in them, before a model that obeys whatever it reads", data=_CHARTS, run=_injection
    ),
    "ehrqa": Benchmark(about="generated questions with answers from the raw bundles", data=_CHARTS, run=_ehrqa),
    "medqa": Benchmark(
        about="USMLE questions put to the model", data="your copy: test.jsonl", run=_exam("medqa"), exam=True
    ),
    "medmcqa": Benchmark(
        about="entrance questions of Indian medical schools",
        data="your copy: dev.json",
        run=_exam("medmcqa"),
        exam=True,
    ),
    "pubmedqa": Benchmark(
        about="yes, no or maybe from abstracts", data="your copy: ori_pqal.json", run=_exam("pubmedqa"), exam=True
    ),
}
"""By name."""


def evaluate(
    name: Annotated[str | None, typer.Argument(help=f"One of: {', '.join(BENCHMARKS)}; a list without it.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="The folder with the cases, or with charts; an exam's file.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Of an exam: only the first so many questions.")] = None,
    logs: Annotated[
        Path | None, typer.Option(help="Of an exam: folder for logs, from which it goes on; under the home without it.")
    ] = None,
    reasoner: ReasonerOption = None,
    json: Json = None,
) -> None:
    """Run a benchmark and print its score; --json says how each case went."""

    def work() -> int:
        if name is None:
            _list()
            return 0
        found = _run(name, data, settings_with(reasoner=reasoner), limit=limit, logs=logs)
        if json is not None:
            write_json(found, json)
        if json != "-":
            for case in (each for each in found["cases"] if not each["ok"]):
                out.print(f"{case['id']}: {case['detail']}", markup=False)
            for what in evals.injection.NEVER if found["name"] == "injection" else ():
                out.print(f"  {what.replace('_', ' ')}: {found[what]}", markup=False)
            for kind, passed in found.get("kinds", {}).items():
                out.print(f"  {kind}: {passed}", markup=False)
            out.print(f"{found['name']}: {found['passed']} of {found['total']}", markup=False)
            for line in _beside(found):
                out.print(line, markup=False)
        return 0

    leave(work, json=json)


def _beside(found: Mapping[str, Any]) -> Iterator[str]:
    """How sure an exam's score is, and what is published of the model."""
    if "interval" not in found:
        return
    low, high = found["interval"]
    yield f"  {found['score']:.1%}, 95 % bootstrap interval {low:.1%} to {high:.1%}"
    if found["published"] is None:
        yield f"  published for {found['model']['name']} on this exam: nothing that is known for certain"
    else:
        yield f"  published: {found['published']['score']:.1%} ({found['published']['source']})"


def _list() -> None:
    table = Table("name", "what it measures", "--data")
    for name, one in BENCHMARKS.items():
        table.add_row(name, one.about, one.data)
    out.print(table)


def _run(
    name: str, data: Path | None, settings: Settings, *, limit: int | None = None, logs: Path | None = None
) -> dict[str, Any]:
    if name not in BENCHMARKS:
        raise Missing(f"There is no benchmark {name}; choose among {', '.join(BENCHMARKS)}")
    exam = BENCHMARKS[name].exam
    if not exam and (limit, logs) != (None, None):
        raise Unusable(f"--limit and --logs are for exams; {name} takes neither")
    if data is not None and exam and not data.exists():
        raise Unusable(f"There is no file {data.name}; give your copy of the questions")
    if data is not None and not exam and not data.is_dir():
        raise Unusable(f"There is no folder {data.name}; give the folder with the cases")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bars:
        bar = bars.add_task(name, total=None)

        def progress(done: int, total: int) -> None:
            bars.update(bar, completed=done, total=total)

        try:
            return asyncio.run(
                BENCHMARKS[name].run(Given(data=data, settings=settings, progress=progress, limit=limit, logs=logs))
            )
        except (OSError, KeyError) as error:
            where = data.name if data else "given"
            raise Unusable(f"What is at {where} is not laid out as {name} expects it ({error})") from error
