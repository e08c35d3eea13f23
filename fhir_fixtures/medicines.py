"""Medicines of a story: courses as orders or statements, and single administrations."""

from fhir_fixtures.binder import Binder, Resource
from fhir_fixtures.dose import quantity
from fhir_fixtures.entries import Given, Medication
from fhir_fixtures.vocabulary import vocabulary


def add_medicines(binder: Binder) -> None:
    """Every order, statement and administration."""
    substances = _substances(binder)
    for course in binder.story.medications:
        if course.kind == "statement":
            _add_statement(binder, course, substances)
        else:
            _add_orders(binder, course, substances)
    for given in binder.story.given:
        _add_given(binder, given)


def _substances(binder: Binder) -> dict[str, str]:
    """One Medication resource for each drug that a course names by reference."""
    drugs = sorted({course.drug for course in binder.story.medications if course.shape == "reference"})
    return {
        drug: binder.add("Medication", drug, {"status": "active", "code": vocabulary().concept(drug, "drugs")})
        for drug in drugs
    }


def _add_orders(binder: Binder, course: Medication, substances: dict[str, str]) -> None:
    """One MedicationRequest for the start and one for each renewal, each pointing at the one before it."""
    dates = (course.started, *course.renewed)
    before: str | None = None
    for number, date in enumerate(dates, start=1):
        last = number == len(dates)
        before = binder.add(
            "MedicationRequest",
            f"rx-{course.drug}",
            {
                **_drug(course, substances),
                "status": _status(course) if last else "completed",
                "intent": "order",
                "doNotPerform": True if course.do_not else None,
                "subject": binder.patient,
                "encounter": binder.visit_reference(date),
                "authoredOn": binder.when(date),
                "requester": binder.author(course.by, date),
                "reasonCode": [vocabulary().concept(course.reason, "problems")] if course.reason else None,
                "note": _note(course, last=last),
                "dosageInstruction": _dosage(course),
                "dispenseRequest": None if course.refills is None else {"numberOfRepeatsAllowed": course.refills},
                "priorPrescription": {"reference": before} if before else None,
            },
            date,
        )


def _add_statement(binder: Binder, course: Medication, substances: dict[str, str]) -> None:
    period = {"start": binder.as_written(course.started), "end": binder.as_written(course.stopped)}
    binder.add(
        "MedicationStatement",
        f"taking-{course.drug}",
        {
            **_drug(course, substances),
            "status": _status(course),
            "subject": binder.patient,
            "context": binder.visit_reference(course.started),
            "effectivePeriod": {key: value for key, value in period.items() if value},
            "dateAsserted": binder.as_written(course.started),
            "informationSource": binder.patient,
            "reasonCode": [vocabulary().concept(course.reason, "problems")] if course.reason else None,
            "note": _note(course, last=False),
            "dosage": _dosage(course),
        },
        course.started,
    )


def _add_given(binder: Binder, given: Given) -> None:
    for time in given.times:
        binder.add(
            "MedicationAdministration",
            f"given-{given.drug}",
            {
                "status": given.status,
                "statusReason": [{"text": given.why_not}] if given.why_not else None,
                "medicationCodeableConcept": vocabulary().concept(given.drug, "drugs"),
                "subject": binder.patient,
                "context": binder.visit_reference(time),
                "effectiveDateTime": binder.as_written(time),
                "dosage": {
                    **({"route": vocabulary().concept(given.route, "routes")} if given.route else {}),
                    "dose": quantity(given.dose.number, given.dose.unit),
                },
            },
            time,
        )


def _drug(course: Medication, substances: dict[str, str]) -> Resource:
    """The drug in the shape that the course asks for."""
    if course.shape == "text":
        return {"medicationCodeableConcept": {"text": course.drug}}
    concept = vocabulary().concept(course.drug, "drugs")
    if course.shape == "reference":
        return {"medicationReference": {"reference": substances[course.drug], "display": course.drug}}
    if course.shape == "contained":
        inside = {"resourceType": "Medication", "id": "drug", "code": concept}
        return {"contained": [inside], "medicationReference": {"reference": "#drug"}}
    return {"medicationCodeableConcept": concept}


def _status(course: Medication) -> str:
    return course.status or ("stopped" if course.stopped else "active")


def _note(course: Medication, *, last: bool) -> list[Resource] | None:
    """The course's note, and when it was stopped: R4 has no stop date on an order."""
    words = [course.note] if course.note else []
    if last and course.stopped:
        words.append(f"Stopped {course.stopped}.")
    return [{"text": " ".join(words)}] if words else None


def _dosage(course: Medication) -> list[Resource] | None:
    if course.sig is not None:
        return [{"text": course.sig}]
    dosage: Resource = {}
    if course.timing is not None:
        times, per, unit = vocabulary().timings[course.timing]
        dosage["timing"] = {
            "repeat": {"frequency": times, "period": per, "periodUnit": unit},
            "code": {"text": course.timing},
        }
    if course.as_needed:
        dosage["asNeededBoolean"] = True
    if course.route is not None:
        dosage["route"] = vocabulary().concept(course.route, "routes")
    if course.dose is not None:
        dosage["doseAndRate"] = [{"doseQuantity": quantity(course.dose.number, course.dose.unit)}]
    return [dosage] if dosage else None
