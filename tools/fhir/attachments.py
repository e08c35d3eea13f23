"""Attachments by link: their content is brought into the resource, within a budget, and from this server alone."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tools.fhir import wire
from tools.fhir.client import FhirClient
from tools.fhir.connection import Answer
from tools.fhir.errors import FhirError, FhirGarbled, FhirTooLarge, FhirUnreachable, OtherOrigin
from tools.fhir.scope import PatientScope
from tools.fhir.wire import Json, Resource

WITH_ATTACHMENTS = frozenset({"DocumentReference", "DiagnosticReport"})
_TEXTS = ("text/", *(f"application/{kind}" for kind in ("xml", "xhtml", "rtf", "pdf", "octet-stream", "hl7", "gzip")))
"""Kinds of content that can hold a note; pictures and sounds are not fetched."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AttachmentBudget:
    """How much may be spent on attachments of one type in one round."""

    requests: int = 24
    """Attachments fetched, the newest resources first."""
    bytes_each: int = 12 * 1024 * 1024
    """Of one attachment."""
    bytes_together: int = 24 * 1024 * 1024
    """Of all of them."""


async def attachment_bytes(
    client: FhirClient, scope: PatientScope, attachment: Resource, *, most: int
) -> tuple[bytes, str]:
    """What an attachment holds or points at on this server, and its media type; empty where neither is said.

    Args:
        client: an open client.
        scope: the round's patient; content that says it is another patient's is refused.
        attachment: with `data` or `url`.
        most: bytes; more is not read to its end.

    Raises:
        OtherOrigin: the link leads elsewhere; nothing was asked.
        WrongPatient: a Binary whose security context is another patient's.
        FhirTooLarge: it has more bytes than `most`.
        FhirNotFound, FhirRefused, FhirGarbled, FhirUnreachable: the server did not give it.
    """
    found: dict[str, Any] = dict(attachment)
    if not found.get("data") and isinstance(found.get("url"), str):
        said = str(found.get("contentType") or "")
        found = {"contentType": said} | _content(await client.fetch(found["url"], most=most), scope)
    data = found.get("data")
    try:
        body = base64.b64decode(data, validate=False) if isinstance(data, str) else b""
    except ValueError:
        raise FhirGarbled from None
    if len(body) > most:
        raise FhirTooLarge
    return body, str(found.get("contentType") or "")


async def with_attachments(
    client: FhirClient, scope: PatientScope, resources: Sequence[Resource], *, budget: AttachmentBudget | None = None
) -> tuple[tuple[Resource, ...], str | None]:
    """The resources, those that only point at a note's content with it as `data`; and a sentence on what did not come.

    Args:
        client: an open client.
        scope: the round's patient; content that says it is another patient's is refused.
        resources: as read; they are not changed.
        budget: None for the usual one.

    Raises:
        FhirUnreachable: the server did not answer within the limits.
    """
    budget = budget or AttachmentBudget()
    left = budget.bytes_together
    filled: dict[int, Resource] = {}
    reasons: list[str] = []
    wanted = [(n, path) for n in _newest_first(resources) for path in _links(resources[n])]
    for n, path in wanted[: budget.requests]:
        resource = filled.setdefault(n, deepcopy(resources[n]))
        attachment = _at(resource, path)
        try:
            answer = await client.fetch(attachment["url"], most=min(budget.bytes_each, left))
            left -= len(answer.body)
            attachment |= _content(answer, scope)
        except FhirUnreachable:
            raise
        except FhirError as error:
            reasons.append(_why(error))
    reasons += ["there were too many of them"] * len(wanted[budget.requests :])
    found = tuple(filled.get(n, resource) for n, resource in enumerate(resources))
    return found, _said(reasons)


def _said(reasons: Sequence[str]) -> str | None:
    if not reasons:
        return None
    many = "attachment was" if len(reasons) == 1 else "attachments were"
    return f"{len(reasons)} {many} not read: {'; '.join(dict.fromkeys(reasons))}."


def _why(error: FhirError) -> str:
    if isinstance(error, OtherOrigin):
        return "its link leads to another server, where nothing was asked"
    if isinstance(error, FhirTooLarge):
        return "it is too large"
    return "the server did not give it"


def _newest_first(resources: Sequence[Resource]) -> list[int]:
    def when(n: int) -> str:
        said = (resources[n].get(name) for name in ("date", "effectiveDateTime", "issued"))
        return next((text[:10] for text in said if isinstance(text, str)), "")

    own = [n for n, r in enumerate(resources) if r.get("resourceType") in WITH_ATTACHMENTS]
    return sorted(own, key=when, reverse=True)


def _links(resource: Resource) -> Iterator[tuple[str, int]]:
    """Where the attachments stand that have a link and no content."""
    for field in ("content", "presentedForm"):
        listed = resource.get(field)
        for index in range(len(listed) if isinstance(listed, list) else 0):
            attachment = _at(resource, (field, index))
            kind = attachment.get("contentType", "")
            if not isinstance(attachment.get("url"), str) or attachment.get("data"):
                continue
            if not kind or (isinstance(kind, str) and kind.lower().startswith(_TEXTS)):
                yield field, index


def _at(resource: Resource, path: tuple[str, int]) -> dict[str, Any]:
    field, index = path
    found: Json = resource[field][index]
    if field == "content":
        found = found.get("attachment") if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _content(answer: Answer, scope: PatientScope) -> dict[str, str]:
    """`data` and `contentType` of what came: a Binary resource, or the content itself.

    Raises:
        FhirGarbled: a Binary without content.
        WrongPatient: a Binary whose security context is another patient's.
    """
    kind = answer.headers.get("content-type", "")
    if "json" in kind:
        try:
            found = wire.parse(answer.body)
        except ValueError:
            found = None
        if isinstance(found, dict) and found.get("resourceType") == "Binary":
            data = found.get("data")
            if not isinstance(data, str):
                raise FhirGarbled
            scope.admit_binary(found)
            declared = found.get("contentType")
            return {"data": data, "contentType": declared if isinstance(declared, str) else ""}
    return {"data": base64.b64encode(answer.body).decode("ascii"), "contentType": kind}
