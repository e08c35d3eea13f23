"""`preround undo`: propose to take one write back."""

from __future__ import annotations

from typing import Annotated

import typer

from preround.commands.run import show_result
from preround.doing import rounds
from preround.door import Fhir, Json, enter, write_json
from preround.failure import UNREACHABLE
from preround.wiring import House


def undo(
    receipt: Annotated[str, typer.Argument(help="Receipt id, from `preround decide` or `preround show ITEM`.")],
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Propose to take a write back; nothing changes before two people have signed it.

    What Preround made is marked as entered in error, what it changed gets the version before it back; nothing is
    deleted. It is refused (exit 4) when somebody has changed the resource since. An undo can be undone.
    """

    async def work(house: House) -> int:
        done = await rounds.undo(house, receipt)
        found = {**rounds.result(house, done.run_id), "undoes": receipt}
        if json is not None:
            write_json(found, json)
        if json != "-":
            show_result(found)
        return 0 if done.status != "failed" else UNREACHABLE

    enter(work, fhir=fhir, json=json, reporting=True)
