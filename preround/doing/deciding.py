"""Decisions as doors take them: to the gate, with the round driven on, and given as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graphs.fitting import validation_of
from graphs.node import run_of
from graphs.refusals import following_run
from preround.doing.rounds import drive_or_wait, refresh, result
from preround.failure import Declined, Outdated
from preround.wiring import House
from review.asking import Wish, party_of
from review.decision import DecisionOutcome, Verb
from review.entry import Validation
from review.gate import decide as gate_decide
from review.item import Item
from review.proposal import Resource, drafts_of
from review.queue import show
from review.receipt import receipts
from review.signer import Signer
from store import runs, seeded


async def decide(
    house: House,
    *,
    item_id: str,
    person: str,
    verb: Verb,
    only: tuple[int, ...] | None = None,
    code: str | None = None,
    words: str | None = None,
    edited: Mapping[int, Resource] | None = None,
    proposal_sha256: str | None = None,
    signer: Signer | None = None,
    ask: str | None = None,
    ask_words: str | None = None,
) -> dict[str, Any]:
    """Take a decision and drive the round on; when another process drives it, wait for what it does.

    Raises:
        Declined: people sign in here, and nobody has.
        GateError: the gate refuses.
        FhirUnreachable: approved, and the server cannot be reached; the round stays `committing`.
        Outdated: the chart changed meanwhile; a fresh round is in the queue and the message names its item.
        Declined: the server did not accept an entry.
    """
    if signer is None and house.settings.people_sign_in:
        raise Declined("People sign in here: open the item in the browser, sign in, and decide there")
    done = gate_decide(
        house.services.db,
        item_id=item_id,
        person=person,
        verb=verb,
        policy=house.services.policy,
        now=house.services.clock.now(),
        only=only,
        code=code,
        words=words,
        edited=edited,
        proposal_sha256=proposal_sha256,
        signer=signer,
        validations=await _validations(house, item_id, edited or {}),
        wish=Wish(party=party_of(ask), words=ask_words or "") if ask else None,
    )
    if done.seeded or done.outcome in ("signed", "superseded"):
        return outcome_json(house, item_id, done)
    run = await drive_or_wait(house, done.item.run_id)
    if run.status == "stale" and run.prepared_sha256 is not None:
        raise Declined(
            "What this was prepared from changed since, so nothing was written; look at the chart and prepare it again"
        )
    if run.status == "stale":
        following = await refresh(house, run)
        raise Outdated(
            f"The chart changed since this was drafted, so nothing was written; decide the fresh item "
            f"{following or 'that is being prepared'} instead"
        )
    if done.outcome == "approved" and run.status_detail is not None:
        instead = await stand_in(house, done.item.item_id)
        raise Declined(
            f"{run.status_detail} Decide item {instead}, which stands for it" if instead else run.status_detail
        )
    return outcome_json(house, item_id, done)


async def _validations(house: House, item_id: str, edited: Mapping[int, Resource]) -> dict[int, Validation]:
    """What the server says of edited resources; nobody's decision waits for a server that does not answer."""
    if not edited:
        return {}
    proposal = show(house.services.db, item_id).proposal
    drafts = dict(enumerate(drafts_of(proposal), start=1))
    return {
        n: await validation_of(house.services, replace(drafts[n], resource=resource), proposal.author)
        for n, resource in edited.items()
        if n in drafts and isinstance(resource, dict) and resource.get("resourceType")
    }


async def stand_in(house: House, item_id: str) -> str | None:
    """The item in which what the server refused of another is proposed in a form that it may take, driven so far."""
    run_id = following_run(item_id)
    with house.services.db.read() as connection:
        there = runs.get(connection, run_id) is not None
    if not there:
        return None
    await drive_or_wait(house, run_id)
    found: str | None = result(house, run_id)["review_item"]
    return found


def outcome_json(house: House, item_id: str, done: DecisionOutcome) -> dict[str, Any]:
    """A decision as `decide --json` gives it."""
    item = show(house.services.db, item_id).item
    seed = seed_json(house, item)
    return {
        **({"seeded": seed} if seed else {}),
        "item": item_id,
        "outcome": done.outcome,
        "next_item": done.next_item or item.next_item,
        "signatures_missing": [str(slot) for slot in done.signatures_missing],
        "run_status": run_of(house.services, item.run_id).status,
        "receipts": receipts_json(house, item_id),
    }


def seed_json(house: House, item: Item) -> dict[str, Any] | None:
    """The known error of an item, once somebody has decided it; None before, and for every ordinary item."""
    with house.services.db.read() as connection:
        seed = seeded.of_run(connection, item.run_id)
        if seed is None or seed.result is None:
            return None
        was, says = seeded.texts(connection, seed) or ("", "")
    return {
        "kind": seed.kind,
        "entry": seed.entry,
        "was": was,
        "says": says,
        "result": seed.result,
        "copy_of": seed.copy_of,
    }


def receipts_json(house: House, item_id: str) -> list[dict[str, Any]]:
    """An item's receipts as `decide --json` and `show --json` give them."""
    return [
        {
            "entry": r.entry,
            "reference": r.reference,
            "version": r.version,
            "sha256": r.sha256,
            "receipt": r.receipt,
            "undone_by": r.undone_by,
            "stands_for": r.stands_for,
            "kept": list(r.kept),
        }
        for r in receipts(house.services.db, item_id)
    ]
