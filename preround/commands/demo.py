"""`preround demo`: the main job on invented patients with the embedded defaults."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.status import Status

from fhir_fixtures import PATIENTS
from fhir_fixtures.bundles import bundles
from fhir_fixtures.loading import load_story
from preround.commands.run import show_result
from preround.doing import rounds
from preround.doing.load import load
from preround.doing.seeding import seed
from preround.door import enter, err, out
from preround.progress import Shown
from preround.wiring import SANDBOX_URL, House
from tools.fhir.transport import in_process

STORY = "diabetes-ckd"
"""The story that the demo reads aloud; the others are on the server too."""


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after printing.")] = False,
    port: Annotated[int, typer.Option(help="Port of the review queue.")] = 8000,
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", metavar="NAME|FILE", help="Play a scenario step by step in the web page instead."),
    ] = None,
) -> None:
    """Load invented patients, pre-round one of them, print the page, and serve the review queue.

    With --scenario, such as stale-chart, one of the scenarios (or a file of yours) is played step by step in the
    browser, on a stage of its own: nothing of yours is touched.
    """
    if scenario is not None:
        from preround.commands.demo_scenario import play_in_browser

        play_in_browser(scenario, port=port)
    status = Status("loading invented patients", console=err)

    async def work(house: House) -> int:
        with status:
            await _load(house)
            story = load_story(PATIENTS / f"{STORY}.yaml")
            run = await rounds.start(
                house, patient=f"fx-{story.story}-patient", tasks=rounds.DEFAULT_TASKS, as_of=story.now
            )
        opened = seed(house)
        found = rounds.result(house, run.run_id)
        show_result(found)
        if opened:
            out.print(f"Copies with one known error each: {len(opened)}. Nothing of them is ever written.")
        _drafts(found)
        if no_serve:
            out.print("The queue: preround serve, then open http://127.0.0.1:8000")
            return 0
        from preround.commands.serve import serve_house
        from preround.web.patterns import PatternsPage

        return await serve_house(house, port=port, more=(PatternsPage().router,))

    enter(work, progress=Shown(status.update), reporting=True)


def _drafts(found: dict) -> None:  # type: ignore[type-arg]
    out.print()
    for draft in found["drafts"]:
        claims = [c for s in draft["sections"] for c in s["claims"]]
        out.print(
            f"Draft {draft['task']}: {len(claims)} sentences, each traced; {len(draft['removed'])} removed.",
            markup=False,
        )
        for claim in claims[:2]:
            out.print(f"   “{claim['text'][:90]}”  ←  {_grounds(claim)}", markup=False)


def _grounds(claim: dict) -> str:  # type: ignore[type-arg]
    """What a sentence stands on, the first of it: what it cites, else what was computed from which facts."""
    cited = [f"{c['reference']} {c['path'].partition('.')[2]}" for c in claim["citations"]]
    workings = [one for one in (claim["computed"], *claim["also_computed"]) if one]
    return ", ".join((cited or [f"{one['op']} of {', '.join(one['of'][:3])} …" for one in workings])[:2])


async def _load(house: House) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, body in bundles():
            await asyncio.to_thread((Path(folder) / f"{name}.json").write_bytes, body)
        await load(
            [Path(folder)],
            base_url=house.settings.fhir or SANDBOX_URL,
            transport=in_process(house.sandbox) if house.sandbox else None,
        )
