"""`preround guidelines`: which recommendations there are, others' brought along, tried out, and why one came out so."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer
from rich.table import Column, Table

from preround.clock import WallClock
from preround.commands.guideline_cases import try_out
from preround.commands.guideline_rows import listed, problems_with
from preround.commands.guideline_why import why
from preround.door import Json, leave, out, settings_with, write_json
from preround.failure import Unusable
from preround.settings import Settings
from preround.wiring import guideline_folders
from tools.guidelines.adding import add as add_found
from tools.guidelines.compile import CqlNotTranslated
from tools.guidelines.fetching import fetch
from tools.guidelines.library import BUILT_IN, load
from tools.guidelines.sources import Found, read, read_bytes

guidelines = typer.Typer(help="Recommendations: list them, bring your own, ask why.", no_args_is_help=True)
Place = Annotated[str, typer.Argument(metavar="PATH", help="A file, a folder or an https address.")]


@guidelines.command("list")
def list_(json: Json = None) -> None:
    """List the recommendations and measures, with version, period in force, grade, and whether they are shown."""

    def work() -> int:
        library = load(guideline_folders(settings_with()))
        rows = listed(library)
        if json is not None:
            write_json(rows, json)
        if json != "-":
            table = Table(Column("id", no_wrap=True), "version", "in force", "grade", "shown", "title", box=None)
            for row in rows:
                period = f"{row['start']} – {row['end'] or ''}"
                table.add_row(row["id"], row["version"], period, row["grade"], row["mode"], row["title"])
            out.print(table)
        return 0

    leave(work, json=json)


@guidelines.command()
def add(
    path: Place,
    name: Annotated[
        str | None, typer.Option("--name", help="What to keep them as; the name of PATH without it.")
    ] = None,
    json: Json = None,
) -> None:
    """Bring along PlanDefinition, Measure, Library and ValueSet resources, with ELM or CQL, in any layout.

    A folder, a file (JSON, NDJSON, .gz, .zip, a package.tgz) or an https address of a host in PREROUND_GUIDELINE_HOSTS.
    Says what was taken, what cannot be evaluated, and what of a plan is not carried over.
    """

    def work() -> int:
        settings = settings_with()
        found, called = _read(path, settings)
        target = settings.home / "guidelines" / _folder_name(name or called)
        try:
            added = add_found(found, target, node_modules=settings.node_modules)
        except CqlNotTranslated as error:
            raise Unusable(f"The CQL cannot be translated: {error}") from error
        library = load((BUILT_IN, target))
        problems = {**added.wrong, **asyncio.run(problems_with(library, settings))}
        ours = {(each.id, each.version): each for each in load((BUILT_IN,)).recommendations}
        kept = [each for each in library.recommendations if ours.get((each.id, each.version)) != each]
        rows = listed(replace(library, recommendations=tuple(kept)))
        if not rows or set(problems) >= {each["id"] for each in rows}:
            shutil.rmtree(target, ignore_errors=True)
            said = "; ".join(f"{each}: {reason}" for each, reason in problems.items()) or "there is nothing to evaluate"
            raise Unusable(f"Nothing was added. {said}")
        unmapped = {each["id"]: each["not_mapped"] for each in rows if each["not_mapped"]}
        if json is not None:
            write_json({"name": target.name, "taken": added.taken, "problems": problems, "not_mapped": unmapped}, json)
        if json != "-":
            _show_added(target.name, added.taken, problems, unmapped)
        return 0

    leave(work, json=json)


def _read(path: str, settings: Settings) -> tuple[Found, str]:
    """What stands at a path or an address, and what to call it."""
    if "://" in path and not path.startswith("file://"):
        name, data = fetch(path, hosts=settings.guideline_hosts, clock=WallClock().monotonic)
        return read_bytes(name, data), name.partition(".")[0]
    source = Path(unquote(urlsplit(path).path)) if path.startswith("file://") else Path(path)
    if not source.exists():
        raise Unusable(f"There is nothing at {source.name}; give a file, a folder or an https address")
    return read(source), source.resolve().name.partition(".")[0]


def _folder_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "guidelines"


def _show_added(
    name: str, counts: Mapping[str, int], problems: Mapping[str, str], unmapped: Mapping[str, Sequence[str]]
) -> None:
    taken = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
    out.print(f"Added {name}: {taken}.", markup=False)
    for each, reason in problems.items():
        out.print(f"{each} cannot be evaluated: {reason}", markup=False, style="red")
    for each, what in unmapped.items():
        out.print(f"{each}: not carried over: {'; '.join(what)}", markup=False, style="yellow")


guidelines.command("test")(try_out)
guidelines.command()(why)
