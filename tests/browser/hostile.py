"""A patient whose chart is full of scripts."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from tests.browser.ward import Patient

VECTORS = (
    "<script>RUN</script>",
    "<ScRiPt >RUN</sCrIpT >",
    "<script/x>RUN</script>",
    "<scr<script>ipt>RUN</scr</script>ipt>",
    "</script><script>RUN</script>",
    "</textarea><script>RUN</script>",
    "</title><script>RUN</script>",
    "</style><script>RUN</script>",
    "</pre></code><script>RUN</script>",
    "--><script>RUN</script><!--",
    "]]><script>RUN</script>",
    "<img src=x onerror=RUN>",
    "<img src=x onerror='RUN'>",
    '"><img src=x onerror=RUN>',
    "'><img src=x onerror=RUN>",
    '" onfocus=RUN autofocus tabindex=1 x="',
    "' onfocus=RUN autofocus tabindex=1 x='",
    '" onmouseover=RUN style=position:fixed;inset:0 x="',
    "<svg onload=RUN>",
    "<svg><script>RUN</script></svg>",
    "<svg><animate onbegin=RUN attributeName=x dur=1s>",
    "<svg><set onbegin=RUN attributeName=x>",
    "<math><mi//xlink:href='data:x,<script>RUN</script>'>",
    "<body onload=RUN>",
    "<details open ontoggle=RUN>",
    "<video><source onerror=RUN></video>",
    "<audio src=x onerror=RUN>",
    "<input autofocus onfocus=RUN>",
    "<select autofocus onfocus=RUN>",
    "<iframe src=javascript:parent.RUN></iframe>",
    "<iframe srcdoc='<script>parent.RUN</script>'></iframe>",
    "<object data=javascript:RUN></object>",
    "<embed src=javascript:RUN>",
    "<a href=javascript:RUN>x</a>",
    "<form action=javascript:RUN><button>x</button></form>",
    "<base href=javascript:RUN//>",
    "<meta http-equiv=refresh content='0;url=javascript:RUN'>",
    "<template><script>RUN</script></template><script>RUN</script>",
    "&lt;script&gt;RUN&lt;/script&gt;<script>RUN</script>",
    "{{constructor.constructor('RUN')()}}<script>RUN</script>",
)
"""Forty ways in; each stands in five places of the chart."""
PLACES = ("name", "problem", "allergy or procedure", "medicine", "note")
FEW = 8
"""So many allergies; they stand on one line."""
PAYLOADS = tuple(
    vector.replace("RUN", f"ran.push({n})") for n, vector in enumerate(vector for _ in PLACES for vector in VECTORS)
)
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"


def chart() -> list[dict[str, Any]]:
    """A payload in each name, code, narrative and note."""
    each = len(VECTORS)
    names, problems, allergies, medicines, notes = (PAYLOADS[i * each : (i + 1) * each] for i in range(5))
    subject = {"reference": "Patient/hostile"}
    active = {"coding": [{"system": CLINICAL, "code": "active"}]}
    found: list[dict[str, Any]] = [
        {
            "resourceType": "Patient",
            "id": "hostile",
            "name": [{"family": names[0], "given": list(names[1:])}],
            "gender": "female",
            "birthDate": "1950-01-01",
            "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": names[11]}],
        }
    ]
    for n in range(each):
        narrative = {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{problems[n]}</div>'}
        code = {"coding": [{"system": f"urn:{n}", "code": str(n), "display": problems[n]}], "text": problems[n]}
        found.append(
            {"resourceType": "Condition", "id": f"c{n}", "subject": subject, "code": code, "clinicalStatus": active}
            | {"onsetDateTime": "2025-01-01", "text": narrative}
        )
        if n < FEW:
            found.append(
                {"resourceType": "AllergyIntolerance", "id": f"a{n}", "patient": subject, "clinicalStatus": active}
                | {"code": {"text": allergies[n]}, "reaction": [{"manifestation": [{"text": allergies[n]}]}]}
            )
        else:
            found.append(
                {"resourceType": "Procedure", "id": f"p{n}", "subject": subject, "status": "completed"}
                | {"code": {"text": allergies[n]}, "performedDateTime": "2026-02-02"}
            )
        found.append(
            {"resourceType": "MedicationRequest", "id": f"m{n}", "subject": subject, "status": "active"}
            | {"intent": "order", "authoredOn": "2026-02-01", "medicationCodeableConcept": {"text": medicines[n]}}
            | {"dosageInstruction": [{"text": medicines[n]}]}
        )
    for n in range(0, each, 8):
        lines = [f"She says {one} and that is all." for one in notes[n : n + 8]]
        html = n % 16 == 8
        # That nothing is known stands against the allergies of the chart: the note is cited.
        text = "<html><body><p>" + "</p>\n<p>".join([*lines, "No known allergies."]) if html else "\n".join(lines)
        data = base64.b64encode(text.encode()).decode()
        attachment = {"contentType": "text/html" if html else "text/plain", "data": data}
        found.append(
            {"resourceType": "DocumentReference", "id": f"n{n}", "subject": subject, "status": "current"}
            | {"date": "2026-02-01T08:00:00Z", "type": {"text": notes[n]}, "content": [{"attachment": attachment}]}
        )
    return found


def hostile() -> Patient:
    """The patient whose chart that is."""
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}} for one in chart()
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    return Patient(patient_id="hostile", bundle=json.dumps(bundle).encode(), as_of=datetime(2026, 3, 1, tzinfo=UTC))
