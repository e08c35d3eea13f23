"""What a chart says is never markup."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from preround.doing import rounds
from preround.settings import Settings
from preround.wiring import open_house
from tests.integration.web.visitor import (
    links,
    markup_of,
    post,
    visiting,
    waiting,
)

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"


async def test_nothing_that_a_chart_says_is_ever_markup(tmp_path: Path) -> None:
    async with open_house(Settings(home=tmp_path)) as house, visiting(house) as web:
        for resource in hostile_chart():
            answer = await web.put(
                f"/fhir/{resource['resourceType']}/{resource['id']}",
                json=resource,
                headers={"content-type": "application/fhir+json"},
            )
            assert answer.status_code == 201, answer.text
        as_of = datetime(2026, 3, 1, tzinfo=UTC)
        await rounds.start(house, patient="evil", tasks=rounds.DEFAULT_TASKS, as_of=as_of)
        item = await waiting(web)
        pages = ["/", f"/items/{item}", f"/items/{item}/entries/1", f"/items/{item}/receipt"]
        pages += links((await web.get(f"/items/{item}")).text, f"/items/{item}/sources/")
        assert len(pages) > 10
        shown = 0
        for path in pages:
            text = (await web.get(path)).text
            assert markup_of(text) <= {"tag", "attribute"}, path
            shown += "&lt;script&gt;" in text
            assert "{{7*7}}" in text or "&lt;script&gt;" not in text
        assert shown > 3
        bad = await post(web, item, choice="reject", code=EVIL, words=EVIL, name=EVIL)
        assert markup_of(bad.text) <= {"tag", "attribute"}


def hostile_chart() -> list[dict[str, Any]]:
    subject = {"reference": "Patient/evil"}
    note = base64.b64encode(f"{EVIL}\nNo known allergies. {EVIL}".encode()).decode()
    return [
        {
            "resourceType": "Patient",
            "id": "evil",
            "name": [{"family": EVIL, "given": [EVIL]}],
            "gender": "female",
            "birthDate": "1950-01-01",
            "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": EVIL}],
        },
        {
            "resourceType": "AllergyIntolerance",
            "id": "a",
            "patient": subject,
            "code": {"text": EVIL},
            "clinicalStatus": {"coding": [{"code": "active"}]},
        },
        {
            "resourceType": "Condition",
            "id": "c",
            "subject": subject,
            "code": {"text": EVIL},
            "clinicalStatus": {"coding": [{"code": "active"}]},
            "onsetDateTime": "2020-01-01",
        },
        {
            "resourceType": "MedicationRequest",
            "id": "m",
            "subject": subject,
            "status": "active",
            "intent": "order",
            "authoredOn": "2026-02-01",
            "medicationCodeableConcept": {"text": EVIL},
        },
        *(
            {
                "resourceType": "Observation",
                "id": f"k{n}",
                "subject": subject,
                "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3", "display": EVIL}], "text": EVIL},
                "effectiveDateTime": f"2026-0{n}-01",
                "valueQuantity": {
                    "value": 4 + n,
                    "unit": EVIL,
                    "code": "mmol/L",
                    "system": "http://unitsofmeasure.org",
                },
            }
            for n in (1, 2)
        ),
        {
            "resourceType": "DocumentReference",
            "id": "n",
            "subject": subject,
            "status": "current",
            "date": "2026-02-01T08:00:00Z",
            "type": {"text": EVIL},
            "content": [{"attachment": {"contentType": "text/plain", "data": note}}],
        },
    ]
