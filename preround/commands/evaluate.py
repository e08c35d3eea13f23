"""`preround eval`: a benchmark task over a folder of published cases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

import evals.ecqm
import evals.search
from preround.door import Json, leave, out, settings_with, write_json
from preround.failure import Missing, Unusable
from preround.settings import Settings

Task = Callable[[Path, Settings], Coroutine[Any, Any, dict[str, Any]]]


async def _ecqm(data: Path, settings: Settings) -> dict[str, Any]:
    return await evals.ecqm.run(data, node_modules=settings.node_modules)


async def _ecqm_plain(data: Path, settings: Settings) -> dict[str, Any]:
    return await evals.ecqm.run(data, node_modules=settings.node_modules, without_profiles=True)


async def _search(data: Path, _: Settings) -> dict[str, Any]:
    return await asyncio.to_thread(evals.search.run, data)


TASKS: dict[str, Task] = {"ecqm": _ecqm, "ecqm-plain": _ecqm_plain, "search": _search}
"""By name, what runs; `ecqm-plain` takes the profile tags off the charts first."""


def evaluate(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(TASKS)}.")],
    data: Annotated[Path, typer.Option("--data", help="The folder with the cases.")],
    json: Json = None,
) -> None:
    """Run a benchmark task and print its score; --json says how each case went."""

    def work() -> int:
        if name not in TASKS:
            raise Missing(f"There is no task {name}; choose among {', '.join(TASKS)}")
        if not data.is_dir():
            raise Unusable(f"There is no folder {data.name}; give the folder with the cases")
        try:
            found = asyncio.run(TASKS[name](data, settings_with()))
        except (OSError, KeyError) as error:
            raise Unusable(f"The folder {data.name} is not laid out as {name} expects it ({error})") from error
        if json is not None:
            write_json(found, json)
        if json != "-":
            for case in (each for each in found["cases"] if not each["ok"]):
                out.print(f"{case['id']}: {case['detail']}", markup=False)
            out.print(f"{found['name']}: {found['passed']} of {found['total']}", markup=False)
        return 0

    leave(work, json=json)
