"""Notes of a story, as DocumentReferences that carry their text."""

from base64 import b64encode

from fhir_fixtures.binder import Binder
from fhir_fixtures.vocabulary import vocabulary

_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"


def add_notes(binder: Binder) -> None:
    """Every note."""
    for note in binder.story.notes:
        visit = binder.visit_reference(note.on)
        media = "text/html" if note.format == "html" else "text/plain"
        binder.add(
            "DocumentReference",
            f"note-{note.type}",
            {
                "status": "entered-in-error" if note.status == "entered-in-error" else "current",
                "docStatus": note.status,
                "type": vocabulary().concept(note.type, "notes"),
                "category": [{"coding": [{"system": _CATEGORY, "code": "clinical-note"}]}],
                "subject": binder.patient,
                "date": binder.when(note.on),
                "author": [author] if (author := binder.author(note.by, note.on)) else None,
                "content": [
                    {
                        "attachment": {
                            "contentType": f"{media}; charset=utf-8",
                            "data": b64encode(note.text.encode()).decode(),
                        }
                    }
                ],
                "context": {"encounter": [visit]} if visit else None,
            },
            note.on,
        )
