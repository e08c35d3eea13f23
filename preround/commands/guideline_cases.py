"""`preround guidelines test`: the cases of recommendations, plans and measures, run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.progress import Progress

from preround.commands.guideline_rows import listed, problems_found
from preround.door import Json, err, leave, out, settings_with, write_json
from preround.failure import Missing
from preround.settings import Settings
from preround.wiring import guideline_folders
from tools.guidelines.adding import add as add_found
from tools.guidelines.cases import Case
from tools.guidelines.library import BUILT_IN, GuidelineLibrary, load
from tools.guidelines.measure_cases import MeasureCase
from tools.guidelines.sources import read
from tools.guidelines.trying import Tried, cases_beside, tried
from tools.guidelines.worker import GuidelineWorker


def try_out(
    what: Annotated[
        str | None,
        typer.Argument(metavar="[NAME|PATH]", help="One recommendation or measure, what was added as NAME, or files."),
    ] = None,
    json: Json = None,
) -> None:
    """Run the cases of recommendations, plans and measures: the built-in ones, and those that lie beside added ones.

    Exit code 0: all come out as expected; 1: a case does not; 2: something cannot be evaluated at all.
    """

    def work() -> int:
        found = _tested(what, settings_with())
        if json is not None:
            write_json(found, json)
        if json != "-":
            _show_tested(found)
        return 2 if found["problems"] else int(found["passed"] < found["total"])

    leave(work, json=json)


def _tested(what: str | None, settings: Settings) -> dict[str, Any]:
    """What came of the cases, and what has none; files are added to a folder that is thrown away."""
    with TemporaryDirectory() as away:
        folders, within, wrong = _places(what, settings, Path(away) / "tried")
        library = load(folders)
        known = {each["id"] for each in listed(library)} | set(library.measures.broken if library.measures else ())
        names = {each["id"] for each in listed(load(within))} if within != folders else known
        if what and within == folders:
            if what not in known:
                raise Missing(
                    f"There is no recommendation, measure, folder or file {what}; see `preround guidelines list`"
                )
            names = {what}
        cases, of_measures = cases_beside(within)
        chosen = [each for each in cases if each.of in names]
        measured = [each for each in of_measures if each.measure in names]
        rows, problems = asyncio.run(_run(library, chosen, measured, settings))
    return {
        "total": len(rows),
        "passed": sum(each.detail is None for each in rows),
        "cases": [{"id": f"{r.of}/{r.case}", "ok": r.detail is None, "detail": r.detail or ""} for r in rows],
        "problems": {**wrong, **{name: why for name, why in problems.items() if name in names}},
        "without_cases": sorted(names - {each.of for each in rows}),
    }


def _places(what: str | None, settings: Settings, away: Path) -> tuple[list[Path], list[Path], Mapping[str, str]]:
    """The folders to load, those among them to try, and what cannot be read."""
    folders = list(guideline_folders(settings))
    if what and Path(what).exists():
        added = add_found(read(Path(what)), away, node_modules=settings.node_modules)
        return [BUILT_IN, away], [away], added.wrong
    return folders, [each for each in folders if what and each.name == what] or folders, {}


async def _run(
    library: GuidelineLibrary, cases: Sequence[Case], of_measures: Sequence[MeasureCase], settings: Settings
) -> tuple[list[Tried], dict[str, str]]:
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("cases", total=len(cases) + len(of_measures))
        async with GuidelineWorker(node_modules=settings.node_modules, seconds=120, megabytes=1024) as worker:
            problems = await problems_found(worker, library)
            rows = await tried(
                worker, library, cases, of_measures, progress=lambda done, total: bar.update(task, completed=done)
            )
    return rows, problems


def _show_tested(found: Mapping[str, Any]) -> None:
    counts: dict[str, list[bool]] = {}
    for each in found["cases"]:
        counts.setdefault(each["id"].partition("/")[0], []).append(each["ok"])
    for name, passed in counts.items():
        style = None if all(passed) else "red"
        out.print(f"{name}: {sum(passed)} of {len(passed)} pass", markup=False, style=style)
    for each in found["cases"]:
        if not each["ok"]:
            out.print(f"FAIL {each['id']}: {each['detail']}", markup=False, style="red")
    for name, why in found["problems"].items():
        out.print(f"{name} cannot be evaluated: {why}", markup=False, style="red")
    if found["without_cases"]:
        out.print(f"Without a case: {', '.join(found['without_cases'])}.", markup=False)
    out.print(f"{found['passed']} of {found['total']} cases pass.")
