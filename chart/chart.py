"""One patient's chart as of a moment: numbered facts, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal

from chart.extract.attachment import Unreadable
from chart.extract.dispatch import POINTED_AT, READ, facts_of, is_nobodys
from chart.extract.note import NoteText, note_text
from chart.fact import LETTERS, Fact, FactKind
from chart.moment import Moment, years_between, years_on
from chart.sensitive import SensitiveClass, keep_back

LeftOut = Literal["entered-in-error", "refuted", "cancelled", "after_as_of", "own_text", "not_understood", "not_read"]
"""Why a resource gives no fact: said to be wrong, a result that never came, later than the round, a text of an earlier
round, not understood."""

STANDS_FOR = "urn:preround:stands-for"
"""System of the tag on a document that carries the text of a summary or of a proposal of ours. It is no evidence: what
a round once said must not come back to the next one as what somebody noted."""

_RESULTS = frozenset({"lab", "vital", "survey", "other", "report", "imaging"})
"""A cancelled one of these was never made, whatever stands in it; a cancelled order or visit is a fact."""
_WRONG = frozenset({"entered-in-error"})


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Everything read about one patient, as facts; the raw resources stay at hand for the verifier."""

    as_of: datetime
    """Clinical now: nothing dated later is in it."""
    patient: Fact
    """Birth, sex, death."""
    facts: tuple[Fact, ...]
    """All facts but the patient's, in time order, numbered by kind."""
    resources: Mapping[str, Mapping[str, Any]]
    """The resources as read, by ``Type/id``."""
    left_out: Mapping[LeftOut, tuple[str, ...]]
    """References of resources that gave no fact, by reason."""
    versions: Mapping[str, str | None]
    """The version of every resource as read, by ``Type/id``; those kept back by policy too, for the freshness check."""
    masked: Mapping[str, int]
    """How many facts policy keeps out of the chart and lets a page mention, by class of sensitive data."""

    @classmethod
    def build(
        cls,
        resources: Iterable[Mapping[str, Any]],
        *,
        as_of: datetime,
        sensitive: tuple[SensitiveClass, ...] = (),
    ) -> Chart:
        """Read every resource once.

        Args:
            resources: R4 resources of one patient and what they point at, in any order; numbers may be Decimal.
            as_of: aware instant; facts dated after it are left out and counted.
            sensitive: the policy on sensitive data; what it keeps back is in neither facts nor resources.

        Raises:
            ValueError: when there is no Patient among the resources.
        """
        library = {f"{r.get('resourceType')}/{r.get('id')}": r for r in resources}
        drafts: list[Fact] = []
        left: dict[LeftOut, list[str]] = {}
        patient: Fact | None = None
        for reference, resource in library.items():
            kind = str(resource.get("resourceType"))
            found = facts_of(resource, library)
            if kind == "Patient":
                patient = found[0] if found else patient
            elif found:
                reason = "own_text" if _is_own(resource) else _left_out(found[0], as_of)
                if reason:
                    left.setdefault(reason, []).append(reference)
                else:
                    drafts.extend(_as_of(fact, as_of) for fact in found)
            elif kind in READ and not is_nobodys(resource):
                left.setdefault("not_understood", []).append(reference)
            elif kind not in POINTED_AT:
                left.setdefault("not_read", []).append(reference)
        if patient is None:
            raise ValueError("The chart has no Patient resource; read the patient first.")
        versions = {reference: _version(resource) for reference, resource in library.items()}
        masked, kept = keep_back(drafts, library, sensitive, _age(patient, as_of))
        return cls(
            as_of=as_of,
            patient=replace(patient, id="B1"),
            facts=tuple(_numbered(kept)),
            resources=library,
            versions=versions,
            masked=masked,
            left_out={reason: tuple(sorted(refs)) for reason, refs in left.items()},
        )

    @cached_property
    def by_id(self) -> Mapping[str, Fact]:
        """Facts by short id, the patient's too."""
        return {fact.id: fact for fact in (self.patient, *self.facts)}

    @cached_property
    def _by_kind(self) -> Mapping[FactKind, tuple[Fact, ...]]:
        groups: dict[FactKind, list[Fact]] = {}
        for fact in self.facts:
            groups.setdefault(fact.kind, []).append(fact)
        return {kind: tuple(found) for kind, found in groups.items()}

    def of(self, *kinds: FactKind) -> tuple[Fact, ...]:
        """The facts of some kinds, each in time order."""
        return tuple(fact for kind in kinds for fact in self._by_kind.get(kind, ()))

    @property
    def today(self) -> date:
        """The calendar day of the round, in UTC."""
        return self.as_of.date()

    @property
    def age(self) -> int | None:
        """Completed years at ``as_of``, or at death; ``None`` without a full birth date."""
        return _age(self.patient, self.as_of)

    def age_on(self, day: date) -> float | None:
        """Years of age on a day with their fraction; ``None`` without a full birth date."""
        born = self.patient.when
        return None if born is None or born.day is None else years_on(born.date, day)

    @property
    def sex(self) -> str:
        """As the record has it, or empty."""
        return self.patient.cells["sex"].text if "sex" in self.patient.cells else ""

    @property
    def deceased(self) -> bool:
        """Whether the patient had died by ``as_of``."""
        ended = self.patient.ended
        return self.patient.status == "deceased" and (ended is None or ended.start <= self.as_of)

    @cached_property
    def notes(self) -> tuple[NoteText, ...]:
        """The readable notes in time order; a text that a note and a report of the same day both carry counts once."""
        return self._notes[0]

    @property
    def unreadable(self) -> Mapping[str, str]:
        """Notes and reports with an attachment of which none could be read as text: why, by reference."""
        return self._notes[1]

    @cached_property
    def _notes(self) -> tuple[tuple[NoteText, ...], Mapping[str, str]]:
        found: list[NoteText] = []
        unread: dict[str, str] = {}
        seen: set[tuple[str, date | None]] = set()
        for fact in self.of("note", "report"):
            try:
                note = note_text(self.resources[fact.reference], fact)
            except Unreadable as error:
                unread[fact.reference] = str(error)
                continue
            key = (note.text, fact.when.date if fact.when else None) if note else None
            if note and key and key not in seen:
                seen.add(key)
                found.append(note)
        found.sort(key=lambda n: n.fact.when.start.timestamp() if n.fact.when else float("-inf"))
        return tuple(found), unread

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many resources of each type were read."""
        return dict(Counter(reference.partition("/")[0] for reference in self.resources))


def _version(resource: Mapping[str, Any]) -> str | None:
    meta = resource.get("meta")
    found = meta.get("versionId") if isinstance(meta, Mapping) else None
    return found if isinstance(found, str) else None


def _age(patient: Fact, as_of: datetime) -> int | None:
    born = patient.when
    if born is None or born.day is None:
        return None
    return years_between(born.date, patient.ended.date if patient.ended else as_of.date())


def _is_own(resource: Mapping[str, Any]) -> bool:
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, Mapping) else None
    listed = tags if isinstance(tags, list) else []
    return any(isinstance(tag, Mapping) and tag.get("system") == STANDS_FOR for tag in listed)


def _left_out(fact: Fact, as_of: datetime) -> LeftOut | None:
    if fact.status in _WRONG:
        return "entered-in-error"
    if fact.status == "refuted":
        return "refuted"
    if fact.status == "cancelled" and fact.kind in _RESULTS:
        return "cancelled"
    if any(moment and moment.start > as_of for moment in (fact.when, _written(fact))):
        return "after_as_of"
    return None


def _written(fact: Fact) -> Moment | None:
    """When a problem or allergy was written down: it was not known before. Results are dated by when they were true."""
    return fact.recorded if fact.kind in ("problem", "allergy") else None


def _as_of(fact: Fact, as_of: datetime) -> Fact:
    """A problem or course that ended after ``as_of`` was still running then: its later end is not yet known."""
    if fact.ended is None or fact.ended.start <= as_of or fact.kind not in ("problem", "care_plan"):
        return fact
    cells = {role: cell for role, cell in fact.cells.items() if role not in ("ended", "status")}
    return replace(fact, ended=None, status="active", cells=cells, tags=fact.tags | {"ended_later"})


def _numbered(drafts: Sequence[Fact]) -> Iterable[Fact]:
    """Number by kind in an order that depends on what the facts say, not on ids or on the order of arrival.

    The drafts are numbered in place: nobody else has seen them, and a copy of each would double the chart.
    """
    count: Counter[str] = Counter()
    for fact in sorted(drafts, key=_order):
        letter = LETTERS[fact.kind]
        count[letter] += 1
        object.__setattr__(fact, "id", f"{letter}{count[letter]}")
        yield fact


def _order(fact: Fact) -> tuple[str, float, str, str, str, str, str]:
    when = fact.when
    return (
        fact.kind,
        when.start.timestamp() if when else float("-inf"),
        fact.name,
        str(fact.value),
        fact.status,
        next((c.code for c in fact.codes), ""),
        fact.reference,
    )
