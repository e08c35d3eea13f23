"""`preround queue`, `preround show`: what waits for a person, and one item whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, get_args

import typer
from rich.table import Column, Table

from claims.canonical import read_exact
from claims.diff import Change, changes
from claims.note import words_of
from claims.seal import Signature
from preround import rounds
from preround.commands.run import show_result
from preround.door import Fhir, Json, enter, out, write_json
from preround.failure import Unusable
from preround.wiring import House
from review.entry import Entry
from review.incidents import incidents
from review.item import Item, ItemState
from review.queue import Shown
from review.queue import queue as items_of
from review.queue import show as show_one
from review.sealing import sealed_entry


def queue(
    status: Annotated[
        str | None, typer.Option("--status", help="open, approved, rejected, expired, …; all without it.")
    ] = None,
    reported: Annotated[
        bool, typer.Option("--incidents", help="List the reports that opened an incident instead.")
    ] = False,
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """List the review items: whose, how risky, until when."""

    async def work(house: House) -> int:
        if reported:
            return _incidents(house, json)
        if status is not None and status not in get_args(ItemState):
            raise Unusable(f"There is no status {status}; choose among {', '.join(get_args(ItemState))}")
        found = items_of(house.services.db, states=None if status is None else {status})  # type: ignore[arg-type]
        if json is not None:
            write_json([row(item) for item in found], json)
        if json != "-":
            table = Table(
                Column("item", no_wrap=True),  # an id that is cut can't be copied
                Column("patient", overflow="fold"),
                *("tasks", "tier", "status", "opened", "expires", "claimed by"),
            )
            for item in found:
                one = row(item)
                table.add_row(
                    one["item"],
                    one["patient"],
                    ", ".join(item.tasks),
                    str(item.tier),
                    item.state,
                    one["opened"][:16],
                    one["expires_at"][:16],
                    item.claimed_by or "",
                )
            out.print(table)
            if not found:
                out.print("Nothing waits. Draft something with `preround run PATIENT`.")
        return 0

    enter(work, fhir=fhir, json=json)


def _incidents(house: House, json: str | None) -> int:
    """Reports of harm or near harm, newest first."""
    found = incidents(house.services.db)
    if json is not None:
        write_json([{**asdict(one), "at": one.at.isoformat()} for one in found], json)
    if json != "-":
        table = Table("item", "reason", "words", "by", "at", "pauses")
        for one in found:
            paused = ", ".join(one.recommendations) if one.pauses else ""
            table.add_row(one.item_id, one.code, one.words or "", one.person, one.at.isoformat()[:16], paused)
        out.print(table if found else "No incident has been reported.")
    return 0


def row(item: Item) -> dict[str, Any]:
    """An item as `queue --json` gives it."""
    return {
        "item": item.item_id,
        "run_id": item.run_id,
        "patient": item.patient,
        "task": ",".join(item.tasks),
        "tier": item.tier,
        "status": item.state,
        "opened": item.opened.isoformat(),
        "expires_at": item.expires_at.isoformat(),
        "claimed_by": item.claimed_by,
    }


def show(
    item: Annotated[str, typer.Argument(help="Item id, from `preround queue`.")], fhir: Fhir = None, json: Json = None
) -> None:
    """Show one item: the page, the resources to be written, their hashes and what signing adds."""

    async def work(house: House) -> int:
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


def _say_entries(shown: Shown, entries: Sequence[dict[str, Any]]) -> None:
    for entry, found in zip(shown.proposal.entries, entries, strict=True):
        out.print(
            f"[{entry.n}] {entry.title} · {entry.resource['resourceType']} · "
            f"tier {entry.tier} ({'; '.join(entry.tier_reasons)}) · sha256 {entry.sha256[:12]}…",
            markup=False,
        )
        for words in fit_words(entry):
            out.print(f"    {words}", markup=False)
        for change in found["diff"][:12]:
            out.print(f"    {change['path']}: {change['new']}", markup=False)
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


def item_json(house: House, shown: Shown) -> dict[str, Any]:
    """An item as `show --json` gives it: entries with their sealed form as it would be, or is."""
    now = house.services.clock.now()
    return {
        **row(shown.item),
        "proposal_sha256": shown.item.proposal_sha256,
        "next_item": shown.item.next_item,
        "page": rounds.result(house, shown.item.run_id).get("page", []),
        "entries": [entry_json(shown, n, now) for n in range(1, len(shown.proposal.entries) + 1)],
        "decisions": [
            {
                "person": d.person,
                "verb": d.verb,
                "code": d.code,
                "words": d.words,
                "at": d.at.isoformat(),
                "entries": [n for n, _ in d.entries],
            }
            for d in shown.decisions
        ],
        "receipts": rounds.receipts_json(house, shown.item.item_id),
        "kept": [
            {"entry": row.entry, "resource": read_exact(row.body.encode()), "why": row.last_error}
            for row in shown.outbox
            if row.state == "kept"
        ],
    }


def entry_json(shown: Shown, n: int, now: datetime) -> dict[str, Any]:
    """One entry; `sealed` is what stands in the outbox once approved, before that a preview with an unnamed signer."""
    entry = shown.proposal.entries[n - 1]
    target = next((r for r in shown.outbox if r.entry == n and r.part == "target"), None)
    if target is not None:
        sealed = read_exact(target.body.encode())
    else:
        signer = Signature(who="(the signer)", role="prescriber", when=now)
        sealed = sealed_entry(shown.proposal, entry, signatures=[signer], recorded=now).target
    found = changes(entry.base, entry.resource)
    return {
        "n": entry.n,
        "task": entry.task,
        "title": entry.title,
        "sha256": entry.sha256,
        "tier": entry.tier,
        "tier_reasons": list(entry.tier_reasons),
        "resource": entry.resource,
        "sealed": sealed,
        "sources": list(entry.sources),
        "diff": [_change(c) for c in found],
        "findings": list(entry.findings),
        "stands_for": entry.stands_for,
        "keeps": list(entry.keeps),
    }


def fit_words(entry: Entry) -> list[str]:
    """What a signer must know of how an entry fits the server, a line for each thing."""
    meant = entry.stands_for
    said = [] if meant is None else [f"The server takes no {meant['resourceType']}: this stands for it."]
    said += [f"The server takes no {part.capitalize()}: it is kept here." for part in entry.keeps]
    return said + [f"Validation: {finding}" for finding in entry.findings]


def receipt_words(stands_for: str | None, kept: Sequence[str]) -> list[str]:
    """What of a write is not as it was meant, a line for each thing."""
    said = [] if stands_for is None else [f"It stands for a {stands_for}, which the server does not take."]
    return said + [f"Its {part.capitalize()} is kept here, which the server does not take." for part in kept]


def _change(change: Change) -> dict[str, Any]:
    return {"path": change.path, "old": change.old, "new": change.new}
