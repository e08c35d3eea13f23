"""A review item as a FHIR Task, for an EHR's own worklist: where it stands and for whom, nothing that a chart says."""

from __future__ import annotations

from typing import Any, Literal

from claims.derived_id import derived_id
from store.item_tasks import Standing
from store.items import ItemState, Tier

Resource = dict[str, Any]
Status = Literal["requested", "received", "in-progress", "accepted", "completed", "rejected", "cancelled", "failed"]

ITEM = "urn:preround:item"
"""System of the identifier that is the item's id."""
STANDS = "urn:preround:item-state"
"""System of `businessStatus`: the item's state, or what became of its write."""
INPUT = "urn:preround:task-input"
"""System of the types of `input`: `link`, `proposal-sha256`."""
OURS = frozenset(
    {"status", "businessStatus", "priority", "code", "description", "for", "focus", "owner", "restriction", "input"}
)
"""What we say. Whatever else the server's Task holds, an EHR's note say, stays as it stands there."""

_PRIORITY: dict[Tier, str] = {1: "routine", 2: "routine", 3: "urgent", 4: "asap"}
_CLOSED: dict[ItemState, tuple[Status, str, str]] = {
    "rejected": ("rejected", "rejected", "Rejected"),
    "revised": ("cancelled", "sent-back", "Sent back with words; a fresh proposal follows"),
    "expired": ("cancelled", "expired", "Expired"),
    "stale": ("cancelled", "stale", "The chart changed; a fresh proposal follows"),
    "superseded": ("cancelled", "superseded", "Another proposal took its place"),
    "cancelled": ("cancelled", "cancelled", "Cancelled"),
}
_APPROVED: dict[str, tuple[Status, str, str]] = {
    "written": ("completed", "written", "Approved and written"),
    "partly_written": ("completed", "partly-written", "Approved in part, or written in part"),
    "failed": ("failed", "failed", "Approved; the FHIR server refused the write"),
}
_WRITING: tuple[Status, str, str] = ("accepted", "approved", "Approved; being written")


def task_id(item_id: str) -> str:
    """The Task's id, wherever the server lets us choose it."""
    return derived_id("task", item_id)


def task_of(found: Standing, *, link: str | None) -> Resource:
    """The Task that shows an item as it stands.

    Args:
        found: the item.
        link: the address of its page, for people; None when nobody said how browsers reach it.
    """
    item = found.item
    status, code, words = _stands(found)
    person = found.signer if item.state != "open" and found.signer else item.claimed_by
    inputs = [_input("proposal-sha256", "valueString", item.proposal_sha256)]
    if link is not None:
        inputs.append(_input("link", "valueUrl", link))
    task: Resource = {
        "resourceType": "Task",
        "id": task_id(item.item_id),
        "identifier": [{"system": ITEM, "value": item.item_id}],
        "status": status,
        "businessStatus": {"coding": [{"system": STANDS, "code": code}], "text": words},
        "intent": "proposal",
        "priority": "stat" if item.critical else _PRIORITY[item.tier],
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "approve"}]},
        "description": "Review what Preround proposes",
        "focus": {"identifier": {"system": ITEM, "value": item.item_id}, "display": "Review item of Preround"},
        "for": {"reference": item.patient},
        "authoredOn": item.opened.isoformat(timespec="seconds"),
        "requester": {"display": "Preround"},
        "restriction": {"period": {"end": item.expires_at.isoformat(timespec="seconds")}},
        "input": inputs,
    }
    return task if person is None else {**task, "owner": {"display": person}}


def laid_over(current: Resource, meant: Resource) -> Resource:
    """The server's Task with what we say in it; what others say in it stays."""
    return {name: value for name, value in current.items() if name not in OURS} | {
        name: value for name, value in meant.items() if name in OURS
    }


def is_of(current: Resource, item_id: str) -> bool:
    """Whether a Task on the server is this item's."""
    return any(
        isinstance(one, dict) and (one.get("system"), one.get("value")) == (ITEM, item_id)
        for one in current.get("identifier", ())
    )


def _stands(found: Standing) -> tuple[Status, str, str]:
    item = found.item
    if item.state == "open":
        if found.signatures:
            return "in-progress", "signed", "Signed once; another signature is needed"
        return ("received", "claimed", "In review") if item.claimed_by else ("requested", "open", "Waits for review")
    if item.state == "approved":
        return _APPROVED.get(found.outcome, _WRITING)
    return _CLOSED[item.state]


def _input(code: str, name: str, value: str) -> Resource:
    return {"type": {"coding": [{"system": INPUT, "code": code}]}, name: value}
