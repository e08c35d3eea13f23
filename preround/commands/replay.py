"""`preround replay`: scenarios played again from their tapes, and what differs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.status import Status

from preround.door import Fhir, Json, ReasonerOption, err, leave, out, settings_with, write_json
from preround.failure import REFUSED, Unusable
from preround.replay import replaying
from preround.replay.replaying import Replayed
from preround.replay.report import as_json, as_junit, failed, lines_of
from preround.replay.side_by_side import Pair, as_html
from preround.settings import Settings


def replay(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Scenario files, or folders of them.")],
    record: Annotated[
        bool, typer.Option("--record", help="Play them, and keep every answer of server and model on tape.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="A difference from the tape is a failure too.")] = False,
    fhir: Fhir = None,
    reasoner: ReasonerOption = None,
    json: Json = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write a JUnit report.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write both performances side by side.")
    ] = None,
) -> None:
    r"""Play scenarios again and show what differs from their tapes: claims, suggestions, resources, calls, tokens.

    Neither a server nor a model is needed. A scenario fails when something that it expects does not come; what merely
    differs from the tape is shown (with --strict it fails too). With --reasoner each is played on that reasoner as
    well, and both are set side by side.

    \b
    Examples:
      preround replay fhir_fixtures/scenarios
      preround replay my-scenarios --record
      preround replay my-scenarios --reasoner vllm --html compared.html

    Exit code 4: something did not go as expected. docs/how-to/write-a-scenario.md says how one is written.
    """

    def work() -> int:
        settings = settings_with(fhir, reasoner)
        status = Status("reading scenarios", console=err)
        with status:
            results, others = asyncio.run(
                _all(paths, settings, status.update, recording=record, compare=bool(reasoner) and not record)
            )
        code = _said(results, others, strict=strict, quiet=json == "-")
        if json is not None:
            write_json(as_json(results, strict=strict), json)
        if junit is not None:
            _write(junit, as_junit(results, strict=strict))
        if html is not None:
            pairs = [Pair.of(one, others.get(one.scenario.scenario)) for one in results]
            _write(html, as_html(pairs))
        return code

    leave(work, json=json)


async def _all(
    paths: list[Path], settings: Settings, told: Callable[[str], None], *, recording: bool, compare: bool
) -> tuple[list[Replayed], dict[str, Replayed]]:
    """Each scenario's performance, and where asked for the one on another reasoner."""
    files = await asyncio.to_thread(replaying.scenario_files, paths)
    results: list[Replayed] = []
    others: dict[str, Replayed] = {}
    async with replaying.engine(settings) as engine:
        for n, file in enumerate(files, start=1):

            def step(words: str, n: int = n, name: str = file.stem) -> None:
                told(f"{n} of {len(files)}: {name}: {words}")

            do = replaying.record if recording else replaying.replay
            done = await do(file, settings, engine, step)
            results.append(done)
            if compare:
                others[done.scenario.scenario] = await replaying.with_reasoner(file, settings, engine, step)
    return results, others


def _said(results: list[Replayed], others: dict[str, Replayed], *, strict: bool, quiet: bool) -> int:
    bad = sum(failed(one, strict=strict) for one in results)
    for one in results if not quiet else ():
        for line in lines_of(one, strict=strict):
            out.print(line, markup=False)
        other = others.get(one.scenario.scenario)
        if other is not None:
            found = Pair.of(one, other).differences
            out.print(f"     on {other.played['reasoner']}: {len(found)} lines differ", markup=False)
    if not quiet:
        out.print(f"{len(results) - bad} of {len(results)} scenarios went as expected.", markup=False)
    return REFUSED if bad else 0


def _write(file: Path, body: bytes) -> None:
    try:
        file.write_bytes(body)
    except OSError as error:
        raise Unusable(f"Could not write {file}: {error.strerror}; give another file") from error
