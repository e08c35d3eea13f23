"""One patient's chart as of a moment: numbered facts, and what was left out and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from chart.collector import paused
from chart.extract.attachment import Unreadable
from chart.extract.dispatch import facts_of
from chart.extract.note import NoteText, note_text
from chart.fact import Fact, FactKind
from chart.left_out import LeftOut, left_out, why_not
from chart.library import Library
from chart.moment import years_between, years_on
from chart.numbering import LONG_AGO, Row, numbered
from chart.screen import Screened, screen
from chart.sensitive import SensitiveClass, sensitive_classes


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
    """How many facts policy keeps out of the chart, wholly or in part, and lets a page mention, by class."""

    @classmethod
    def build(
        cls,
        resources: Iterable[Mapping[str, Any]],
        *,
        as_of: datetime,
        sensitive: tuple[SensitiveClass, ...] | None = None,
    ) -> Chart:
        """Read every resource once.

        Args:
            resources: R4 resources of one patient and what they point at, in any order; numbers may be Decimal.
            as_of: aware instant; facts dated after it are left out and counted.
            sensitive: the policy on sensitive data; what it keeps back is in neither facts nor resources. The package's
                own without it: who forgets a site's policy still shows nothing that somebody labelled.

        Raises:
            ValueError: when there is no Patient among the resources.
        """
        with paused():
            return cls._built(Library.of(resources), as_of, sensitive)

    @classmethod
    def _built(cls, read: Library, as_of: datetime, sensitive: tuple[SensitiveClass, ...] | None) -> Chart:
        library = read.resources
        patient = _patient(read)
        classes = sensitive_classes() if sensitive is None else sensitive
        screened = screen(library, classes, age=_age(patient, as_of), marked=read.marked)
        rows: defaultdict[FactKind, list[Row]] = defaultdict(list)
        left: dict[LeftOut, list[str]] = {}
        shown, marked, patients, now = screened.visible, read.marked, read.patients, as_of.timestamp()
        for origin, resource in zip(read.origins(shown), shown.values(), strict=True):
            reference = origin[0]
            if reference in patients:
                continue
            found = facts_of(resource, shown, origin)
            if found and reference not in marked:
                reason = left_out(found[0], now)
            else:
                reason = why_not(resource, found, now, marked=reference in marked)
            if reason is not None:
                left.setdefault(reason, []).append(reference)
                continue
            for fact in found:
                told = fact if fact.ended is None else _as_of(fact, as_of)
                kept, when = rows[told.kind], told.when
                kept.append((LONG_AGO if when is None else when.stamp, told.name, len(kept), told))
        return cls(
            as_of=as_of,
            patient=replace(patient, id="B1"),
            facts=tuple(numbered(rows)),
            resources=shown,
            versions=read.versions,
            masked=_masked(library, screened, as_of),
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


def visible(
    resources: Iterable[Mapping[str, Any]], *, as_of: datetime, sensitive: tuple[SensitiveClass, ...]
) -> Mapping[str, Mapping[str, Any]]:
    """The resources by ``Type/id`` as anybody may see them, for who shows a whole one.

    Raises:
        ValueError: when there is no Patient among the resources.
    """
    read = Library.of(resources)
    return screen(read.resources, sensitive, age=_age(_patient(read), as_of), marked=read.marked).visible


def _patient(read: Library) -> Fact:
    shown = read.resources
    found = [fact for one in read.patients for fact in facts_of(shown[one], shown)]
    if not found:
        raise ValueError("The chart has no Patient resource; read the patient first.")
    return found[-1]


def _masked(library: Mapping[str, Mapping[str, Any]], screened: Screened, as_of: datetime) -> dict[str, int]:
    """By class how many facts are masked; what was not known at ``as_of`` does not count, what is withheld neither."""
    found: Counter[str] = Counter()
    for reference, (action, title) in screened.kept_back.items():
        facts = facts_of(library[reference], library) if action == "mask" else []
        if facts and left_out(facts[0], as_of.timestamp()) is None:
            found[title] += len(facts)
    return dict(found)


def _age(patient: Fact, as_of: datetime) -> int | None:
    born = patient.when
    if born is None or born.day is None:
        return None
    return years_between(born.date, patient.ended.date if patient.ended else as_of.date())


def _as_of(fact: Fact, as_of: datetime) -> Fact:
    """A problem or course that ended after ``as_of`` was still running then: its later end is not yet known."""
    if fact.ended is None or fact.ended.start <= as_of or fact.kind not in ("problem", "care_plan"):
        return fact
    cells = {role: cell for role, cell in fact.cells.items() if role not in ("ended", "status")}
    return replace(fact, ended=None, status="active", cells=cells, tags=fact.tags | {"ended_later"})
