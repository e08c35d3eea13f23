"""Switching by a name that somebody has: a mistyped one would switch nothing, and nobody would know."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from difflib import get_close_matches
from typing import get_args

from agents.models.registry import registry
from agents.offline.reasoner import OfflineReasoner
from graphs import undo
from preround.doing import errands, transcribing
from preround.imaging import door as imaging
from preround.model_context import proposal
from preround.settings import ReasonerName, Settings
from preround.web import wording
from preround.wiring import guideline_folders
from review.switches import Mode, Scope, Switch, SwitchUnusable, makers, names_of
from review.switches import switch as thrown
from store import runs
from store.database import Database
from tools.guidelines.library import load

TASKS = frozenset(
    {
        *OfflineReasoner().tasks,
        *wording.TASKS,  # what the page offers to switch
        *(room.TASK for room in (errands, imaging, proposal, transcribing, undo)),
    }
)
"""Every task of which this program makes entries: those of its reasoner, and one of each room of prepared rounds."""
MOST, SHOWN = 3, 12
"""So many near names are told, and so many of all where none is near."""


def throw(
    db: Database,
    settings: Settings,
    scope: Scope,
    mode: Mode,
    *,
    reason: str,
    person: str,
    now: datetime,
    unknown: bool = False,
) -> Switch:
    """Switch something, held to the names that there are.

    Args:
        db: the state.
        settings: name this site, its models and its recommendations.
        scope: what to switch.
        mode: how it is from now on.
        reason: why.
        person: who says so.
        now: wall time.
        unknown: whether a name may be one that nothing here has yet, as that of a site where no round has begun.

    Raises:
        SwitchUnusable: a name is nobody's, with those that are near it; or as `review.switches.switch`.
    """
    if mode != "on" and not unknown:
        for kind, value in asdict(scope).items():
            if value is not None and value.strip():
                _check(kind, value.strip(), _names(kind, db, settings))
    return thrown(db, scope, mode, reason=reason, person=person, now=now)


def _check(kind: str, value: str, names: Collection[str]) -> None:
    if value in names or (kind == "model" and value.partition("@")[0] in names):
        return
    folded = {name.casefold(): name for name in sorted(names, reverse=True)}
    near = [folded[one] for one in get_close_matches(value.casefold(), sorted(folded), n=MOST)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"there is {', '.join(sorted(names)[:SHOWN])}."
    raise SwitchUnusable(
        f"nothing here has the {kind} {value}; {hint} Where it is right and new here, say so with `--new` or its box"
    )


def _names(kind: str, db: Database, settings: Settings) -> frozenset[str]:
    """What a switch of this kind may name: what this site has, and what rounds in the store had."""
    if kind == "guideline":
        found = load(guideline_folders(settings)).recommendations
        return frozenset().union(*(names_of(f"{one.canonical}|{one.version}") for one in found))
    with db.read() as connection:
        before = runs.origins(connection)
    if kind == "task":
        return TASKS | {task for one in before for task in one.tasks}
    if kind == "site":
        return frozenset({settings.site, *(one.site for one in before if one.site)})
    rows = [(name, None) for row in registry(settings.models).values() for name in (row.name, row.served_name)]
    known = {
        name for one in before for name in makers(None, one.reasoner, [(one.model_name, one.model_revision)]).makers
    }
    ours = makers(None, settings.reasoner, [*rows, (settings.model_served, None)]).makers
    return frozenset({*get_args(ReasonerName), *known, *ours})
