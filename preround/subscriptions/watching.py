"""Watching: each rule looked at when somebody rang, when its turn comes, and once at every start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from preround.subscriptions.beginning import Begun, Submit, begin_due, switched_off
from preround.subscriptions.keeping import OLD, Look
from preround.subscriptions.looking import Looker
from preround.subscriptions.rules import Rule, Rules
from preround.wiring import House
from store import beginnings, watches
from store.watches import Watch

AGAIN = timedelta(seconds=10)
"""So long after a look that failed somebody who rang is waited for."""
_KEPT = OLD + timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What one turn came to."""

    looks: tuple[Look, ...]
    """Rules that were looked at."""
    begun: tuple[Begun, ...]
    """Rounds that began."""


class Watcher:
    """Looks at what is new and begins rounds.

    Args:
        house: the running program.
        rules: what is waited for.
        submit: has a round driven.
        poll_seconds: how often each rule has its turn; never at 0.
        say: told what a person should know, in a sentence without patient data.
    """

    def __init__(
        self,
        house: House,
        rules: Rules,
        submit: Submit,
        *,
        poll_seconds: float,
        say: Callable[[str], None] = lambda words: None,
    ) -> None:
        self._house = house
        self._looker = Looker(house, rules)
        self._rules = rules
        self._submit = submit
        self._poll = timedelta(seconds=poll_seconds)
        self._say = say
        self._started: set[str] = set()
        self._said: dict[str, str | None] = {}
        self._swept: datetime | None = None

    async def run(self, seconds: float) -> None:
        """Watch until cancelled; a turn that fails is taken again."""
        while True:
            try:
                await self.step()
            except Exception as error:  # the server or the database may be away for a while
                self._tell("", f"Watching stopped ({type(error).__name__}); it is tried again.")
            else:
                self._tell("", None)
            await asyncio.sleep(seconds)

    async def step(self) -> Step:
        """One turn: look where it is time, and begin what is due.

        Raises:
            FhirError: the server could not say whether a patient is there.
            DatabaseAway: when the database does not answer.
        """
        looks = []
        for rule in self._rules.rule:
            if not self._time_for(rule):
                continue
            found = await self._looker.look(rule)
            if found is not None:
                self._started.add(rule.name)
                self._tell(rule.name, found.problem)
                looks.append(found)
        self._forget()
        self._tell("what is due", "; ".join(sorted(set(switched_off(self._house).values()))) or None)
        return Step(looks=tuple(looks), begun=tuple(await begin_due(self._house, self._submit)))

    def _time_for(self, rule: Rule) -> bool:
        if rule.name not in self._started:
            return True
        services = self._house.services
        with services.db.read() as connection:
            watch = watches.get(connection, watches.watch_id(rule.name, services.client.base_url))
        return watch is None or watch.looked is None or self._wanted(watch, watch.looked, services.clock.now())

    def _wanted(self, watch: Watch, looked: datetime, now: datetime) -> bool:
        if self._poll and now >= looked + self._poll:
            return True
        asked = watch.rung or watch.behind
        return asked and (watch.problem is None or now >= looked + AGAIN)

    def _forget(self) -> None:
        """Once a day, let go of what was seen so long ago that it is no news any more."""
        now = self._house.services.clock.now()
        if self._swept is None or now >= self._swept + timedelta(days=1):
            with self._house.services.db.write() as connection:
                for watch in watches.every(connection):
                    # Never later than the server's own time: our clock may have jumped.
                    beginnings.forget(connection, watch.watch_id, before=min(now, watch.mark or now) - _KEPT)
            self._swept = now

    def _tell(self, rule: str, problem: str | None) -> None:
        """Say a problem when it comes up, and not again until it is over."""
        if problem and self._said.get(rule) != problem:
            self._say(f"Watching {rule}: {problem}" if rule else problem)
        self._said[rule] = problem
