"""Races: eight reviewers at once on each item, in processes of their own, some through a server's socket.

Each of them has a house of its own on the same state, waits until the others are there, and decides. Whoever wins
drives the round on, to the write. Then the store, the chain and the FHIR server's file are looked at.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from claims.canonical import read_exact
from preround.doing import deciding, rounds
from preround.home import open_database
from preround.settings import Settings
from preround.shown.instant import instant
from preround.web.app import create_web
from preround.web.listening import answered, listening
from preround.wiring import House
from review.errors import AlreadyDecided
from review.queue import Shown, show
from store import audit, items, runs
from store.database import Database
from store.leases import LeaseHeld
from tests.acceptance.homes import AS_OF, loaded_home
from tests.acceptance.lives import begin, live
from tests.integration.test_prepared_rounds import a_note
from tests.kill.campaign import new_versions
from tools.fhir import wire

CHUNK = 50
"""Items that are opened in one life."""
OUTCOMES = {"approve": "approved", "reject": "rejected", "edit": "superseded"}
VERDICTS = frozenset({"item.approved", "item.rejected", "item.edited", "item.revised", "item.signed"})
_KEY = "the-key-of-a-race"
_PATIENCE = 300.0


@dataclass(frozen=True, kw_only=True)
class Racer:
    """One reviewer."""

    person: str
    """The name."""
    verb: str
    """What they want of every item."""
    by_socket: bool = False
    """Whether they ask a server over HTTP, not the program itself."""


RACERS = (
    Racer(person="Ada Nowak", verb="approve"),
    Racer(person="Ben Okafor", verb="approve", by_socket=True),
    Racer(person="Cyd Marsh", verb="reject"),
    Racer(person="Dan Oduya", verb="approve"),
    Racer(person="Eve Lindt", verb="edit"),
    Racer(person="Flo Brandt", verb="reject", by_socket=True),
    Racer(person="Gil Santos", verb="approve", by_socket=True),
    Racer(person="Hal Meier", verb="edit", by_socket=True),
)


@dataclass(kw_only=True)
class Raced:
    """What came of it."""

    decisions: int = 0
    """Decisions that were tried."""
    races: int = 0
    """Items."""
    winners: Counter[str] = field(default_factory=Counter)
    """Who won how often, by name."""
    not_one: list[str] = field(default_factory=list)
    """Items without one winner, or with a loser who was not told."""
    store: list[str] = field(default_factory=list)
    """Items whose rows or whose part of the chain tell of something else than the winner's decision."""
    server: list[str] = field(default_factory=list)
    """Items of which the FHIR server holds something else than the winner's bytes, once."""

    @property
    def clean(self) -> bool:
        """Whether each race had one winner, everywhere."""
        return not (self.not_one or self.store or self.server)

    def __str__(self) -> str:
        """One line."""
        won = ", ".join(f"{name.split()[0]} {number}" for name, number in sorted(self.winners.items()))
        return (
            f"{self.decisions} decisions in {self.races} races (won by {won}): without one winner {len(self.not_one)}, "
            f"store or chain otherwise {len(self.store)}, server otherwise {len(self.server)}"
        )


