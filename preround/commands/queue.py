"""`preround queue`, `preround show`: what waits for a person, and one item whole."""

from __future__ import annotations

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
            for entry in found["entries"]:
                resource = entry["resource"]
                out.print(
                    f"[{entry['n']}] {entry['title']} · {resource['resourceType']} · "
                    f"tier {entry['tier']} ({'; '.join(entry['tier_reasons'])}) · sha256 {entry['sha256'][:12]}…",
                    markup=False,
                )
                for change in entry["diff"][:12]:
                    out.print(f"    {change['path']}: {change['new']}", markup=False)
                for line in (words_of(resource) or "").splitlines():
                    out.print(f"    | {line}", markup=False)
            for receipt in found["receipts"]:
                taken_back = f" · taken back by {receipt['undone_by']}" if receipt["undone_by"] else ""
                out.print(
                    f"written: {receipt['reference']} version {receipt['version']} · receipt {receipt['receipt']}"
                    f"{taken_back}",
                    markup=False,
                )
            if shown.item.state == "open":
                out.print(
                    f"Next: preround decide {item} --approve --as NAME   (or --reject CODE, --revise TEXT, --only N)"
                )
        return 0

    enter(work, fhir=fhir, json=json)


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
    }


def _change(change: Change) -> dict[str, Any]:
    return {"path": change.path, "old": change.old, "new": change.new}
