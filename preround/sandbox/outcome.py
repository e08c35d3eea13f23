"""What the sandbox answers when it refuses: one exception and the OperationOutcome made from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["fatal", "error", "warning", "information"]
IssueCode = Literal[
    "conflict",
    "deleted",
    "duplicate",
    "exception",
    "informational",
    "invalid",
    "lock-error",
    "multiple-matches",
    "not-found",
    "not-supported",
    "processing",
    "required",
    "structure",
    "throttled",
    "too-long",
    "value",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """One issue of an OperationOutcome."""

    severity: Severity
    """How bad it is."""
    code: IssueCode
    """FHIR `issue-type` code."""
    text: str
    """One sentence that says what to do; never patient data."""
    expression: str | None = None
    """FHIRPath of the element meant, if any."""


class FhirError(Exception):
    """A request that the sandbox refuses, with the HTTP status and the issues to send back."""

    def __init__(self, status: int, code: IssueCode, text: str, *, issues: Sequence[Issue] = ()) -> None:
        """Keep the answer.

        Args:
            status: HTTP status, 400–599.
            code: FHIR issue type.
            text: one sentence for the caller.
            issues: the issues to send instead of the one made from `code` and `text`.
        """
        super().__init__(text)
        self.status = status
        """HTTP status."""
        self.issues: tuple[Issue, ...] = tuple(issues) or (Issue(severity="error", code=code, text=text),)
        """The issues of the answer."""


def operation_outcome(issues: Sequence[Issue]) -> dict[str, Any]:
    """The OperationOutcome resource that carries these issues."""
    return {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in issues]}


def _issue(issue: Issue) -> dict[str, Any]:
    shown: dict[str, Any] = {"severity": issue.severity, "code": issue.code, "diagnostics": issue.text}
    if issue.expression:
        shown["expression"] = [issue.expression]
    return shown
