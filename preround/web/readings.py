"""What a round read and said, kept in memory while people look at it: results, identities, evidence by reference."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Self, TypeVar

from chart.chart import visible
from chart.identity import Identity, identity_of
from chart.sensitive import SensitiveClass, sensitive_classes
from graphs.reading import read_evidence
from preround.wiring import House
from store import artifacts
from store.database import Database
from store.runs import Run

Kept = TypeVar("Kept")
Resources = Mapping[str, Mapping[str, Any]]


class Latest(Generic[Kept]):
    """The last few values by content hash; what they were made from never changes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], Kept]) -> Kept:
        """The value of a key, made when it is not there."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made


class Readings:
    """Results, identities and evidence of rounds.

    Args:
        db: where they are kept as artifacts.
        sensitive: the policy on sensitive data: what it keeps back is shown on no page.
    """

    def __init__(self, db: Database, *, sensitive: tuple[SensitiveClass, ...]) -> None:
        self._db = db
        self.sensitive = sensitive
        self._results: Latest[Mapping[str, Any]] = Latest(64)
        self._identities: Latest[Identity] = Latest(1024)
        self._evidence: Latest[Resources] = Latest(3)

    @classmethod
    def of(cls, house: House) -> Self:
        """What pages read of a running program."""
        return cls(house.services.db, sensitive=sensitive_classes(house.services.site_tables))

    def result(self, run: Run) -> Mapping[str, Any]:
        """The result of a round; empty where it has none yet, or none any more because its time was over.

        Raises:
            store.artifacts.ArtifactMissing, ArtifactDamaged: when it is not what was kept.
        """
        sha256 = run.result_sha256
        return {} if sha256 is None or run.purged else self._results.get(sha256, lambda: self._json(sha256))

    def identity(self, run: Run) -> Identity:
        """Who the round is about, as it read the Patient resource; the reference alone before it has."""
        shas = self.result(run).get("evidence", ())
        if not shas:
            return Identity(name=run.patient, born=None, sex=None, number=None)
        return self._identities.get(f"{shas[0]}:{run.patient}", lambda: self._identity(shas[0], run.patient))

    def resources(self, run: Run) -> Resources:
        """Every resource that the round's result stands on and that may be seen, in the version read, by `Type/id`.

        Raises:
            store.artifacts.ArtifactMissing, ArtifactDamaged: when it is not what was kept.
        """
        shas: Sequence[str] = self.result(run).get("evidence", ())
        return self._evidence.get(
            " ".join(shas),
            lambda: visible(self._resources(shas).values(), as_of=run.as_of, sensitive=self.sensitive),
        )

    def _json(self, sha256: str) -> Mapping[str, Any]:
        with self._db.read() as connection:
            found: Mapping[str, Any] = artifacts.get_json(connection, sha256, exact=True)
        return found

    def _resources(self, shas: Sequence[str]) -> Resources:
        return {
            f"{resource.get('resourceType')}/{resource.get('id')}": resource
            for sha256 in shas
            for evidence in read_evidence(self._db, sha256)
            for resource in evidence.resources
        }

    def _identity(self, sha256: str, patient: str) -> Identity:
        return identity_of(self._resources([sha256]).get(patient, {}), patient)
