"""One patient's raw resources as rows, read without any of the program's own extraction: the truth that answers meet.

Whatever the program reads, names or folds is not used here: plain JSON, dates by their first ten letters, numbers as
they are written. It is the independent side of `preround eval ehrqa` and `eval summary`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from evals.raw_rows import DAY, Resource, Row, allergy, done, medicine, problem, results, visit

UTC = timezone.utc  # noqa: UP017 - nothing but the standard library
_WRONG = frozenset({"entered-in-error", "cancelled"})


@dataclass(frozen=True, kw_only=True, slots=True)
class RawChart:
    """The rows of one patient."""

    patient: Resource
    """The Patient resource."""
    as_of: datetime
    """The midnight after the last thing on record."""
    results: tuple[Row, ...]
    """Observations with a number, and their components."""
    problems: tuple[Row, ...]
    """Conditions."""
    medicines: tuple[Row, ...]
    """Medication orders."""
    taken: tuple[Row, ...]
    """What the patient is said to take."""
    allergies: tuple[Row, ...]
    """Allergies."""
    vaccinations: tuple[Row, ...]
    """Immunizations given."""
    procedures: tuple[Row, ...]
    """Procedures done."""
    visits: tuple[Row, ...]
    """Encounters."""

    @property
    def id(self) -> str:
        """The patient's id."""
        return str(self.patient["id"])


def raw_chart(resources: Iterable[Resource]) -> RawChart | None:
    """Read one patient's resources; `None` where there is no Patient, or more than one."""
    found = list(resources)
    patients = [r for r in found if r.get("resourceType") == "Patient"]
    if len(patients) != 1:
        return None
    medications = {str(r.get("id")): r for r in found if r.get("resourceType") == "Medication"}
    by_type: dict[str, list[Resource]] = {}
    for one in found:
        if not _wrong(one):
            by_type.setdefault(str(one.get("resourceType")), []).append(one)

    def rows(kind: str, make: Any) -> tuple[Row, ...]:  # noqa: ANN401 - a function of a resource
        made = [row for one in by_type.get(kind, ()) for row in make(one)]
        return tuple(sorted(made, key=lambda row: (_instant(row.moment), row.reference)))

    return RawChart(
        patient=patients[0],
        as_of=_after(found),
        results=rows("Observation", results),
        problems=rows("Condition", problem),
        medicines=rows("MedicationRequest", lambda one: medicine(one, medications)),
        taken=rows("MedicationStatement", lambda one: medicine(one, medications)),
        allergies=rows("AllergyIntolerance", allergy),
        vaccinations=rows("Immunization", lambda one: done(one, "vaccineCode", "occurrenceDateTime")),
        procedures=rows("Procedure", lambda one: done(one, "code", "performedDateTime", "performedPeriod")),
        visits=rows("Encounter", visit),
    )


def _wrong(one: Resource) -> bool:
    checked = [c.get("code") for c in (one.get("verificationStatus") or {}).get("coding", ())]
    return one.get("status") in _WRONG or bool({"entered-in-error", "refuted"} & set(checked))


def _instant(moment: str) -> datetime:
    if not DAY.match(moment):
        return datetime(1, 1, 1, tzinfo=UTC)
    found = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _after(found: Iterable[Resource]) -> datetime:
    last = date(1900, 1, 1)
    for one in found:
        for element in (
            "effectiveDateTime",
            "authoredOn",
            "occurrenceDateTime",
            "performedDateTime",
            "recordedDate",
            "issued",
        ):
            if DAY.match(str(one.get(element, ""))):
                last = max(last, date.fromisoformat(str(one[element])[:10]))
        for element in ("period", "performedPeriod", "effectivePeriod"):
            for side in ("start", "end"):
                if DAY.match(str((one.get(element) or {}).get(side, ""))):
                    last = max(last, date.fromisoformat(str(one[element][side])[:10]))
    return datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=2)
