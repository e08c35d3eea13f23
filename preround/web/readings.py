"""What a round read and said, kept in memory while people look at it: results, identities, evidence by reference."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from graphs.reading import read_evidence
from store import artifacts
from store.database import Database
from store.runs import Run

Kept = TypeVar("Kept")
Resources = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who a page is about, from the Patient resource that the round read."""

    name: str
    """Family name in capitals, then given names; the reference where the record has no name."""
    born: str | None
    """Birth date as the record has it."""
    sex: str | None
    """Administrative gender."""
    number: str | None
    """The medical record number, where the record has one."""


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
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._results: Latest[Mapping[str, Any]] = Latest(64)
        self._identities: Latest[Identity] = Latest(1024)
        self._evidence: Latest[Resources] = Latest(3)

    def result(self, run: Run) -> Mapping[str, Any]:
        """The result of a round; empty where it has none yet.

        Raises:
            store.artifacts.ArtifactMissing, ArtifactDamaged: when it is not what was kept.
        """
        sha256 = run.result_sha256
        return {} if sha256 is None else self._results.get(sha256, lambda: self._json(sha256))

    def identity(self, run: Run) -> Identity:
        """Who the round is about, as it read the Patient resource; the reference alone before it has."""
        shas = self.result(run).get("evidence", ())
        if not shas:
            return Identity(name=run.patient, born=None, sex=None, number=None)
        return self._identities.get(f"{shas[0]}:{run.patient}", lambda: self._identity(shas[0], run.patient))

    def resources(self, run: Run) -> Resources:
        """Every resource that the round's result stands on, in the version that was read, by `Type/id`.

        Raises:
            store.artifacts.ArtifactMissing, ArtifactDamaged: when it is not what was kept.
        """
        shas: Sequence[str] = self.result(run).get("evidence", ())
        return self._evidence.get(" ".join(shas), lambda: self._resources(shas))

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


def identity_of(resource: Mapping[str, Any], reference: str) -> Identity:
    """Who a Patient resource is; odd or missing parts are left out."""
    names = [n for n in _dicts(resource.get("name")) if n.get("use") != "old"]
    name = names[0] if names else {}
    family, given = str(name.get("family") or "").upper(), name.get("given")
    first = " ".join(str(part) for part in given) if isinstance(given, list) else ""
    words = ", ".join(part for part in (family, first) if part) or str(name.get("text") or "") or reference
    return Identity(
        name=words,
        born=_text(resource.get("birthDate")),
        sex=_text(resource.get("gender")),
        number=next((_text(i.get("value")) for i in _dicts(resource.get("identifier")) if _medical(i)), None),
    )


def _medical(identifier: Mapping[str, Any]) -> bool:
    kind = identifier.get("type")
    return isinstance(kind, Mapping) and any(c.get("code") == "MR" for c in _dicts(kind.get("coding")))


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
