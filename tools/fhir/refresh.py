"""Refreshing a type that was read before: what changed since is read, and a count shows that nothing was deleted."""

from __future__ import annotations

from datetime import datetime, timedelta

from tools.evidence import Evidence, Taken
from tools.fhir.attachments import WITH_ATTACHMENTS
from tools.fhir.client import FhirClient
from tools.fhir.errors import FhirError, FhirUnreachable
from tools.fhir.paging import SearchAnswer
from tools.fhir.scope import PatientScope
from tools.fhir.search_chart import CAP, Asked, evidence_of
from tools.fhir.wire import Resource

WORTH = 100
"""Resources of a type from which two small requests cost less than reading them again."""
OVERLAP = timedelta(minutes=10)
"""So long before the last reading is looked again: what was being written then may have become visible since."""
SKEW = timedelta(seconds=2)
"""A resource written later than the server's clock said at the time: then its clocks do not agree."""


async def refreshed(
    client: FhirClient, scope: PatientScope, asked: Asked, known: Evidence, *, overlap: timedelta = OVERLAP
) -> Evidence | None:
    """The type as a full reading would give it, from what is known and what changed since; `None`: read it in full.

    Let S be what is known and M be S with everything updated since laid over it. Whatever the server holds now was
    either updated since or is in S unchanged, so it is in M; and where the server counts as many as M has, it is M.
    A deletion, or a resource that became somebody else's, makes the count smaller, and the type is read in full.

    Args:
        client: an open client.
        scope: the round's patient.
        asked: the search of the whole type.
        known: an earlier reading of the same.
        overlap: how far back before that reading is looked.

    Raises:
        FhirUnreachable: the server did not answer within the limits.
    """
    taken = known.taken
    capabilities = await client.capabilities()
    kind = asked.resource_type
    listed = "_lastUpdated" in capabilities.of(kind).params  # one that is not listed may be left out in silence
    old = {r["id"]: r for r in known.resources if r.get("resourceType") == kind}
    if taken is None or not listed or not _usable(client, asked, taken, old):
        return None
    since = ("_lastUpdated", f"ge{_instant(datetime.fromisoformat(taken.at) - overlap)}")
    try:
        answer = await client.search(kind, [*asked.params, since], cap=CAP)
        total = await client.count(kind, asked.params[:1])
    except FhirUnreachable:
        raise
    except FhirError:
        return None
    if answer.truncated or answer.problem:
        return None
    new = {r["id"]: r for r in answer.resources if r["resourceType"] == kind}
    merged = {**old, **new}
    if total != len(merged):
        return None
    beside = tuple(r for r in answer.resources if r["resourceType"] != kind)
    whole = SearchAnswer(
        resources=(*merged.values(), *beside), pages=answer.pages, truncated=False, problem=None, at=answer.at
    )
    return await evidence_of(client, scope, asked, whole, note=" (what changed since the last reading)")


def _usable(client: FhirClient, asked: Asked, taken: Taken, old: dict[str, Resource]) -> bool:
    """Whether the earlier reading is of this search, and each of its resources says when it was last updated."""
    if not asked.whole or (taken.server, taken.resource_type) != (client.base_url, asked.resource_type):
        return False
    if len(old) < WORTH:
        return False
    if asked.resource_type in WITH_ATTACHMENTS and any(_has_link(r) for r in old.values()):
        return False  # what a link leads to may change without the resource
    at = datetime.fromisoformat(taken.at)
    return all(
        version_of(r) is not None and (when := updated(r)) is not None and when <= at + SKEW for r in old.values()
    )


def _has_link(resource: Resource) -> bool:
    parts = [c.get("attachment") for c in resource.get("content") or () if isinstance(c, dict)]
    parts += resource.get("presentedForm") or ()
    return any(isinstance(part, dict) and "url" in part for part in parts)


def version_of(resource: Resource) -> str | None:
    """The version that the server gave it, where it keeps any."""
    meta = resource.get("meta")
    found = meta.get("versionId") if isinstance(meta, dict) else None
    return found if isinstance(found, str) and found else None


def updated(resource: Resource) -> datetime | None:
    """When it was last stored, by the server's own clock; None where it does not say."""
    meta = resource.get("meta")
    text = meta.get("lastUpdated") if isinstance(meta, dict) else None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00")) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo else None


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
