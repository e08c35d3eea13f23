"""What people did to a proposal that went stale is not lost: edits and removals are laid over the fresh drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from graphs.node import kept, run_of
from graphs.services import Services
from review.carry import lay_over
from review.proposal import Draft, Entry
from review.queue import show
from store import items
from store.runs import Run

Key = tuple[str, str, str]


@dataclass(kw_only=True, slots=True)
class _Was:
    """What became of one entry of the stale round."""

    title: str
    """Its title."""
    drafted: dict[str, Any]
    """As it was drafted, before anybody edited it."""
    left: dict[str, Any]
    """As people left it."""
    editors: list[str] = field(default_factory=list)
    """Who edited it, in this round or in one that it refreshed."""
    left_out_by: list[str] = field(default_factory=list)
    """Who approved others and not this one."""


def carried_over(services: Services, run: Run, drafts: Sequence[Draft]) -> tuple[list[Draft], list[dict[str, Any]]]:
    """The drafts of a round that refreshes a stale one, with what people did to the drafts before.

    Args:
        services: the round's surroundings.
        run: the round.
        drafts: as they are drafted now.

    Returns:
        The drafts to propose, and a note for each entry that was edited or left out: `said` in words, `by`, `title`,
        `entry` (its number now), and what the next refresh needs (`key`, `drafted`, `left_out`).
    """
    if run.refreshes is None:
        return list(drafts), []
    found: list[Draft] = []
    notes: list[dict[str, Any]] = []
    before = _before(services, run_of(services, run.refreshes))
    for one in drafts:
        was = before.pop(_key(one.task, one.stands_for or one.resource), None)
        if was is None:
            found.append(one)
        elif was.left_out_by:
            said = f"left out again, as {_names(was.left_out_by)} did not approve it"
            notes.append(_note(one, was, was.left_out_by, said, entry=None))
        elif was.editors:
            laid = lay_over(drafted=was.drafted, edited=was.left, fresh=one.resource)
            found.append(replace(one, resource=laid.resource))
            notes.append(_note(one, was, was.editors, _words(was, laid.kept, laid.dropped), entry=len(found)))
        else:
            found.append(one)
    notes += [_gone(key, was) for key, was in before.items() if was.editors]
    return found, notes


def _before(services: Services, stale: Run) -> dict[Key, _Was]:
    """What people did in a round, and in those that it refreshed, by entry."""
    with services.db.read() as connection:
        of_run = items.of_run(connection, stale.run_id)
    shown = [show(services.db, item.item_id) for item in of_run]
    # What was sent back with words was drafted anew; an edit before that is answered, not lost.
    starts = [i for i, one in enumerate(shown) if any(d.verb == "revise" for d in one.decisions)]
    shown = shown[starts[-1] + 1 :] if starts else shown
    if not shown:
        return {}
    first, last = shown[0], shown[-1]
    found = {
        n: _Was(title=entry.title, drafted=first.proposal.entries[n].resource, left=entry.resource)
        for n, entry in enumerate(last.proposal.entries)
    }
    for one, following in pairwise(shown):
        for n, was in found.items():
            if one.proposal.entries[n].sha256 != following.proposal.entries[n].sha256:
                was.editors += [d.person for d in one.decisions if d.verb == "edit"]
    for decision in last.decisions:
        signed = (
            {n for n, _ in decision.entries} if decision.verb == "approve" else {e.n for e in last.proposal.entries}
        )
        for entry in last.proposal.entries:
            if entry.n not in signed:
                found[entry.n - 1].left_out_by.append(decision.person)
    by_key = {_entry_key(entry): found[n] for n, entry in enumerate(last.proposal.entries)}
    return by_key | _earlier(services, stale, by_key)


def _earlier(services: Services, stale: Run, found: dict[Key, _Was]) -> dict[Key, _Was]:
    """The same with what the stale round had itself carried over from the one that it refreshed."""
    result = kept(services, stale.result_sha256, exact=True) if stale.result_sha256 else {}
    notes = result.get("carried", ()) if isinstance(result, dict) else ()
    for note in notes:
        key: Key = tuple(note["key"])
        was = found.setdefault(key, _Was(title=note["title"], drafted=note["drafted"], left=note["drafted"]))
        if note["left_out"]:
            was.left_out_by += note["by"]
        elif note["entry"] is not None:
            was.drafted = note["drafted"]
            was.editors = [*note["by"], *was.editors]
    return found


def _words(was: _Was, laid: Sequence[str], dropped: Sequence[str]) -> str:
    parts = []
    if laid:
        parts.append(f"edited by {_names(was.editors)}, carried over: {', '.join(laid)}")
    if dropped:
        parts.append(f"the edit by {_names(was.editors)} of {', '.join(dropped)} was dropped, the draft is new there")
    return "; ".join(parts) or f"the edit by {_names(was.editors)} is what the draft says now"


def _note(one: Draft, was: _Was, by: Sequence[str], said: str, *, entry: int | None) -> dict[str, Any]:
    return {
        "said": said,
        "by": list(dict.fromkeys(by)),
        "title": one.title,
        "entry": entry,
        "key": list(_key(one.task, one.stands_for or one.resource)),
        "drafted": one.resource,
        "left_out": bool(was.left_out_by),
    }


def _gone(key: Key, was: _Was) -> dict[str, Any]:
    said = f"the edit by {_names(was.editors)} was dropped: this is no longer proposed"
    return {
        "said": said,
        "by": list(dict.fromkeys(was.editors)),
        "title": was.title,
        "entry": None,
        "key": list(key),
        "drafted": was.drafted,
        "left_out": False,
    }


def _key(task: str, resource: dict[str, Any]) -> Key:
    """What makes an entry of one round the same as one of another."""
    kind = str(resource["resourceType"])
    canonical = next(iter(resource.get("instantiatesCanonical") or ()), "")
    code = "" if kind == "Composition" else str(canonical).partition("|")[0] or str(resource.get("code") or "")
    return task, kind, code


def _entry_key(entry: Entry) -> Key:
    return _key(entry.task, entry.stands_for or entry.resource)


def _names(people: Sequence[str]) -> str:
    return " and ".join(dict.fromkeys(people))
