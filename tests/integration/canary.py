"""Invented patients who are looked for afterwards: their names, ids and note words, and servers and models that fail.

Every word that is theirs begins with the same letters, which nothing else has, so that one search finds any of it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.types import Receive, Scope, Send

from agents.models.asking import Asker
from agents.models.scripted import ScriptedChat
from agents.offline.reasoner import OfflineReasoner
from agents.reasoner import Material
from agents.worded.answers import MoreForm
from claims.claim import Draft, Task
from tools.fhir.transport import in_process
from tools.observer import Observer

MARK = "zqx"
THEIRS = re.compile(rb"zqx[0-9a-z]+", re.IGNORECASE)
PATH = re.compile(r"Patient/(zqxid\d+)")
BASE = "http://ehr.invalid/fhir"
KINDS = 8
"""Ways of the server and the model to behave."""
NOW: ContextVar[int] = ContextVar("patient", default=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Canary:
    """One of them."""

    n: int
    """Its number, which says what goes wrong with it."""

    @property
    def id(self) -> str:
        return f"{MARK}id{self.n}"

    @property
    def name(self) -> str:
        return f"Zqxfamily{self.n}"

    @property
    def note(self) -> str:
        return f"Zqxword{self.n} says that zqxother{self.n} came along."

    def chart(self) -> list[dict[str, Any]]:
        """The chart: who it is, a problem, a laboratory value, a note."""
        me = {"reference": f"Patient/{self.id}"}
        coded = {"coding": [{"system": "http://snomed.info/sct", "code": "44054006", "display": f"Zqxdisplay{self.n}"}]}
        loinc = {"coding": [{"system": "http://loinc.org", "code": "4548-4", "display": "HbA1c"}]}
        text = {"contentType": "text/plain", "data": base64.b64encode(self.note.encode()).decode()}
        lab = [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
        ]
        return [
            {
                "resourceType": "Patient",
                "id": self.id,
                "name": [{"family": self.name, "given": [f"Zqxgiven{self.n}"]}],
                "identifier": [{"system": "urn:mrn", "value": f"{MARK}mrn{self.n}"}],
                "birthDate": "1960-04-01",
                "gender": "female",
            },
            {"resourceType": "Condition", "id": f"{MARK}c{self.n}", "subject": me, "code": coded},
            {
                "resourceType": "Observation",
                "id": f"{MARK}o{self.n}",
                "status": "final",
                "category": lab,
                "subject": me,
                "code": loinc,
                "effectiveDateTime": "2026-01-02",
                "valueQuantity": {"value": 9.1, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
            },
            {
                "resourceType": "DocumentReference",
                "id": f"{MARK}d{self.n}",
                "status": "current",
                "subject": me,
                "date": "2026-01-03T10:00:00Z",
                "content": [{"attachment": text}],
            },
        ]


def _outcome(one: Canary, url: str) -> bytes:
    said = f"Row of {one.name}, {one.note} at {url} failed"
    issue = {"severity": "error", "code": "exception", "details": {"text": said}, "diagnostics": said}
    return json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()


def _answer(one: Canary, url: str) -> tuple[int, bytes]:
    """What the server answers, which fails for most of them, and repeats what it should not."""
    whole = [{"resource": r, "search": {"mode": "match"}} for r in one.chart()]
    if urlsplit(url).path.endswith(one.id):
        return 200, json.dumps(one.chart()[0]).encode()
    refused = {"severity": "error", "code": "forbidden", "diagnostics": f"GET {url} for {one.id} is not allowed"}
    match one.n % KINDS:
        case 1:
            return 500, _outcome(one, url)
        case 2:
            return 500, f"<html><h1>{one.name}</h1>{one.note}</html>".encode()
        case 3:
            return 200, f'{{"resourceType": "Bundle", "{one.name}'.encode()
        case 4:
            return 403, json.dumps({"resourceType": "OperationOutcome", "issue": [refused]}).encode()
    return 200, json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": whole}).encode()


async def server(scope: Scope, receive: Receive, send: Send) -> None:
    """A FHIR server of theirs."""
    url = f"{scope['path']}?{scope['query_string'].decode()}"
    if scope["path"].endswith("/metadata"):
        operations = [
            {"name": "everything", "definition": "http://hl7.org/fhir/OperationDefinition/Patient-everything"}
        ]
        kinds = (
            *("Patient", "Condition", "Observation", "DocumentReference", "AllergyIntolerance", "MedicationRequest"),
            *("Encounter", "Procedure", "Immunization", "DiagnosticReport", "MedicationStatement", "Goal"),
        )
        offered = [
            {
                "type": kind,
                "interaction": [{"code": "read"}, {"code": "search-type"}],
                "searchParam": [{"name": "patient", "type": "reference"}],
                **({"operation": operations} if kind == "Patient" else {}),
            }
            for kind in kinds
        ]
        rest = [{"mode": "server", "resource": offered}]
        status, body = (
            200,
            json.dumps({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": rest}).encode(),
        )
    else:
        status, body = _answer(Canary(n=NOW.get()), url)
    headers = [(b"content-type", b"application/fhir+json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Wire(httpx.AsyncBaseTransport):
    """Carries requests to that server, and breaks for some patients in words that name them."""

    def __init__(self) -> None:
        self._inner = in_process(server)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        one = Canary(n=NOW.get())
        if one.n % KINDS == 5 and not request.url.path.endswith((one.id, "metadata")):
            raise httpx.ReadError(f"{request.url} of {one.name}", request=request)
        return await self._inner.handle_async_request(request)


class Unsteady(OfflineReasoner):
    """Words drafts by rule; for some patients it fails in their words, or a model does."""

    def __init__(self, words: Mapping[int, type[Exception]] | None = None) -> None:
        super().__init__()
        self.observer: Observer | None = None
        self.words = {6: ValueError} if words is None else words
        """The failures of the reasoner itself, by kind of patient."""

    async def draft(self, task: Task, material: Material) -> Draft:
        one = Canary(n=NOW.get())
        if (failure := self.words.get(one.n % KINDS)) is not None:
            raise failure(f"{one.name}: {one.note}")
        if one.n % KINDS == 7 and self.observer is not None:
            chat = ScriptedChat(lines=[f"{one.note} {{", f'{{"calls": "{one.name}"}}'])
            asker = Asker(chat, observer=self.observer, named=("scripted", "scripted"))
            await asker.ask(f"What of {one.name}? {one.note}", MoreForm)
        return await super().draft(task, material)
