"""What of the queue is asked for: the choices, and the address that stands for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args
from urllib.parse import urlencode

from preround.failure import Missing
from review.item import ItemState, Tier
from review.worklist import Order, Wanted, Whose

ALL = "all"
ORDERS: Mapping[Order, str] = {
    "urgent": "most urgent first",
    "risk": "highest tier first",
    "oldest": "longest waiting first",
    "latest": "latest first",
}
CLAIMS: Mapping[Whose, str] = {
    "anybody": "anybody’s",
    "nobody": "claimed by nobody",
    "me": "claimed by me",
    "mine": "mine, claimed or as owner",
    "cover": "I cover",
    "asked": "asked of me",
    "escalated": "escalated to me",
}
CONCERNS: Mapping[Whose, str] = {
    "mine": "Mine",
    "cover": "I cover",
    "asked": "Asked of me",
    "escalated": "Escalated to me",
}


def wanted_of(given: Mapping[str, str]) -> Wanted:
    """What an address or a form asks for.

    Raises:
        Missing: it is none of the choices.
    """
    status = _one_of(given.get("status") or "open", (*get_args(ItemState), ALL), "status")
    tier = _one_of(given.get("tier") or "", ("", *map(str, get_args(Tier))), "tier")
    task = given.get("task") or None
    if task is not None and not (task.replace("-", "").isalpha() and task.isascii() and len(task) <= 40):
        raise Missing("There is no task of that name; choose one of the list")
    usual: Order = "urgent" if status == "open" else "latest"
    return Wanted(
        state=None if status == ALL else cast("ItemState", status),
        tier=cast("Tier", int(tier)) if tier else None,
        task=task,
        critical=given.get("critical") == "yes",
        claimed=cast("Any", _one_of(given.get("claimed") or "anybody", tuple(CLAIMS), "claim")),
        order=cast("Order", _one_of(given.get("order") or usual, tuple(ORDERS), "order")),
    )


def fields_of(wanted: Wanted) -> dict[str, str]:
    """The fields that ask for this; `wanted_of` of them gives it again."""
    usual = "urgent" if wanted.state == "open" else "latest"
    found = {
        "status": wanted.state or ALL,
        "tier": str(wanted.tier or ""),
        "task": wanted.task or "",
        "critical": "yes" if wanted.critical else "",
        "claimed": "" if wanted.claimed == "anybody" else wanted.claimed,
        "order": "" if wanted.order == usual else wanted.order,
    }
    return {name: value for name, value in found.items() if value and (name, value) != ("status", "open")}


def address_of(wanted: Wanted, **more: str) -> str:
    """The page that shows this."""
    query = urlencode({**fields_of(wanted), **more})
    return f"/?{query}" if query else "/"


def _one_of(given: str, choices: tuple[str, ...], what: str) -> str:
    if given not in choices:
        raise Missing(f"There is no {what} of that name; choose among {', '.join(filter(None, choices))}")
    return given
