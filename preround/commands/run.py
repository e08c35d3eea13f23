"""`preround run`: one round, up to its approval."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from rich.status import Status

from preround import rounds
from preround.door import Fhir, Json, ReasonerOption, enter, err, out, write_json
from preround.failure import UNREACHABLE, Unusable
from preround.progress import Shown
from preround.wiring import House


def run(
    patient: Annotated[str, typer.Argument(help="Patient id, with or without Patient/.")],
    task: Annotated[
        list[str] | None, typer.Option("--task", help="summary, comparison, suggestions; repeatable.")
    ] = None,
    question: Annotated[str | None, typer.Option(help="A question about the chart; needs a model.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Start of the comparison window.")] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATETIME", help="Clinical now; later facts are not seen.")
    ] = None,
    fhir: Fhir = None,
    reasoner: ReasonerOption = None,
    json: Json = None,
) -> None:
    """Read a chart, draft, check every sentence against the record, and put it up for review.

    Nothing is written to the chart: that takes `preround decide ITEM --approve --as NAME`.
    """
    status = Status("starting", console=err)

    async def work(house: House) -> int:
        with status:
            done = await rounds.start(
                house,
                patient=patient,
                tasks=tuple(dict.fromkeys(task or (["question"] if question else rounds.DEFAULT_TASKS))),
                as_of=instant(as_of) if as_of else house.services.clock.now(),
                question=question,
                since=day(since) if since else None,
            )
        found = rounds.result(house, done.run_id)
        if json is not None:
            write_json(found, json)
        if json != "-":
            show_result(found)
        return 0 if done.status != "failed" else UNREACHABLE

    enter(work, fhir=fhir, reasoner=reasoner, json=json, progress=Shown(status.update))


def instant(text: str) -> datetime:
    """An aware datetime; without an offset it is UTC, a date alone is its end.

    Raises:
        Unusable: when it is none.
    """
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), datetime.max.time(), UTC).replace(microsecond=0)
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise Unusable(f"{text} is not a date and time; write it like 2021-08-01T00:00:00Z") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def day(text: str) -> str:
    """A date.

    Raises:
        Unusable: when it is none.
    """
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise Unusable(f"{text} is not a date; write it like 2021-03-01") from error


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
    out.print(
        f"Status: {found['status']}" + (f" – {found['status_detail']}" if found.get("status_detail") else ""),
        markup=False,
    )
    if found.get("review_item") and found["status"] == "awaiting_review":
        item = found["review_item"]
        out.print(
            f"Review item {item} · tier {found['tier']} · until {found['expires_at'][:16].replace('T', ' ')} UTC",
            markup=False,
        )
        out.print(f"Next: preround show {item}   or   preround decide {item} --approve --as NAME", markup=False)
    if found.get("critical"):
        err.print(f"CRITICAL VALUE: {found['critical'][0]['text']}", style="bold red", markup=False)
