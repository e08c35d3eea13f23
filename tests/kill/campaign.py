"""The campaign: chunks of rounds whose processes are killed or stopped, then finished by others, then looked at.

One point is one round and the moments at which the processes that drive it die. The rounds of a chunk are prepared in
one life, each is then driven to its death in lives of its own, and one more life finishes what it finds.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial

from starlette.types import ASGIApp

from claims.canonical import read_exact
from preround.home import open_database
from preround.settings import Settings
from review.queue import show
from store import items, runs
from store.database import Database
from store.outbox import OutboxRow
from tests.acceptance.lives import Door, Life, Work, begin, leases_run_out, live
from tests.kill.doing import FIRST, SECOND, advance, decide, finish, prepare
from tests.kill.lying import Fault, Lying
from tests.kill.point import Point
from tests.kill.tally import Tally
from tests.kill.warm import warmed
from tools.fhir import wire

CHUNK = 40
"""Rounds that are prepared, and finished, in one life."""


class Campaign:
    """Points on one home.

    Args:
        settings: of its houses; the sandbox holds the patient of `a_note`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        warmed(settings)
        self.tally = Tally()
        self._seen = len([b for bodies in new_versions(settings, 0).values() for b in bodies])

    def places(self) -> int:
        """How many places a life passes that approves one round."""
        run_id = "f" * 16
        live(self._settings, partial(prepare, [run_id]))
        found = live(self._settings, partial(decide, run_id, "approve", FIRST), door=_door("none", 0))
        assert found is not None
        self._seen += sum(len(bodies) for bodies in new_versions(self._settings, self._seen).values())
        return found

    def run(self, chosen: Sequence[Point]) -> None:
        """Try some points, which are finished together."""
        live(self._settings, partial(prepare, [point.run_id for point in chosen]))
        for point in chosen:
            self._killed(point)
        leases_run_out(self._settings)
        live(self._settings, partial(finish, {point.run_id: point.verb for point in chosen}), door=_door("none", 0))
        self.judge(chosen)
        self.tally.points += len(chosen)

    def _killed(self, point: Point) -> None:
        door = _door(point.fault, point.seed)
        deciding: Work = partial(decide, point.run_id, point.verb, FIRST)
        if point.sleeps:
            self._slept(point, begin(self._settings, deciding, stop_at=point.sleeps, door=door))
            return
        lives = [begin(self._settings, deciding, kill_at=point.deaths[0], door=door)]
        if point.beside:
            other: Work = partial(decide, point.run_id, point.verb, SECOND)
            lives.append(begin(self._settings, other, kill_at=point.beside, door=_door(point.fault, point.seed + 1)))
        self._count(lives)
        for death in point.deaths[1:]:
            leases_run_out(self._settings)
            self._count([begin(self._settings, partial(advance, point.run_id), kill_at=death, door=door)])

    def _slept(self, point: Point, life: Life) -> None:
        """One process stands still, another does the work, the first goes on as if nothing had been."""
        if life.stopped():
            self.tally.sleeps += 1
            leases_run_out(self._settings)
            live(self._settings, partial(advance, point.run_id), door=_door(point.fault, point.seed))
            life.go_on()
        life.end()

    def _count(self, lives: Sequence[Life]) -> None:
        self.tally.kills += sum(life.end() is None for life in lives)

    def judge(self, chosen: Sequence[Point]) -> None:
        """Look at some rounds and at all that the server got since the last time."""
        held = new_versions(self._settings, self._seen)
        self._seen += sum(len(bodies) for bodies in held.values())
        signed: set[str] = set()
        db = open_database(self._settings)
        try:
            for point in chosen:
                signed |= self._judge(point, db, held)
        finally:
            db.close()
        # Whatever stands there that nobody signed was written under another name.
        self.tally.twice += [f"nobody's {name}" for name in sorted(held.keys() - signed)]

    def _judge(self, point: Point, db: Database, held: Mapping[str, list[str]]) -> set[str]:
        """Add to the tally what went wrong with one round; returns what was signed of it."""
        with db.read() as connection:
            run = runs.get(connection, point.run_id)
            shown = [show(db, item.item_id) for item in items.of_run(connection, point.run_id)]
        signed = {_name(row): row for one in shown for row in one.outbox if row.part != "device"}
        if any(one.item.state == "open" for one in shown):
            self.tally.asked_again.append(point.run_id)
        if point.verb == "reject":
            if signed or run is None or run.status != "rejected":
                self.tally.after_no.append(point.run_id)
            return set()
        bodies = {name: held.get(name, []) for name in signed}
        if run is None or run.status != "written" or not signed or any(not found for found in bodies.values()):
            self.tally.lost.append(point.run_id)
        same = all(
            wire.same(wire.unversioned(wire.parse(body)), read_exact(signed[name].body))
            for name, found in bodies.items()
            for body in found
        )
        decided = sum(len(one.decisions) for one in shown)
        if any(len(found) > 1 for found in bodies.values()) or not same or decided != 1:
            self.tally.twice.append(point.run_id)
        return set(signed)


def _name(row: OutboxRow) -> str:
    return f"{row.resource_type}/{row.resource_id}"


def new_versions(settings: Settings, after: int) -> dict[str, list[str]]:
    """The bodies of notes and Provenance that the sandbox got, by `Type/id`, past its code from its file."""
    query = (
        "SELECT type || '/' || id, body FROM version WHERE type IN ('DocumentReference', 'Provenance') "
        "ORDER BY seq LIMIT -1 OFFSET ?"
    )
    found: dict[str, list[str]] = {}
    with contextlib.closing(sqlite3.connect(settings.home / "sandbox.sqlite")) as sandbox:
        for name, body in sandbox.execute(query, (after,)):
            found.setdefault(name, []).append(body)
    return found


def _door(fault: Fault, seed: int) -> Door:
    def door(app: ASGIApp) -> ASGIApp:
        return Lying(app, fault=fault, seed=seed)

    return door
