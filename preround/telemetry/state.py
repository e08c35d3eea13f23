"""Prometheus metrics of the state: the same from every process that shares it, whoever did the work."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from graphs.clock import Clock
from graphs.reading import ReadingCache
from store.counted import Counted, counted, decided_since, last_act
from store.database import Database

FRESH_SECONDS = 5.0
"""The state is counted no more often than that, however often it is asked for."""
_HOURS = 3600.0
_WAITS = (10, 60, 300, 900, _HOURS, 4 * _HOURS, 8 * _HOURS, 24 * _HOURS, 72 * _HOURS, 168 * _HOURS)


class StateMetrics(Collector):
    """Counts the state when it is asked.

    Decision times are read off the audit chain from where it stood when this process began, so a decision at a command
    line is among them too.

    Args:
        db: the state.
        cache: the charts that this process keeps.
        clock: wall time, for ages.
        registry: where it is asked through.
        tasks: whether the FHIR server is to show the queue; what it does not show is counted then.
        copy: the server that is to have the audit chain, by its base address; the same.
    """

    def __init__(
        self,
        db: Database,
        cache: ReadingCache,
        clock: Clock,
        registry: CollectorRegistry,
        *,
        tasks: bool = False,
        copy: str | None = None,
    ) -> None:
        self._db, self._cache, self._clock = db, cache, clock
        self._tasks, self._copy = tasks, copy
        self._lock = threading.Lock()
        self._seen: int | None = None
        self._counted: tuple[float, Counted | None] = (float("-inf"), None)
        self._decisions = Histogram(
            "preround_state_decision_seconds",
            "Seconds from the opening of an item to a decision.",
            ["outcome"],
            buckets=_WAITS,
            registry=None,  # it is given out below, after what was decided since is in it
        )
        with suppress(Exception):  # whatever a driver raises: `preround_state_up` says it when it is asked
            self._begin()
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Nothing is counted before somebody asks."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The state in numbers; whether it can be read at all is one of them."""
        looked_up = CounterMetricFamily(
            "preround_chart_cache", "Charts that were still in memory, or not.", None, ["result"]
        )
        looked_up.add_metric(["hit"], self._cache.hits)
        looked_up.add_metric(["miss"], self._cache.misses)
        yield looked_up
        found = self._look()
        yield GaugeMetricFamily("preround_state_up", "Whether the database answers.", float(found is not None))
        yield from self._decisions.collect()
        if found is not None:
            yield from self._families(found)

    def _look(self) -> Counted | None:
        with self._lock:
            at, found = self._counted
            now = self._clock.monotonic()
            if now - at < FRESH_SECONDS:
                return found
            try:
                found = self._counting()
            except Exception:  # whatever a driver raises: `preround_state_up` says it
                found = None
            self._counted = (now, found)
            return found

    def _begin(self) -> None:
        """Note where the chain stands; nothing is counted, which takes the longer the more rounds there are."""
        with self._db.read() as connection:
            self._seen = last_act(connection)

    def _counting(self) -> Counted:
        if self._seen is None:
            self._begin()
        with self._db.read() as connection:
            for one in decided_since(connection, self._seen or 0):
                self._decisions.labels(one.verb).observe(one.seconds)
                self._seen = one.seq
            return counted(connection, tasks=self._tasks, copy=self._copy)

    def _families(self, found: Counted) -> Iterator[Metric]:
        rounds = GaugeMetricFamily("preround_state_rounds", "Rounds by status.", labels=["status"])
        for status, number in found.rounds.items():
            rounds.add_metric([status], number)
        waiting = GaugeMetricFamily("preround_state_open_items", "Items that wait for a decision.", labels=["tier"])
        for tier, number in found.open_items.items():
            waiting.add_metric([str(tier)], number)
        written = GaugeMetricFamily("preround_state_outbox", "Signed resources by state.", labels=["state"])
        for state, number in found.outbox.items():
            written.add_metric([state], number)
        begun = GaugeMetricFamily("preround_state_beginnings", "Rounds begun by a rule.", labels=["rule", "state"])
        for (rule, state), number in found.beginnings.items():
            begun.add_metric([rule, state], number)
        looked = GaugeMetricFamily("preround_state_watch_age_seconds", "Since a rule was looked at.", labels=["rule"])
        for rule, moment in found.looked.items():
            looked.add_metric([rule], self._age(moment))
        yield from (rounds, waiting, written, begun, looked)
        for name, words, value in (
            ("queue_age_seconds", "How long the oldest open item waits.", self._age(found.oldest_item)),
            (
                "undriven_age_seconds",
                "Age of the oldest round that waits for no person.",
                self._age(found.oldest_undriven),
            ),
            ("watch_problems", "Rules whose last look did not do all it should.", found.troubled),
            ("batch_unsettled", "Patients of open batches whose round is not at a stop.", found.unsettled),
        ):
            yield GaugeMetricFamily(f"preround_state_{name}", words, float(value))
        yield from self._untold(found)

    def _untold(self, found: Counted) -> Iterator[Metric]:
        """What the FHIR server is to be told and does not know: nothing of what the settings don't switch on."""
        families: list[tuple[str, str, float]] = []
        if found.tasks is not None:
            families += [
                ("tasks_behind", "Items that the FHIR server does not show as they stand.", found.tasks.items),
                ("tasks_behind_age_seconds", "Since the oldest of those moved.", self._age(found.tasks.since)),
            ]
        if found.copy is not None:
            families += [
                ("audit_unsent", "Acts that the FHIR server does not have.", found.copy.rows),
                ("audit_unsent_age_seconds", "Age of the oldest of those.", self._age(found.copy.since)),
            ]
        for name, words, value in families:
            yield GaugeMetricFamily(f"preround_state_{name}", words, float(value))

    def _age(self, since: datetime | None) -> float:
        return max(0.0, (self._clock.now() - since).total_seconds()) if since is not None else 0.0
