"""`preround claim`: make items one's own, give them back, take up what was escalated."""

from __future__ import annotations

from typing import Annotated

import typer

from preround.door import Fhir, Json, enter, out, write_json
from preround.failure import REFUSED
from preround.people.signing import name_here, policy_here
from preround.wiring import House
from review.worklist import claim_all


def claim(
    items: Annotated[list[str], typer.Argument(metavar="ITEM…", help="Item ids, from `preround queue`.")],
    as_: Annotated[str, typer.Option("--as", metavar="NAME", help="Whose they are to be.")],
    release: Annotated[bool, typer.Option("--release", help="Give them back instead.")] = False,
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Claim items, so that others see whose they are; an item whose time ran out is taken up so after its escalation.

    A claim stops nobody from deciding. Example: `preround claim 0a1b2c3d4e5f6789 --as "Ada Nowak"`.
    """

    async def work(house: House) -> int:
        services = house.services
        done = claim_all(
            services.db,
            items,
            person=name_here(as_),
            policy=policy_here(services.policy),
            now=services.clock.now(),
            free=release,
        )
        if json is not None:
            refused = [{"item": item, "why": why} for item, why in done.refused]
            write_json({"released" if release else "claimed": list(done.done), "refused": refused}, json)
        if json != "-":
            for item in done.done:
                out.print(f"{item} is {'nobody’s' if release else as_ + '’s'}.", markup=False)
            for _, why in done.refused:
                out.print(why, markup=False)
        return REFUSED if done.refused else 0

    enter(work, fhir=fhir, json=json, reporting=True)
