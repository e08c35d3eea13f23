"""What was proposed in silence held against what the record shows was done in the days after, without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chart.appraisal import Appraisal, appraise
from graphs.consulting import guideline_outcomes
from preround.doing.chart_reading import Reading, read
from preround.failure import Missing
from preround.wiring import House
from store import artifacts, silence
from store.artifacts import ArtifactPurged
from store.silence import SilentEntry, Verdict

_TEXTS = frozenset({"Composition", "DocumentReference"})
_DONE_IN = frozenset(
    {"ServiceRequest", "MedicationRequest", "Procedure", "Observation", "DiagnosticReport", "Immunization"}
)
_WHEN = ("authoredOn", "performedDateTime", "effectiveDateTime", "occurrenceDateTime", "issued")
_NOT_DONE = frozenset({"entered-in-error", "cancelled", "revoked", "draft", "not-done", "stopped"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """How far a comparison went."""

    settled: int
    """Entries that were held against the record now."""
    young: int
    """Entries whose days are not over yet."""
    unread: int
    """Entries whose chart could not be read in full; they are tried again the next time."""


async def compare(house: House, *, days: int) -> Compared:
    """Say of each silent entry whose days are over whether it was done; cut off, it goes on with the next call.

    Args:
        house: the running program.
        days: so long after the round what was done counts.

    Raises:
        FhirUnreachable: no server; what was settled stays settled.
    """
    db, now = house.services.db, house.services.clock.now()
    with db.read() as connection:
        over = silence.waiting(connection, before=now - timedelta(days=days))
        young = len(silence.waiting(connection)) - len(over)
    settled = unread = 0
    for moment, entries in _together(over):
        found = await _verdicts(house, entries, then=moment + timedelta(days=days))
        for entry, said in zip(entries, found, strict=True):
            if said is None:
                unread += 1
                continue
            with db.write() as connection:
                settled += silence.settle(connection, entry.entry_id, verdict=said[0], found=said[1], now=now)
    return Compared(settled=settled, young=young, unread=unread)


def _together(entries: Sequence[SilentEntry]) -> Iterator[tuple[datetime, list[SilentEntry]]]:
    """Entries of one patient and one clinical now need one reading of the chart."""
    grouped: dict[tuple[str, datetime], list[SilentEntry]] = {}
    for one in entries:
        grouped.setdefault((one.patient, one.as_of), []).append(one)
    yield from ((as_of, of) for (_, as_of), of in grouped.items())


async def _verdicts(
    house: House, entries: Sequence[SilentEntry], *, then: datetime
) -> list[tuple[Verdict, tuple[str, ...]] | None]:
    bodies = [_body(house, one) for one in entries]
    asked = [one for one, body in zip(entries, bodies, strict=True) if body is not None and one.kind not in _TEXTS]
    reading: Reading | None = None
    done: Mapping[str, tuple[str, ...]] = {}
    if asked:
        try:
            reading = await read(house, entries[0].patient.removeprefix("Patient/"), as_of=then)
        except Missing:
            return [("gone", ())] * len(entries)
        if not reading.not_read:
            done = await _done(house, reading)
    return [_verdict(one, body, reading, done) for one, body in zip(entries, bodies, strict=True)]


def _verdict(
    entry: SilentEntry, body: Mapping[str, Any] | None, reading: Reading | None, done: Mapping[str, tuple[str, ...]]
) -> tuple[Verdict, tuple[str, ...]] | None:
    if body is None:
        return "gone", ()
    if entry.kind in _TEXTS:
        return "text", ()
    if reading is None or reading.not_read:
        return None
    address = (entry.guideline or "").partition("|")[0]
    since = entry.as_of.isoformat()
    shown = (*done.get(address, ()), *_same(body.get("stands_for") or body["resource"], reading, since))
    return ("done", tuple(dict.fromkeys(shown))) if shown else ("not_done", ())


async def _done(house: House, reading: Reading) -> Mapping[str, tuple[str, ...]]:
    """By recommendation that the record shows as done: what shows it."""
    appraisal: Appraisal = appraise(reading.chart, site=house.services.site_tables)
    coverage = [one.coverage for one in reading.evidence]
    outcomes = await guideline_outcomes(appraisal, coverage, house.services, ours=False)
    return {
        one.recommendation.canonical: tuple(dict.fromkeys(e.reference for e in one.because)) or ("the record",)
        for one in outcomes
        if one.why == "done"
    }


def _same(proposed: Mapping[str, Any], reading: Reading, since: str) -> Iterator[str]:
    """References of what was ordered, done or measured since, under a code that was proposed."""
    wanted = _codes(proposed)
    for reference, resource in reading.chart.resources.items():
        if resource.get("resourceType") not in _DONE_IN or resource.get("intent") == "proposal":
            continue
        when = next((str(resource[name]) for name in _WHEN if resource.get(name)), "")
        if when[:10] > since[:10] and resource.get("status") not in _NOT_DONE and wanted & _codes(resource):
            yield reference


def _codes(resource: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    concepts = (resource.get(name) for name in ("code", "medicationCodeableConcept", "vaccineCode"))
    return frozenset(
        (str(coding.get("system")), str(coding["code"]))
        for concept in concepts
        if isinstance(concept, dict)
        for coding in concept.get("coding", ())
        if coding.get("code")
    )


def _body(house: House, entry: SilentEntry) -> Mapping[str, Any] | None:
    try:
        with house.services.db.read() as connection:
            found: Mapping[str, Any] = artifacts.get_json(connection, entry.artifact_sha256)
    except ArtifactPurged:
        return None
    return found
