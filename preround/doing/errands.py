"""Short instructions carried out: a patient found, a question answered in a round, a draft put up for its signature."""

from __future__ import annotations

from typing import Any

from agents.offline.errands import Errand, NotUnderstood, pressure
from chart.spelling import spelled
from claims.instructed import blood_pressure, referral
from graphs.prepared import Prepared, PreparedEntry
from preround.doing import rounds
from preround.failure import Missing
from preround.wiring import House
from review.policy import Label
from store.runs import Run

TASK = "instruction"
_MOST = 200
"""Patients of one birth date that are looked through."""


async def found(house: House, errand: Errand) -> list[dict[str, Any]]:
    """The patients with these names and this date of birth.

    Raises:
        FhirError: the server could not be asked.
    """
    born = errand.born.isoformat() if errand.born else ""
    answer = await house.services.client.search("Patient", [("birthdate", born), ("_count", "100")], cap=_MOST)
    wanted = sorted(word for part in errand.name for word in spelled(part))
    return [p for p in answer.resources if p["resourceType"] == "Patient" and wanted in _names(p)]


def _names(patient: dict[str, Any]) -> list[list[str]]:
    """Each name as sorted words: with all given names, and with the first alone."""
    found: list[list[str]] = []
    for name in patient.get("name", ()):
        given, family = [str(g) for g in name.get("given", ())], str(name.get("family", ""))
        found.extend(sorted(spelled(" ".join((*part, family)))) for part in (given, given[:1]))
    return found


def record_number(patient: dict[str, Any]) -> str | None:
    """A patient's medical record number, or the only number that it has."""
    rows = [i for i in patient.get("identifier", ()) if i.get("value")]
    typed = [i for i in rows if "MR" in {c.get("code") for c in (i.get("type") or {}).get("coding", ())}]
    chosen = typed or (rows if len(rows) == 1 else [])
    return str(chosen[0]["value"]) if chosen else None


async def patient_of(house: House, errand: Errand) -> str:
    """The id of the one patient with the errand's record number.

    Raises:
        Missing: nobody has it, or several have.
    """
    number = errand.number or ""
    answer = await house.services.client.search("Patient", [("identifier", number), ("_count", "2")], cap=2)
    ids = [str(p["id"]) for p in answer.resources if p["resourceType"] == "Patient"]
    if len(ids) != 1:
        raise Missing(f"{len(ids) or 'No'} patients have that record number; correct it")
    return ids[0]


async def answered(house: House, errand: Errand) -> dict[str, Any]:
    """The round that answers the errand's question, as `run --json` gives it."""
    run = await rounds.start(
        house,
        patient=await patient_of(house, errand),
        tasks=("question",),
        as_of=errand.now or house.services.clock.now(),
        question=errand.question,
    )
    return rounds.result(house, run.run_id)


async def proposed(house: House, errand: Errand, *, priority: str | None = None) -> Run:
    """A prepared round with the draft that the errand asks for; it waits for its signature.

    Args:
        house: the running program.
        errand: to record or to refer.
        priority: of a referral, where it is known.

    Raises:
        NotUnderstood: the value cannot be read.
    """
    patient = f"Patient/{await patient_of(house, errand)}"
    title, draft = _draft(errand, patient, priority)
    said: tuple[Label, ...] = ("said-measurement",) if draft["resourceType"] == "Observation" else ()
    prepared = Prepared(
        patient=patient,
        task=TASK,
        prepared_by="an instruction",
        entries=(PreparedEntry(title=title, resource=draft, labels=said),),
        page=(f"Asked for: {errand.question}"[:400],),
    )
    return await rounds.open_prepared(house, prepared, as_of=errand.now)


def _draft(errand: Errand, patient: str, priority: str | None) -> tuple[str, dict[str, Any]]:
    when = errand.now
    if errand.code is None or when is None:
        raise NotUnderstood("What is written needs a code and a time; give both in the context.")
    if errand.kind == "refer":
        draft = referral(
            patient=patient,
            system=errand.code.system,
            code=errand.code.code,
            service=errand.code.what,
            text=errand.text,
            when=when,
            priority=priority,
        )
        return f"Referral: {errand.code.what}"[:200], draft
    numbers = pressure(errand.value)
    if numbers is None:
        raise NotUnderstood("The value cannot be read; give a blood pressure like 118/77 mmHg.")
    upper, lower = numbers
    draft = blood_pressure(
        patient=patient, said=errand.value, systolic=upper, diastolic=lower, when=when, flowsheet=errand.code.code
    )
    return f"Blood pressure {errand.value}", draft
