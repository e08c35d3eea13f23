"""Following references out of what was read, within a budget: what orders, results and notes point at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from tools.fhir.client import FhirClient
from tools.fhir.errors import FhirError, FhirUnreachable
from tools.fhir.query import is_id
from tools.fhir.scope import PatientScope
from tools.fhir.stored import references
from tools.fhir.wire import Resource

FOLLOWED = ("Medication", "Encounter", "Practitioner", "PractitionerRole", "Organization", "Location")
"""What may be followed to; the order in which a budget is spent."""
AT_ONCE = 50
"""Ids in one `_id` search; more make an address that some servers cut."""


Group = tuple[str, ...] | str
"""Ids to ask for together, or one condition."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """Where the references led."""

    found: tuple[Resource, ...]
    """What they point at and that was not there."""
    lost: tuple[str, ...]
    """Types of the references that led nowhere: not on the server, not this patient's, or past the budget."""


async def follow(
    client: FhirClient,
    scope: PatientScope,
    resources: Sequence[Resource],
    *,
    types: Iterable[str] = FOLLOWED,
    requests: int,
) -> Followed:
    """Read what the resources point at and what is not among them.

    Relative references, absolute ones under the server's base, and conditional ones (`Practitioner?identifier=…`) that
    fit exactly one resource are followed; contained resources are in place already; other servers are not asked.

    Args:
        client: an open client.
        scope: the round's patient; what belongs to anybody else is refused.
        resources: as read.
        types: what to follow to.
        requests: the most requests spent.

    Raises:
        FhirUnreachable: the server did not answer within the limits.
    """
    here = {f"{r.get('resourceType')}/{r.get('id')}" for r in resources}
    found: list[Resource] = []
    lost: list[str] = []
    left = requests
    for kind in types:
        ids, conditions = _wanted(resources, client.base_url, kind)
        missing = sorted(ids - {name.partition("/")[2] for name in here if name.startswith(f"{kind}/")})
        groups: list[Group] = [*_groups(missing, AT_ONCE if await _searchable(client, kind) else 1), *conditions]
        for group in groups:
            asked = 1 if isinstance(group, str) else len(group)
            got = await _one(client, scope, kind, group) if left > 0 else ()
            left -= 1
            found += got
            lost += [kind] * (asked - len(got))
    return Followed(found=tuple(found), lost=tuple(lost))


async def _searchable(client: FhirClient, kind: str) -> bool:
    capabilities = await client.capabilities()
    return capabilities.offers_search(kind) and capabilities.offers_param(kind, "_id")


def _groups(ids: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(ids), size):
        yield tuple(ids[start : start + size])


async def _one(client: FhirClient, scope: PatientScope, kind: str, asked: Group) -> tuple[Resource, ...]:
    """What one request brings of what was asked for; nothing where it fails."""
    try:
        if isinstance(asked, str):
            answer = await client.search(kind, [*parse_qsl(asked), ("_count", "2")], cap=2)
            fits = [r for r in answer.resources if r["resourceType"] == kind]
            found = fits if len(fits) == 1 else []
        elif await _searchable(client, kind):
            params = [("_id", ",".join(asked)), ("_count", str(len(asked)))]
            answer = await client.search(kind, params, cap=len(asked))
            found = [r for r in answer.resources if r["resourceType"] == kind and r["id"] in asked]
        else:
            found = [await client.read(kind, asked[0])]
    except FhirUnreachable:
        raise
    except FhirError:
        return ()
    return tuple(r for r in found if scope.admits(r))


def _wanted(resources: Iterable[Resource], base_url: str, kind: str) -> tuple[set[str], list[str]]:
    """Ids and conditions of the references to one type."""
    ids: set[str] = set()
    conditions: set[str] = set()
    for resource in resources:
        for text in references(resource):
            text = text.removeprefix(f"{base_url}/")
            if text.startswith(f"{kind}?"):
                conditions.add(text.partition("?")[2])
                continue
            parts = text.split("/")
            if parts[0] == kind and (len(parts) == 2 or parts[2:3] == ["_history"]) and is_id(parts[1]):
                ids.add(parts[1])
    return ids, sorted(c for c in conditions if c)
