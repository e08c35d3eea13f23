"""What was done and planned in a story: immunizations, procedures, orders and care plans."""

from fhir_fixtures.binder import Binder
from fhir_fixtures.vocabulary import vocabulary


def add_care(binder: Binder) -> None:
    """Every Immunization, Procedure, ServiceRequest and CarePlan."""
    _add_immunizations(binder)
    _add_procedures(binder)
    _add_orders(binder)
    _add_plans(binder)


def _add_immunizations(binder: Binder) -> None:
    for entry in binder.story.immunizations:
        for date in entry.on:
            binder.add(
                "Immunization",
                f"vaccine-{entry.vaccine}",
                {
                    "status": entry.status,
                    "statusReason": {"text": entry.why_not} if entry.why_not else None,
                    "vaccineCode": vocabulary().concept(entry.vaccine, "vaccines"),
                    "patient": binder.patient,
                    "encounter": binder.visit_reference(date),
                    "occurrenceDateTime": binder.when(date),
                },
                date,
            )


def _add_procedures(binder: Binder) -> None:
    for entry in binder.story.procedures:
        author = binder.author(entry.by, entry.on)
        binder.add(
            "Procedure",
            f"procedure-{entry.name}",
            {
                "status": entry.status,
                "code": vocabulary().concept(entry.name, "procedures"),
                "subject": binder.patient,
                "encounter": binder.visit_reference(entry.on),
                "performedDateTime": binder.when(entry.on),
                "performer": [{"actor": author}] if author else None,
                "outcome": {"text": entry.outcome} if entry.outcome else None,
            },
            entry.on,
        )


def _add_orders(binder: Binder) -> None:
    for entry in binder.story.orders:
        binder.add(
            "ServiceRequest",
            f"order-{entry.name}",
            {
                "status": entry.status,
                "intent": "order",
                "doNotPerform": True if entry.do_not else None,
                "code": vocabulary().concept(entry.name, "procedures"),
                "subject": binder.patient,
                "encounter": binder.visit_reference(entry.on),
                "authoredOn": binder.when(entry.on),
                "requester": binder.author(entry.by, entry.on),
                "note": [{"text": entry.note}] if entry.note else None,
            },
            entry.on,
        )


def _add_plans(binder: Binder) -> None:
    for entry in binder.story.care_plans:
        period = {"start": binder.as_written(entry.started), "end": binder.as_written(entry.ended)}
        activities = [{"detail": {"status": "in-progress", "description": activity}} for activity in entry.activities]
        binder.add(
            "CarePlan",
            f"plan-{entry.title}",
            {
                "status": entry.status,
                "intent": "plan",
                "title": entry.title,
                "subject": binder.patient,
                "period": {key: value for key, value in period.items() if value},
                "author": binder.author(entry.by, entry.started),
                "activity": activities or None,
            },
            entry.started,
        )
