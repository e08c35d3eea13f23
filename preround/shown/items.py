"""An item as every door shows it: the row that lists give of it, the whole of it, and what a signer must know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from claims.canonical import read_exact
from claims.diff import Change, changes
from claims.seal import Signature
from preround.doing import deciding, rounds
from preround.doing.evidence import entries_json
from preround.wiring import House
from review.card import words_in
from review.entry import Entry
from review.item import Item
from review.pace import Pace, paces
from review.queue import Shown
from review.sealing import sealed_entry
from review.standing import Standing, standing, standings


def row(item: Item, stands: Standing) -> dict[str, Any]:
    """An item as `queue --json` gives it."""
    duty = stands.duty
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
        "owner": duty.owner if duty else None,
        "cover": duty.cover if duty else None,
        "cover_from": duty.cover_from.isoformat() if duty else None,
        "escalates_to": duty.escalate if duty else None,
        "escalated_at": duty.escalated_at.isoformat() if duty and duty.escalated_at else None,
        "signatures": {"given": stands.signing.given, "needed": stands.signing.needed},
        "asked": [{"who": one.asked, "by": one.person, "at": one.at.isoformat()} for one in stands.asks],
    }


def rows(house: House, found: Sequence[Item]) -> list[dict[str, Any]]:
    """Several items as `queue --json` gives them."""
    stand = standings(house.services.db, found, policy=house.services.policy)
    return [row(item, stand[item.item_id]) for item in found]


def item_json(house: House, shown: Shown) -> dict[str, Any]:
    """An item as `show --json` gives it: entries with their sealed form as it would be, or is."""
    now = house.services.clock.now()
    stands = standing(house.services.db, shown.item, policy=house.services.policy)
    pace = {
        key: {"seconds": round(one.seconds), "seconds_to_read": round(one.least), "faster_than_reading": one.hurried}
        for key, one in paces_of(house, shown).items()
    }
    return {
        **row(shown.item, stands),
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
                **pace.get(d.decision_id, {}),
            }
            for d in shown.decisions
        ],
        "evidence_opened": entries_json(house, shown.item, shown.proposal.entries),
        **({"seeded": seed} if (seed := deciding.seed_json(house, shown.item)) else {}),
        "receipts": deciding.receipts_json(house, shown.item.item_id),
        "kept": [
            {"entry": row.entry, "resource": read_exact(row.body.encode()), "why": row.last_error}
            for row in shown.outbox
            if row.state == "kept"
        ],
    }


def paces_of(house: House, shown: Shown) -> dict[str, Pace]:
    """How fast each signature on an item came, by decision."""
    words = sum(map(words_in, shown.proposal.entries))
    found = paces(shown.item, words, shown.decisions, words_a_minute=house.settings.reading_words_a_minute)
    return {one.decision_id: one for one in found}


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
