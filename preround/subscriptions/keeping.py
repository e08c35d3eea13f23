"""What of a look counts: each version once, not what we wrote, whose it is by what was read; and what begins of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from preround.subscriptions.rules import Rule, Rules, patient_of
from preround.wiring import House
from store import beginnings, watches
from store.beginnings import Beginning, How, Seen
from store.database import Transaction
from store.outbox import written_versions
from store.watches import Watch
from tools.fhir import wire
from tools.fhir.refresh import updated, version_of
from tools.fhir.wire import Resource

OLD = timedelta(days=30)
"""What was stored so long ago is no news, whoever comes with it; after that it may be forgotten that it was seen."""
_MANY = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How one look went."""

    rule: str
    """Whose."""
    read: int = 0
    """Resources that were read."""
    new: int = 0
    """Of these, versions that were not seen before."""
    behind: bool = False
    """Whether there is more."""
    problem: str | None = None
    """Why it did not do all it should."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What one look read."""

    resources: Sequence[Resource]
    """In the server's order."""
    mark: datetime | None
    """Up to which time of the server everything is among this, or was among what was read before."""
    since: datetime
    """What was stored before is no news."""
    behind: bool = False
    """Whether there is more."""
    problem: str | None = None
    """Why it is not all."""
    first: bool = False
    """Whether it is the first look: what stands there begins nothing."""
    named: tuple[str, ...] = ()
    """What was read because a notification named it."""


def keep(connection: Transaction, house: House, rules: Rules, rule: Rule, watch: Watch, found: Found) -> Look:
    """Keep what was seen, how far the look got, and what begins because of it, all in one transaction."""
    services = house.services
    now = services.clock.now()
    by_seen = {
        _seen(one): one
        for one in found.resources
        if one.get("resourceType") == rule.type and ((when := updated(one)) is None or when >= found.since)
    }
    fresh = beginnings.unseen(connection, watch.watch_id, list(by_seen))
    counting = [] if found.first else _that_count(connection, rule, watch, fresh)
    starter = _Starter(connection, rule, watch, now)
    begun: dict[Seen, str] = {}
    nobodys = 0
    for one in counting:
        if rules.of(by_seen[one]) != rule:
            continue  # another rule's, or what the server found is not what was asked for
        patient = patient_of(by_seen[one], services.client.base_url)
        nobodys += patient is None
        if patient is not None:
            begun[one] = starter.of(patient, one).beginning_id
    beginnings.see(connection, watch.watch_id, [(one, begun.get(one)) for one in fresh], now=now)
    watches.read(connection, watch.watch_id, found.named)
    problem = found.problem or _of_nobody(nobodys)
    watches.done(connection, watch, mark=found.mark, behind=found.behind, problem=problem, now=now)
    return Look(rule=rule.name, read=len(found.resources), new=len(fresh), behind=found.behind, problem=problem)


class _Starter:
    """Has rounds begin: one for each patient, however much of theirs is new."""

    def __init__(self, connection: Transaction, rule: Rule, watch: Watch, now: datetime) -> None:
        self._connection, self._rule, self._watch, self._now = connection, rule, watch, now
        self._how: How = "told" if watch.rung else "asked"
        self._met: dict[str, Beginning] = {}

    def of(self, patient: str, by: Seen) -> Beginning:
        """The beginning that something new of a patient belongs to."""
        if patient not in self._met:
            waiting = beginnings.waiting(self._connection, self._watch.watch_id, patient)
            self._met[patient] = waiting or self._add(patient, by)
        return self._met[patient]

    def _add(self, patient: str, by: Seen) -> Beginning:
        due = self._now + timedelta(seconds=self._rule.wait_seconds)
        last = beginnings.last_begun(self._connection, self._watch.watch_id, patient)
        if last is not None:
            due = max(due, last + timedelta(seconds=self._rule.apart_seconds))
        return beginnings.add(
            self._connection,
            watch_id=self._watch.watch_id,
            patient=patient,
            tasks=self._rule.tasks,
            how=self._how,
            due=due,
            by=by,
            now=self._now,
        )


def _that_count(connection: Transaction, rule: Rule, watch: Watch, fresh: list[Seen]) -> list[Seen]:
    """What may begin a round: not what we wrote ourselves, and a resource once where the rule says so."""
    ours: set[tuple[str, str]] = set()
    names = [one.reference for one in fresh]
    for at in range(0, len(names), _MANY):
        ours |= written_versions(connection, names[at : at + _MANY])
    kept = [one for one in fresh if not {(one.reference, one.version), (one.reference, "")} & ours]
    if rule.every_version:
        return kept
    before = beginnings.known(connection, watch.watch_id, [one.reference for one in kept])
    return list(_once(one for one in kept if one.reference not in before))


def _seen(resource: Resource) -> Seen:
    return Seen(
        reference=f"{resource['resourceType']}/{resource.get('id')}",
        version=version_of(resource) or wire.sha256(resource),
    )


def _once(found: Iterable[Seen]) -> Iterable[Seen]:
    """The first of each resource."""
    met: set[str] = set()
    for one in found:
        if one.reference not in met:
            met.add(one.reference)
            yield one


def _of_nobody(number: int) -> str | None:
    return f"{number} of what was read names no patient of this server and began nothing" if number else None