def raced(folder: Path, url: str | None, number: int, *, seed: int) -> Raced:
    """Race for so many decisions.

    Args:
        folder: where homes are made.
        url: of a PostgreSQL with today's tables; SQLite without it.
        number: decisions; each race has eight.
        seed: of the ids of rounds.
    """
    settings = Settings(
        home=loaded_home(folder),
        sandbox_audit=False,
        access_key=SecretStr(_KEY),
        requests_a_minute=0,
        database_url=SecretStr(url) if url else None,
    )
    found = Raced()
    ids = [f"{seed:04x}{n:012x}" for n in range(-(-number // len(RACERS)))]
    for at in range(0, len(ids), CHUNK):
        _race(settings, ids[at : at + CHUNK], found)
    return found


def _race(settings: Settings, ids: Sequence[str], found: Raced) -> None:
    seen = sum(map(len, new_versions(settings, 0).values()))
    live(settings, partial(_opened, ids))
    db = open_database(settings)
    try:
        with db.read() as connection:
            shown = [show(db, items.of_run(connection, run_id)[0].item_id) for run_id in ids]
        told = _decided(settings, shown)
        held = new_versions(settings, seen)
        with db.read() as connection:
            chain = audit.verify(connection, db.heads).problem
        found.store += [chain] if chain else []
        for before in shown:
            judge(db, before, told, held, found)
        found.server += [f"nobody's {name}" for name in held]
    finally:
        db.close()


def _decided(settings: Settings, shown: Sequence[Shown]) -> dict[str, dict[str, str]]:
    """Have all racers decide all items; what each was told, by item and person."""
    barrier = multiprocessing.get_context("fork").Barrier(len(RACERS))
    lives = []
    for racer in RACERS:
        answers = settings.home / f"{racer.person.split()[0]}.json"
        lives.append(begin(settings, partial(_racing, racer, shown, barrier, answers)))
    for one in lives:
        one.end()
    told: dict[str, dict[str, str]] = {}
    for racer in RACERS:
        for item, word in json.loads((settings.home / f"{racer.person.split()[0]}.json").read_bytes()).items():
            told.setdefault(item, {})[racer.person] = word
    return told


async def _opened(ids: Sequence[str], house: House) -> None:
    for run_id in ids:
        await rounds.open_prepared(house, a_note(), run_id=run_id, as_of=instant(AS_OF))


async def _racing(racer: Racer, shown: Sequence[Shown], barrier: Any, answers: Path, house: House) -> None:
    """One reviewer's life."""
    told: dict[str, str] = {}
    listener = listening("127.0.0.1", 0)
    site = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with answered(create_web(house), listener), httpx.AsyncClient(base_url=site, timeout=_PATIENCE) as web:
        for one in shown:
            await asyncio.to_thread(barrier.wait, _PATIENCE)
            decision = _decision(racer, one)
            item = one.item.item_id
            told[item] = await (_by_socket(web, item, decision) if racer.by_socket else _by_hand(house, item, decision))
    await asyncio.to_thread(answers.write_text, json.dumps(told))


def _decision(racer: Racer, one: Shown) -> dict[str, Any]:
    found: dict[str, Any] = {
        "person": racer.person,
        "verb": racer.verb,
        "proposal_sha256": one.item.proposal_sha256,
    }
    if racer.verb == "reject":
        found["code"] = "clutter"
    if racer.verb == "edit":
        found["edited"] = {1: {**one.proposal.entries[0].resource, "description": f"As {racer.person} has it"}}
    return found


async def _by_hand(house: House, item: str, decision: Mapping[str, Any]) -> str:
    try:
        await deciding.decide(house, item_id=item, **decision)
    except AlreadyDecided:
        return "told"
    except LeaseHeld:
        return "won"
    return "won"


async def _by_socket(web: httpx.AsyncClient, item: str, decision: Mapping[str, Any]) -> str:
    reply = await web.post(f"/api/items/{item}/decisions", json=decision, headers={"authorization": f"Bearer {_KEY}"})
    if reply.status_code == 409 and "already" in reply.text:
        return "told"
    return "won" if reply.status_code == 200 else f"{reply.status_code} {reply.text[:200]}"


def judge(
    db: Database, before: Shown, told: Mapping[str, Mapping[str, str]], held: dict[str, list[str]], found: Raced
) -> None:
    """Hold what the racers were told against the store, the chain and the server; takes what it knows from `held`."""
    item_id = before.item.item_id
    words = told[item_id]
    winners = [person for person, word in words.items() if word == "won"]
    found.races += 1
    found.decisions += len(words)
    found.winners.update(winners)
    if len(winners) != 1 or sorted(words.values()) != ["told"] * (len(RACERS) - 1) + ["won"]:
        found.not_one.append(f"{item_id} {dict(words)}")
        return
    racer = next(racer for racer in RACERS if racer.person == winners[0])
    shown = show(db, item_id)
    if not _told_of(db, shown, racer):
        found.store.append(item_id)
    names = {f"{row.resource_type}/{row.resource_id}": row for row in shown.outbox if row.part != "device"}
    bodies = {name: held.pop(name, []) for name in names}
    written = all(
        len(bodies[name]) == 1 and wire.same(wire.unversioned(wire.parse(bodies[name][0])), read_exact(row.body))
        for name, row in names.items()
    )
    signed = [name for name, row in names.items() if racer.person in row.body and row.part == "provenance"]
    if not written or len(names) != (2 if racer.verb == "approve" else 0) or len(signed) != len(names) // 2:
        found.server.append(item_id)


def _told_of(db: Database, shown: Shown, racer: Racer) -> bool:
    """Whether rows and chain tell of this decision alone."""
    with db.read() as connection:
        acts = [act for act in audit.trail(connection, shown.item.item_id) if act.act in VERDICTS]
        run = runs.get(connection, shown.item.run_id)
    decided = [(d.person, d.verb) for d in shown.decisions]
    ended = {"approve": "written", "reject": "rejected", "edit": "awaiting_review"}[racer.verb]
    return (
        decided == [(racer.person, racer.verb)]
        and [act.actor for act in acts] == [racer.person]
        and shown.item.state == OUTCOMES[racer.verb]
        and run is not None
        and run.status == ended
    )
