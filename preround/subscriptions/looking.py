"""Looking at what is new on the FHIR server: nothing twice, nothing lost, and the patient from what was read.

How far a look got is kept in the same transaction as what it found. A mark is the newest `meta.lastUpdated` that was
read, and never lies after the server's `Date` or our own time.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from preround.subscriptions.keeping import OLD, Found, Look, keep
from preround.subscriptions.rules import Rule, Rules
from preround.wiring import House
from store import watches
from store.leases import LeaseHeld
from store.watches import Watch
from tools.fhir.errors import FhirError, FhirNotFound, FhirRefused, FhirUnreachable
from tools.fhir.paging import SearchAnswer
from tools.fhir.query import Params
from tools.fhir.refresh import SKEW, updated

_STUCK = "More than {most} are new and can't be read in parts here; raise `most` in [subscriptions]"
_APART = timedelta(days=1)
"""So far the clock that stamps resources may be behind the server's `Date` when it is looked at first."""
PAGE = 500
"""Resources asked for in one page."""


class Looker:
    """Looks, rule by rule; of several processes one at a time.

    Args:
        house: the running program.
        rules: what is waited for.
    """

    def __init__(self, house: House, rules: Rules) -> None:
        self._house = house
        self._services = house.services
        self._site = house.settings.subscriptions
        self._rules = rules

    async def look(self, rule: Rule) -> Look | None:
        """Look once; None when another process does.

        Raises:
            DatabaseAway: when the database does not answer; nothing of the look is kept.
        """
        name = watches.watch_id(rule.name, self._services.client.base_url)
        try:
            with self._services.leases.acquire(f"watch:{name}"):
                return await self._held(rule)
        except LeaseHeld:
            return None

    async def _held(self, rule: Rule) -> Look:
        services = self._services
        with services.db.write() as connection:
            before = watches.ensure(
                connection, rule=rule.name, server=services.client.base_url, now=services.clock.now()
            )
        try:
            capabilities = await services.client.capabilities()
            by_id = not capabilities.offers_param(rule.type, "_lastUpdated")
            with services.db.write() as connection:
                watch = watches.take(connection, before.watch_id, by_id=by_id)
            found = await (self._named(rule, watch) if by_id else self._since(rule, watch))
        except FhirError as error:
            with services.db.write() as connection:
                watches.failed(connection, before.watch_id, problem=str(error), now=services.clock.now())
            return Look(rule=rule.name, problem=str(error))
        with services.db.write() as connection:
            return keep(connection, self._house, self._rules, rule, watch, found)

    async def _since(self, rule: Rule, watch: Watch) -> Found:
        if watch.mark is not None:
            return await self._part(rule, watch.mark, behind=watch.behind)
        found = await self._part(rule, await self._newest(rule), behind=False)
        while (
            found.behind and found.problem is None and found.mark is not None
        ):  # what stands there now is all seen before anything begins
            more = await self._part(rule, found.mark, behind=True)
            found = replace(more, resources=[*found.resources, *more.resources])
        return replace(found, first=True)

    async def _newest(self, rule: Rule) -> datetime:
        """When the newest that is there was stored; the server's `Date` may be another machine's, so only roughly."""
        client, now = self._services.client, self._services.clock.now()
        params = [*rule.params, ("_count", "1")]
        try:
            probe = await client.search(rule.type, [*params, ("_sort", "-_lastUpdated")], cap=1)
        except FhirRefused:
            probe = await client.search(rule.type, params, cap=1)
        date = min(probe.at or now, now)
        stored = [when for one in probe.resources if (when := updated(one)) is not None]
        return min(date, max([date - _APART, *stored]))

    async def _part(self, rule: Rule, mark: datetime, *, behind: bool) -> Found:
        """What was stored since, or a little before; a part of it where it is more than one look reads."""
        since = mark if behind else mark - timedelta(seconds=self._site.overlap_seconds)
        answer = await self._search(rule, since)
        times = [when for one in answer.resources if (when := updated(one)) is not None]
        now = self._services.clock.now()
        # By whichever clock is behind: a mark that is too early costs a few resources more, one too late loses some.
        latest = min(answer.at or now, now) + SKEW
        newest = max([mark, *times])
        if not answer.truncated:
            return Found(
                resources=answer.resources, mark=min(newest, latest), since=latest - OLD, problem=answer.problem
            )
        # The next part goes on at the newest of this one, which leaves nothing out if they came in order.
        newest = max(times, default=since)
        stuck = times != sorted(times) or newest <= since
        return Found(
            resources=answer.resources,
            mark=mark if stuck else newest,
            since=latest - OLD,
            behind=True,
            problem=_STUCK.format(most=self._site.most) if stuck else answer.problem,
        )

    async def _search(self, rule: Rule, since: datetime) -> SearchAnswer:
        client, most = self._services.client, self._site.most
        params: Params = [*rule.params, ("_lastUpdated", f"ge{_instant(since)}"), ("_count", str(min(PAGE, most)))]
        try:
            return await client.search(rule.type, [*params, ("_sort", "_lastUpdated")], cap=most)
        except FhirRefused:  # some servers sort by nothing
            return await client.search(rule.type, params, cap=most)

    async def _named(self, rule: Rule, watch: Watch) -> Found:
        """What notifications named, where the server can't be asked for what is new; each is read, none is believed."""
        with self._services.db.read() as connection:
            names = watches.hinted(connection, watch.watch_id)
        found, problem, read = [], None, []
        for reference in names:
            kind, _, name = reference.partition("/")
            try:
                found.append(await self._services.client.read(kind, name))
            except FhirNotFound:
                pass  # named, and not there
            except FhirUnreachable:
                raise
            except FhirError as error:
                problem = str(error)
            read.append(reference)
        return Found(
            resources=found,
            mark=watch.mark,
            since=self._services.clock.now() - OLD,
            problem=problem,
            named=tuple(read),
        )


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
