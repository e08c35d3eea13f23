"""The kinds of harm to proposals, signatures, asks and approved writes, each with the act that it must stop."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import text

from review.gate import decide, open_item
from review.proposal import Proposal, to_bytes
from review.recorded import due_rows
from store.database import Transaction
from store.outbox import OutboxRow
from tests.decisions.asked import ASK, ask_elsewhere, ask_gone, ask_put_in, ask_reworded
from tests.decisions.forged import Depth, forged, leaves, other, respelled, unchecked
from tests.decisions.ground import ADA, BEN
from tests.decisions.rows import Drawn, Harm, Rows
from tests.decisions.signed import (
    bodies_swapped,
    changed_body,
    flipped_body,
    forged_signature,
    signature_gone,
    taken_back,
    write_gone,
    write_put_in,
    written,
)
from tests.unit.review.conftest import NOW, SOON, a_proposal, lab, medication

Act = Callable[[Rows], Any]
"""What a reviewer, or the commit, does."""
ITEM = ("run_id", "patient", "tasks", "tier", "revision", "proposal_sha256", "policy_sha256")
SIGNATURE = ("person", "person_key", "roles", "entries", "proposal_sha256", "policy_sha256", "at", "decision_id")
AGAIN = ("reject", "revise", "edit", "stale", "cancelled")
WRITE = ("part", "resource_type", "resource_id", "if_match", "restores", "sha256", "group_sha256", "position")


def _sign(name: str, person: str = ADA) -> Act:
    def act(at: Rows) -> Any:
        item = at.item(name)
        shown, at.shown = at.shown or item.proposal_sha256, None
        policy = at.ground.policy
        return decide(
            at.db,
            item_id=item.item_id,
            person=person,
            verb="approve",
            policy=policy,
            now=SOON,
            proposal_sha256=shown if name == "open" else None,
        )

    return act


def _unshown(at: Rows) -> Any:
    """A signature without a page before it, as the command line gives it."""
    return decide(at.db, item_id=at.item("open").item_id, person=ADA, verb="approve", policy=at.ground.policy, now=SOON)


def _write(name: str) -> Callable[[Rows], tuple[OutboxRow, ...]]:
    def act(at: Rows) -> tuple[OutboxRow, ...]:
        rows = due_rows(at.db, at.item(name).item_id)
        assert rows
        return rows

    return act


def _flipped(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
    """One bit of the stored bytes."""
    sha256 = at.item("open").artifact_sha256
    body = bytearray(
        connection.execute(text("SELECT body FROM artifacts WHERE sha256 = :s"), {"s": sha256}).scalar_one()
    )
    body[drawn.randrange(len(body))] ^= 1 << drawn.randrange(8)
    at.set(connection, "artifacts", "body", bytes(body), sha256=sha256)
    return True


def _content(area: str, depth: Depth) -> Harm:
    """A value somewhere in the proposal's JSON.

    Args:
        area: where: a member of the proposal, or of its entries.
        depth: how much of what is computed from it is computed anew.
    """

    def harm(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
        value = json.loads(at.artifact(connection, "open"))
        places = [place for place in leaves(value) if area in place[:3]]
        place = drawn.choice(places)
        body, proposal_sha256 = forged(value, place, other(drawn, value, place), depth)
        at.store(connection, "open", body)
        if depth != "bare":
            at.set(connection, "items", "proposal_sha256", proposal_sha256, item_id=at.item("open").item_id)
        return True

    return harm


def _respelled(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
    """The same JSON value in other bytes."""
    body = at.artifact(connection, "open")
    changed = respelled(body, drawn)
    at.store(connection, "open", changed)
    return changed != body


def _anothers(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
    """The whole proposal of the item beside it."""
    beside = at.item("beside")
    at.store(connection, "open", at.artifact(connection, "beside"))
    for column in drawn.choice([(), ("proposal_sha256",), ("proposal_sha256", "revision", "tier", "tasks")]):
        value = getattr(beside, column)
        value = json.dumps(value, separators=(",", ":")) if column == "tasks" else value
        at.set(connection, "items", column, value, item_id=at.item("open").item_id)
    return True


def _column(table: str, column: str, name: str) -> Harm:
    """One column of a row of an item, a signature or a write."""

    def harm(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
        keys = {"items": "item_id", "decisions": "decision_id", "outbox": "outbox_id", "asks": "ask_id"}
        query = f"SELECT {keys[table]}, {column} FROM {table} WHERE item_id = :item"  # noqa: S608 - our own names
        rows = connection.execute(text(query), {"item": at.item(name).item_id}).all()
        key, value = drawn.choice(rows)
        at.set(connection, table, column, _otherwise(drawn, column, value), **{keys[table]: key})
        return True

    return harm


def _otherwise(drawn: Drawn, column: str, value: Any) -> Any:
    """Another value of the column that its readers would take."""
    if column == "at":
        return f"2021-08-01T07:{drawn.randint(6, 59):02}:00.000000+00:00"
    choices: Mapping[str, list[Any]] = {
        "run_id": ["run-2", "run-3"],
        "tasks": ['["summary"]', '["comparison"]', "[]"],
        "tier": [1, 2, 3],
        "revision": [n for n in range(1, 9) if n != value],
        "roles": ['["pharmacist"]', '["prescriber"]', "[]"],
        "entries": ["[]"],
        "person": [BEN, "Cyd Stranger", f"{value} "],
        "person_key": ["cyd stranger", "dan"],
        "part": [part for part in ("device", "target", "provenance") if part != value],
        "resource_type": [kind for kind in ("Patient", "MedicationRequest", "Composition") if kind != value],
        "if_match": [version for version in (None, "1", "7") if version != value],
        "restores": ["1", "2"],
        "position": [4, 5, 9],
        "asked": ["a pharmacist", "Cyd Stranger"],
        "asked_keys": ['["role:pharmacist"]', '["person:dan"]', "[]"],
    }
    if column in choices:
        return drawn.choice([one for one in choices[column] if one != value])
    at = drawn.randrange(len(value))
    return value[:at] + drawn.choice([c for c in "0123456789abcdef" if c != value[at]]) + value[at + 1 :]


def _later(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
    """An item that would have expired goes on."""
    later = f"20{drawn.randint(22, 99)}-01-01T00:00:00.000000+00:00"
    at.set(connection, "items", "expires_at", later, item_id=at.item("open").item_id)
    return True


def _again(how: str) -> Act:
    return _sign(f"over {how}", BEN)


def _opened_again(how: str) -> Harm:
    """An item that is over is open again."""

    def harm(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
        item_id = at.item(f"over {how}").item_id
        at.set(connection, "items", "state", "open", item_id=item_id)
        at.set(connection, "items", "closed", None, item_id=item_id)
        if drawn.random() < 0.5:
            connection.execute(text("DELETE FROM decisions WHERE item_id = :item"), {"item": item_id})
        return True

    return harm


def _retold(name: str) -> Harm:
    def harm(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
        at.retell(connection, name, drawn)
        return True

    return harm


def _shown(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
    right = at.item("open").proposal_sha256
    n = drawn.randrange(64)
    at.shown = drawn.choice(
        [right[:n] + f"{(int(right[n], 16) + 1) % 16:x}" + right[n + 1 :], right[:-1], right.upper()]
    )
    return at.shown != right


def _in_hand(area: str, depth: Depth) -> Harm:
    def harm(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
        made = _made(at)
        value = json.loads(to_bytes(made))
        place = drawn.choice([place for place in leaves(value) if area in place[:3]])
        forged(value, place, _lower(value, place) if area == "tier" else other(drawn, value, place), depth)
        try:
            hand = unchecked(value)
        except ValueError:
            return False
        if hand == made:  # a time with another zero is the same time
            return False
        at.hand = hand
        return True

    return harm


def _lower(value: Any, place: tuple[Any, ...]) -> Any:
    return 1 if value["entries"][place[1]]["tier"] != 1 else 2


def _made(at: Rows) -> Proposal:
    return a_proposal(lab("In hand"), medication("Insulin glargine"), policy=at.ground.policy, revision=20)


def _open(at: Rows) -> Any:
    hand, at.hand = at.hand or _made(at), None
    return open_item(at.db, hand, policy=at.ground.policy, now=NOW)


_SAID: Mapping[Depth, str] = {"bare": "no hash with it", "hash": "its hash with it", "all": "all hashes with it"}
_WHOLE = ("run_id", "patient", "as_of", "revision", "author", "based_on")
_OF_ENTRY = ("resource", "sources", "title", "task", "tier", "tier_reasons", "labels", "medication_class", "sha256")
_THERE = tuple(area for area in (*_WHOLE, *_OF_ENTRY) if area not in ("labels", "medication_class"))
_LAST = _sign("signed", BEN)

HARMS: Mapping[str, tuple[Act, Harm]] = {
    "a bit of the stored proposal": (_sign("open"), _flipped),
    **{
        f"{area} in the stored proposal, {said}": (_unshown, _content(area, depth))
        for area in _THERE
        for depth, said in _SAID.items()
        if (area, depth) != ("sha256", "all")  # it would be right again
    },
    "the stored proposal spelled otherwise": (_sign("open"), _respelled),
    "another item's proposal": (_unshown, _anothers),
    **{f"{column} of the item": (_unshown, _column("items", column, "open")) for column in ITEM},
    "the item's expiry": (_sign("open"), _later),
    **{f"an item opened again, {how}": (_again(how), _opened_again(how)) for how in AGAIN},
    "the hash that was shown": (_sign("open"), _shown),
    "what the chain tells of the item": (_sign("open"), _retold("open")),
    "a signature that nobody gave": (_sign("open"), forged_signature),
    **{f"{column} of the first signature": (_LAST, _column("decisions", column, "signed")) for column in SIGNATURE},
    "the first signature gone": (_LAST, signature_gone("signed")),
    **{
        f"{column} of a signature, approved": (_write("approved"), _column("decisions", column, "approved"))
        for column in SIGNATURE
    },
    "a signature gone, approved": (_write("approved"), signature_gone("approved")),
    "what the chain tells, approved": (_write("approved"), _retold("approved")),
    **{f"{column} of an ask": (_sign("asked"), _column("asks", column, "asked")) for column in ASK},
    **{f"{column} of an ask, approved": (_write("agreed"), _column("asks", column, "agreed")) for column in ASK},
    **{
        f"{kind}{said}": (act, harm(name))
        for act, name, said in ((_sign("asked"), "asked", ""), (_write("agreed"), "agreed", ", approved"))
        for kind, harm in (("an ask gone", ask_gone), ("an ask put in", ask_put_in), ("an ask reworded", ask_reworded))
    },
    "an ask where nobody asked": (_sign("open"), ask_put_in("open")),
    "an ask that went elsewhere": (_sign("asked"), ask_elsewhere("asked", "open")),
    "an ask that came from elsewhere": (_sign("open"), ask_elsewhere("asked", "open")),
    "approved and taken back": (_write("approved"), taken_back),
    **{f"{column} of a write": (_write("changing"), _column("outbox", column, "changing")) for column in WRITE},
    "the body of a write": (_write("approved"), written(changed_body, hashed=False)),
    "the body of a write, its hash with it": (_write("approved"), written(changed_body, hashed=True)),
    "a byte of a write": (_write("approved"), written(flipped_body, hashed=False)),
    "a write spelled otherwise": (_write("approved"), written(respelled, hashed=False)),
    "two writes' bodies swapped": (_write("approved"), bodies_swapped),
    "a write gone": (_write("approved"), write_gone),
    "a write put in": (_write("approved"), write_put_in),
    **{f"{area} in hand, {_SAID['bare']}": (_open, _in_hand(area, "bare")) for area in _THERE},
    **{
        f"{area} in hand, {_SAID['all']}": (_open, _in_hand(area, "all"))
        for area in ("tier", "tier_reasons", "patient")
    },
}
"""What is done, and to what."""
IDLE = frozenset(f"an item opened again, {how}" for how in AGAIN)
"""Kinds whose act is refused without them too: they are what would have to change that."""
