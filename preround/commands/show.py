"""`preround show`: one item whole, or a source of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from claims.diff import changes
from claims.note import words_of
from preround.commands.run import show_result
from preround.doing import rounds
from preround.doing.evidence import note, opening_json
from preround.door import Fhir, Json, enter, out, write_json
from preround.failure import Unusable
from preround.shown.items import fit_words, item_json, receipt_words
from preround.wiring import House
from review.queue import Shown
from review.queue import show as show_one


def show(
    item: Annotated[str, typer.Argument(help="Item id, from `preround queue`.")],
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="REFERENCE",
            help="Open this source of it instead, as it was read; with --as it goes on record that you did.",
        ),
    ] = None,
    as_: Annotated[str, typer.Option("--as", metavar="NAME", help="With --source: who opens it.")] = "",
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Show one item: the page, the resources to be written, their hashes and what signing adds."""

    async def work(house: House) -> int:
        if source is None and as_:
            raise Unusable("Say with --source what is opened under that name")
        if source is not None:
            return _open(house, item, source, person=as_, json=json)
        shown = show_one(house.services.db, item)
        found = item_json(house, shown)
        if json is not None:
            write_json(found, json)
        if json != "-":
            show_result({**rounds.result(house, shown.item.run_id), "status": shown.item.state, "review_item": None})
            _say_entries(shown, found["entries"])
            _say_receipts(found["receipts"])
            if shown.item.state == "open":
                out.print(
                    f"Next: preround decide {item} --approve --as NAME   (or --reject CODE, --revise TEXT, --only N)"
                )
        return 0

    enter(work, fhir=fhir, json=json)


def _open(house: House, item: str, source: str, *, person: str, json: str | None) -> int:
    from preround.web.readings import Readings  # what shows a source takes a while to import, and is seldom asked for
    from preround.web.source_page import opened_source

    found = opened_source(house, Readings.of(house), item, source)
    noted = note(house, item, found.reference, given=person)
    if json is not None:
        write_json(opening_json(item, found, noted), json)
    if json != "-":
        out.print(f"{found.reference}, as it was read:", markup=False)
        for change in changes(None, dict(found.resource)):
            out.print(f"    {change.path}: {change.new}", markup=False)
        said = f"On record: {noted.person} opened it, {noted.at.isoformat()[:16]}." if noted else _NOT_NOTED
        out.print(said, markup=False)
    return 0


_NOT_NOTED = "Not on record: give --as NAME for an item that waits; where people sign in, open it in the browser."
_ELEMENTS = 12
"""Elements of an entry that a terminal shows."""


def _say_entries(shown: Shown, entries: Sequence[dict[str, Any]]) -> None:
    for entry, found in zip(shown.proposal.entries, entries, strict=True):
        out.print(
            f"[{entry.n}] {entry.title} · {entry.resource['resourceType']} · "
            f"tier {entry.tier} ({'; '.join(entry.tier_reasons)}) · sha256 {entry.sha256[:12]}…",
            markup=False,
        )
        for words in fit_words(entry):
            out.print(f"    {words}", markup=False)
        for change in found["diff"][:_ELEMENTS]:
            out.print(f"    {change['path']}: {change['new']}", markup=False)
        if (more := len(found["diff"]) - _ELEMENTS) > 0:
            out.print(f"    {more} further elements; all of them with --json", markup=False)
        for line in (words_of(entry.resource) or "").splitlines():
            out.print(f"    | {line}", markup=False)


def _say_receipts(receipts: Sequence[dict[str, Any]]) -> None:
    for one in receipts:
        taken_back = f" · taken back by {one['undone_by']}" if one["undone_by"] else ""
        out.print(
            f"written: {one['reference']} version {one['version']} · receipt {one['receipt']}{taken_back}", markup=False
        )
        for words in receipt_words(one["stands_for"], one["kept"]):
            out.print(f"    {words}", markup=False)
