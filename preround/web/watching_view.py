"""What the page Watching shows: each rule with its subscription, and the rounds that began, wait or won't begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi.concurrency import run_in_threadpool

from preround.subscriptions.beginning import switched_off, waits
from preround.subscriptions.checks import wrong
from preround.subscriptions.registering import Registered, standings
from preround.subscriptions.rules import Rule, load_rules
from preround.wiring import House
from store import beginnings, begun, watches
from store.begun import Told, Waiting

MOST = 50
"""Rounds that the page names, the latest; the audit chain has every one."""
WITHIN = 10.0
"""Seconds that the FHIR server has to say how its subscriptions stand."""
STANDS: Mapping[str, str] = {
    "requested": "asked for; the server has not confirmed it yet",
    "active": "the server tells of what is new",
    "error": "the server tells no more, until it is subscribed again",
    "off": "turned off on the server",
    "none": "the server does not tell",
    "unknown": "the server did not say",
}
"""A subscription's status in words."""
STANDING: Mapping[str, str] = {
    "running": "under way",
    "committing": "being written",
    "nothing_to_write": "nothing to propose",
}
"""A round's status in words, where it has no item."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """One rule."""

    name: str
    """Its name."""
    rule: Rule | None
    """The rule; None where it is in force no more and its subscription still stands."""
    stands: Registered
    """Its subscription, and how far watching got."""
    wrong: str | None
    """What is wrong with how it is watched, and what to do."""
    tally: Mapping[str, int]
    """How many rounds began, wait and won't begin."""

    @property
    def told(self) -> datetime | None:
        """When the server last told of something."""
        return self.stands.watch.told if self.stands.watch else None

    @property
    def looked(self) -> datetime | None:
        """When the server was last asked."""
        return self.stands.watch.looked if self.stands.watch else None

    @property
    def void(self) -> bool:
        """Whether a subscription stands there whose secret opens nothing any more."""
        return self.stands.subscription is not None and (
            self.stands.watch is None or self.stands.watch.secret_sha256 is None
        )

    @property
    def outdated(self) -> bool:
        """Whether the subscription waits for something else than the rule does now."""
        watch = self.stands.watch
        return bool(self.rule and watch and watch.criteria and watch.criteria != self.rule.criteria)


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchingView:
    """The page."""

    enabled: bool
    """Whether rounds begin by themselves here."""
    poll_seconds: float
    """How often the server is asked in turn; never at 0."""
    at: datetime
    """When the server was asked for this page."""
    watched: tuple[Watched, ...]
    """The rules, in their order; then subscriptions of rules that are in force no more."""
    off: tuple[str, ...]
    """What is due and switched off, in words."""
    crowded: int
    """How many are due and wait because as many began within the hour as may."""
    rounds_an_hour: int
    """How many may."""
    later: tuple[Waiting, ...]
    """What is not due yet."""
    begun: tuple[Told, ...]
    """The rounds that began, latest first."""
    refused: tuple[Told, ...]
    """The rounds that won't begin, latest first."""


def names_of(house: House) -> tuple[str, ...]:
    """The rules in force, and those of before whose subscriptions still stand.

    Raises:
        RulesUnusable: the site's own can't be used.
    """
    rules = [one.name for one in load_rules(house.settings.subscriptions.rules).rule]
    with house.services.db.read() as connection:
        found = watches.every(connection, server=house.services.client.base_url)
    return (*rules, *(one.rule for one in found if one.subscription and one.rule not in rules))


async def view_of(house: House) -> WatchingView:
    """The page as things stand now; the server is asked.

    Raises:
        RulesUnusable: the site's own rules can't be used.
        SwitchesUnreadable: what is switched off can't be known.
    """
    names = await run_in_threadpool(names_of, house)
    stand = await standings(house, names, within=WITHIN)
    return await run_in_threadpool(_view, house, stand)


def _view(house: House, stand: list[Registered]) -> WatchingView:
    services, site = house.services, house.settings.subscriptions
    now, server = services.clock.now(), services.client.base_url
    rules = load_rules(site.rules)
    with services.db.read() as connection:
        tally = beginnings.tally(connection)
        later = begun.later(connection, server=server, now=now)
        began = begun.latest(connection, server=server, state="begun", most=MOST)
        refused = begun.latest(connection, server=server, state="refused", most=MOST)
    return WatchingView(
        enabled=site.enabled,
        poll_seconds=site.poll_seconds,
        at=now,
        watched=tuple(
            Watched(
                name=one.rule,
                rule=(rule := rules.named(one.rule)),
                stands=one,
                wrong=wrong(one.watch, site.poll_seconds, now=now) if rule and site.enabled else None,
                tally={state: tally.get((one.rule, state), 0) for state in ("begun", "waiting", "refused")},
            )
            for one in stand
        ),
        off=tuple(sorted(set(switched_off(house).values()))),
        crowded=waits(house),
        rounds_an_hour=site.rounds_an_hour,
        later=later,
        begun=began,
        refused=refused,
    )
