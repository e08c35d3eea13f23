"""What a server says in an OperationOutcome, made fit to show: short, one line, without the ids that were asked for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from tools.fhir import wire
from tools.fhir.errors import FhirGarbled, FhirGone, FhirNotFound, FhirRefused

_LONGEST = 300
_MOST = 12
_NOT_IMPLEMENTED = 501
Severity = Literal["fatal", "error", "warning"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that a server's validation has to say."""

    severity: Severity
    """How grave the server takes it to be."""
    text: str
    """Its own words, without the ids that were asked for."""

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.severity}: {self.text}"


def text_of(body: wire.Json, hidden: Iterable[str] = ()) -> str:
    """The issues' own words, at most 300 characters; every string in `hidden` reads `…`."""
    issues = body.get("issue") if isinstance(body, dict) else None
    said = [_issue_text(issue) for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []
    words = "; ".join(part for part in said if part)
    for secret in sorted({s for s in hidden if s}, key=len, reverse=True):
        words = re.sub(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])", "…", words)
    words = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def findings(body: wire.Json, hidden: Iterable[str] = ()) -> tuple[Finding, ...]:
    """The issues of an OperationOutcome, the gravest first; what is only information is left out."""
    issues = body.get("issue") if isinstance(body, dict) else None
    listed = [i for i in issues if isinstance(i, dict)] if isinstance(issues, list) else []
    hidden = tuple(hidden)
    found = [
        Finding(severity=severity, text=text_of({"issue": [issue]}, hidden))
        for severity in get_args(Severity)
        for issue in listed
        if issue.get("severity") == severity
    ]
    return tuple(found[:_MOST])


def is_failure(outcome: wire.Json) -> bool:
    """True where an OperationOutcome holds an issue of severity error or fatal."""
    issues = outcome.get("issue") if isinstance(outcome, dict) else None
    listed = issues if isinstance(issues, list) else []
    return any(isinstance(i, dict) and i.get("severity") in {"error", "fatal"} for i in listed)


def body_of(body: bytes) -> wire.Resource:
    """The JSON object of an answer.

    Raises:
        FhirGarbled: a web page, half an answer, or anything else that is no FHIR JSON object.
    """
    try:
        value = wire.parse(body)
    except ValueError:
        if body.lstrip()[:1] == b"<":
            msg = "The server answered with a web page or XML instead of FHIR JSON: check the FHIR base URL."
            raise FhirGarbled(msg) from None
        msg = "The server's answer is broken or incomplete JSON: try again, and look at the server if it stays so."
        raise FhirGarbled(msg) from None
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise FhirGarbled
    return value


def refuse(status: int, body: bytes, hidden: Iterable[str] = ()) -> None:
    """Raise what a status means; say nothing for 2xx.

    Raises:
        FhirNotFound: 404; `FhirGone` for 410.
        FhirRefused: any other status that is not 2xx, with the server's own words.
        FhirGarbled: a redirect or another status that has no place here.
    """
    if 200 <= status < 300:
        return
    if status == 404:
        raise FhirNotFound
    if status == 410:
        raise FhirGone
    if status < 400:
        raise FhirGarbled
    raise FhirRefused(refusal(status, body, hidden), status=status)


def refusal(status: int, body: bytes, hidden: Iterable[str] = ()) -> str:
    """One sentence: the status, the server's words where it gave any, and what to do."""
    try:
        # What a server says when it fails itself is its crash, which may quote whatever it was at.
        words = text_of(wire.parse(body), hidden) if status < 500 or status == _NOT_IMPLEMENTED else ""
    except ValueError:
        words = ""
    said = f": {words.rstrip('.')}" if words else ""
    todo = (
        "check the credentials and their scopes"
        if status in {401, 403}
        else "change the request or ask the server's keeper"
    )
    return f"The FHIR server refused the request ({status}){said}; {todo}."


def _issue_text(issue: wire.Resource) -> str:
    details = issue.get("details")
    text = details.get("text") if isinstance(details, dict) else None
    words = text or issue.get("diagnostics") or issue.get("code") or ""
    return words if isinstance(words, str) else ""
