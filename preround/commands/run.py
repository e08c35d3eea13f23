"""`preround run`: one round, up to its approval."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.status import Status

from preround.doing import rounds
from preround.door import Fhir, Json, ReasonerOption, enter, err, leave, out, write_json
from preround.failure import UNREACHABLE, Unusable
from preround.imaging.door import Order, read_pictures
from preround.imaging.supplied import by_hand
from preround.progress import Shown
from preround.shown.instant import day, instant
from preround.wiring import House


def run(
    patient: Annotated[str, typer.Argument(help="Patient id, with or without Patient/.")],
    task: Annotated[
        list[str] | None, typer.Option("--task", help="summary, comparison, suggestions; repeatable. Or imaging alone.")
    ] = None,
    question: Annotated[str | None, typer.Option(help="A question about the chart, in plain English.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Start of the comparison window.")] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATETIME", help="Clinical now; later facts are not seen.")
    ] = None,
    study: Annotated[
        str | None, typer.Option(metavar="ID", help="With imaging: which study; the newest without it.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With imaging: a DICOM file to read, or a folder with a series.")
    ] = None,
    modality: Annotated[
        str, typer.Option(metavar="CODE", help="With imaging: how a picture that does not say so was made, such as DX.")
    ] = "",
    body_part: Annotated[str, typer.Option(metavar="PART", help="The same: of what, such as chest.")] = "",
    view: Annotated[str, typer.Option(metavar="VIEW", help="The same: PA, AP, frontal, lateral, left lateral.")] = "",
    taken: Annotated[str, typer.Option(metavar="DATE", help="The same: when.")] = "",
    again: Annotated[bool, typer.Option("--again", help="With imaging: read anew what was read before.")] = False,
    fhir: Fhir = None,
    reasoner: ReasonerOption = None,
    json: Json = None,
) -> None:
    """Read a chart, draft, check every sentence against the record, and put it up for review.

    Nothing is written to the chart: that takes `preround decide ITEM --approve --as NAME`. Pictures are read by `--task
    imaging`, where the site switched that on (docs/how-to/images.md).
    """
    if (study or picture or modality or body_part or view or taken or again) and task != ["imaging"]:
        leave(lambda: _only_imaging(), json=json)
    status = Status("starting", console=err)

    async def work(house: House) -> int:
        with status:
            now = instant(as_of) if as_of else house.services.clock.now()
            tasks = tuple(dict.fromkeys(task or (["question"] if question else rounds.DEFAULT_TASKS)))
            if tasks == ("imaging",):
                said = by_hand(modality=modality, body_part=body_part, view=view, taken=taken)
                order = Order(patient=patient, as_of=now, study=study, file=picture, said=said, again=again)
                done = await read_pictures(house, order)
            else:
                done = await rounds.start(
                    house,
                    patient=patient,
                    tasks=tasks,
                    as_of=now,
                    question=question,
                    since=day(since) if since else None,
                )
        found = rounds.result(house, done.run_id)
        if json is not None:
            write_json(found, json)
        if json != "-":
            show_result(found)
        else:
            say_critical(found)
        return 0 if done.status != "failed" else UNREACHABLE

    enter(
        work, fhir=fhir, reasoner=reasoner, json=json, progress=Shown(status.update), urgent=say_urgent, reporting=True
    )


def _only_imaging() -> int:
    raise Unusable(
        "The options --study, --picture, --modality, --body-part, --view, --taken and --again go with --task imaging; "
        "give that task, or leave them out"
    )


def show_result(found: dict[str, Any]) -> None:
    """The page and what to do next."""
    for line in found.get("page", ()):
        title = line.startswith("## ")
        critical = line.startswith(("CRITICAL", "COULD NOT"))
        style = "bold" if title else "bold red" if critical else None
        out.print(line.removeprefix("## "), style=style, markup=False)
    for suggestion in found.get("suggestions", ()):
        out.print(
            f"→ {suggestion['title']} ({suggestion['strength']}; {suggestion['guideline']['citation']})", markup=False
        )
    removed = sum(len(d["removed"]) for d in found.get("drafts", ()))
    if removed:
        out.print(f"{removed} sentences did not stand and were removed; see them with --json.", style="yellow")
    out.print()
    status = f"Status: {found['status']}" + (f" – {found['status_detail']}" if found.get("status_detail") else "")
    item = found.get("review_item") if found["status"] == "awaiting_review" else None
    until = (
        f" · item {item} · tier {found['tier']} · until {found['expires_at'][:16].replace('T', ' ')} UTC"
        if item
        else ""
    )
    out.print(f"{status}{until}", markup=False)
    if item:
        out.print(f"Next: preround show {item}   or   preround decide {item} --approve --as NAME", markup=False)
    say_critical(found)


def say_critical(found: dict[str, Any]) -> None:
    """The critical values of a round as the last thing on stderr, whatever goes to stdout."""
    for one in found.get("critical", ()):
        say_urgent(one["text"])


def say_urgent(words: str) -> None:
    """One critical value, for who is at the terminal now."""
    err.print(f"CRITICAL VALUE: {words.removeprefix('CRITICAL: ')}", style="bold red", markup=False)
