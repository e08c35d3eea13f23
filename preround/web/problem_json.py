"""A failure over HTTP as `application/problem+json` (RFC 9457), an OperationOutcome within it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from claims.canonical import exact_bytes
from preround.failure import outcome, sentence

MEDIA_TYPE = "application/problem+json"
PROBLEM: dict[str, Any] = {
    "description": "What was wrong and what to do, as a problem (RFC 9457) with an OperationOutcome in it.",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "resourceType": {"const": "OperationOutcome"},
                    "issue": {"type": "array", "items": {"type": "object"}},
                },
            }
        }
    },
}
"""How OpenAPI describes it."""


def problem_json(error: Exception, *, status: int) -> Response:
    """One failure: `title` is the status in words, `detail` the sentence; `issue` is what FHIR clients read."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": sentence(error),
        **outcome(error),
    }
    return Response(exact_bytes(body), status_code=status, media_type=MEDIA_TYPE)
