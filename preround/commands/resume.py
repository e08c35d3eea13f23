"""`preround resume`, `preround cancel`: drive what waits for nobody, or end a round."""

from __future__ import annotations

from typing import Annotated

import typer

from graphs.node import run_of
from preround.doing import rounds
from preround.door import Fhir, Json, enter, out, write_json
from preround.failure import UNREACHABLE
from preround.wiring import House
from store.runs import Run


def resume(
    run: Annotated[str | None, typer.Argument(help="Round id; all that wait for nobody without it.")] = None,
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Drive killed or half-written rounds to their next stop; what is done already is not done again."""

    async def work(house: House) -> int:
        moved = [await house.runner.advance(run)] if run else list(await house.runner.sweep())
        moved = [await _fresh(house, one.run_id) for one in moved]
        if json is not None:
            write_json([rounds.result(house, one.run_id) for one in moved], json)
        if json != "-":
            for one in moved:
                out.print(
                    f"{one.run_id}: {one.status.replace('_', ' ')}"
                    + (f" – {one.status_detail}" if one.status_detail else ""),
                    markup=False,
                )
            if not moved:
                out.print("Nothing waits to be resumed.")
        return UNREACHABLE if any(one.status == "committing" for one in moved) else 0

    enter(work, fhir=fhir, json=json, reporting=True)


async def _fresh(house: House, run_id: str) -> Run:
    found = run_of(house.services, run_id)
    if found.status == "stale":
        await rounds.refresh(house, found)
    return found


def cancel(
    run: Annotated[str, typer.Argument(help="Round id.")],
    as_: Annotated[str, typer.Option("--as", metavar="NAME", help="Who ends it.")] = "somebody at the command line",
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """End a round; nothing of it that is not yet sent will be written."""

    async def work(house: House) -> int:
        done = house.runner.cancel(run, person=as_)
        if json is not None:
            write_json(rounds.result(house, done.run_id), json)
        if json != "-":
            out.print(f"{done.run_id}: {done.status}", markup=False)
        return 0

    enter(work, fhir=fhir, json=json, reporting=True)
