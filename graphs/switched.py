"""What of a round is switched off, or silent: asked at every node, so that a switch counts at the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from claims.author import Author
from graphs.services import Services
from review.entry import Draft as EntryDraft
from review.switches import (
    Mode,
    Scope,
    Switch,
    SwitchedOff,
    Where,
    makers,
    said,
    standing,
    stopping,
    stopping_entry,
    where,
)
from store import runs
from store.runs import Run
from tools.guidelines.outcome import Outcome

_ENDS = frozenset({"close", "commit"})
"""Nodes that are not stopped as a whole: closing says how a round ended, and commit asks of each entry."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parted:
    """A round's entries by what may become of them."""

    live: tuple[EntryDraft, ...]
    """To be put before people."""
    silent: tuple[EntryDraft, ...]
    """To be kept and compared, and shown to nobody who treats the patient."""
    hidden: frozenset[str]
    """The tasks of which no draft is shown."""
    said: tuple[str, ...]
    """What is left out, by whom and why, a sentence each."""


def check_on(services: Services, run_id: str, node: str) -> None:
    """Refuse a node of a round whose every task is off.

    Raises:
        SwitchedOff: it is; the round goes on from here when it is switched on again.
        SwitchesUnreadable: that can't be known.
    """
    if node in _ENDS or not (found := standing(services.db)):
        return
    with services.db.read() as connection:
        run = runs.get(connection, run_id)
    if run is not None:
        check_tasks(found, where(run), run.tasks)


def check_tasks(found: Sequence[Switch], at: Where, tasks: Sequence[str]) -> None:
    """Refuse a round whose every task is off.

    Raises:
        SwitchedOff: it is.
    """
    stopped = [_stops(found, at, task) for task in tasks]
    if stopped and all(stopped) and stopped[0] is not None:
        raise SwitchedOff("This round cannot go on; it", stopped[0])


def check_begins(services: Services, tasks: Sequence[str]) -> None:
    """Refuse to begin a round whose every task is off here.

    Raises:
        SwitchedOff: they are.
        SwitchesUnreadable: that can't be known.
    """
    check_tasks(standing(services.db), here(services), tasks)


def here(services: Services) -> Where:
    """Where a round that begins now belongs."""
    name, revision = services.reasoner.model
    return makers(services.site, services.reasoner.name, [(name, revision)])


def going(services: Services, run: Run) -> tuple[str, ...]:
    """The tasks of a round that are not off."""
    found = standing(services.db)
    return tuple(task for task in run.tasks if _stops(found, where(run), task) is None)


def hushed(services: Services, run: Run) -> bool:
    """Whether nothing of a round is to be shown to who treats the patient: each of its tasks is silent, or off."""
    found, at = standing(services.db), where(run)
    return all(stopping(found, at, task=task, modes=("off", "silent")) is not None for task in run.tasks)


def withheld(services: Services, outcomes: Sequence[Outcome], *, modes: tuple[Mode, ...]) -> tuple[Outcome, ...]:
    """What came of recommendations, without what is due and stopped by a switch.

    Args:
        services: the round's surroundings.
        outcomes: what came of each.
        modes: which switches count; a door that shows something to clinicians counts silence too.
    """
    found = [one for one in standing(services.db) if one.mode in modes]
    return tuple(_withheld(one, found, here(services)) for one in outcomes) if found else tuple(outcomes)


def _withheld(outcome: Outcome, found: Sequence[Switch], at: Where) -> Outcome:
    name = f"{outcome.recommendation.canonical}|{outcome.recommendation.version}"
    stopped = stopping(found, at, task="suggestions", guidelines=(name,), modes=("off", "silent"))
    if outcome.why != "due" or stopped is None:
        return outcome
    detail = f"It {said(stopped)}." if stopped.mode == "off" else "It is not shown here yet."
    return replace(outcome, why="withheld", detail=detail, action=None)


def _stops(found: Sequence[Switch], at: Where, task: str) -> Switch | None:
    """An undo is stopped by a switch of its site alone."""
    if task == "undo":
        found = [one for one in found if one.scope == Scope(site=one.scope.site)]
    return stopping(found, at, task=task)


def parted(found: Sequence[Switch], run: Run, author: Author, entries: Sequence[EntryDraft]) -> Parted:
    """The entries of a round by the switches that are in force."""
    at = where(run, author)
    off = [stopping_entry(found, at, one, modes=("off",)) for one in entries]
    quiet = [stopping_entry(found, at, one, modes=("silent",)) for one in entries]
    words = [f"Not drafted: {task} {said(one)}" for task in run.tasks if (one := _stops(found, at, task)) is not None]
    words += [f"Left out: {one.title} {said(by)}" for one, by in zip(entries, off, strict=True) if by is not None]
    hidden = {task for task in run.tasks if stopping(found, at, task=task, modes=("off", "silent")) is not None}
    return Parted(
        live=tuple(one for one, by, hush in zip(entries, off, quiet, strict=True) if by is None and hush is None),
        silent=tuple(one for one, by, hush in zip(entries, off, quiet, strict=True) if by is None and hush is not None),
        hidden=frozenset(hidden),
        said=tuple(dict.fromkeys(words)),
    )
