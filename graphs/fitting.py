"""Fitting: what is proposed is made to fit the server before anybody signs, and what can't be proposed is left out.

A type that the server says it does not take is replaced by one that stands for it; a Provenance or a Device that it
does not take is kept here. Then the server's own `$validate` is asked about the form that would be written. All of it
is part of the entry, so that people sign exactly the bytes that go there and have read what was said of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from claims.author import Author
from claims.degrade import ladder, stand_in
from claims.seal import Part, Signature, seal
from graphs.services import Services
from review.entry import Validation
from review.errors import NeverProposed, ProposalUnusable
from review.proposal import Draft, propose
from store.runs import Run
from tools.fhir.capabilities import Capabilities
from tools.fhir.errors import FhirError
from tools.fhir.wire import Resource

_BESIDE: tuple[tuple[Part, str], ...] = (("device", "Device"), ("provenance", "Provenance"))
_NOTHING = "the server found nothing wrong"
_UNSIGNED = "(the signer)"


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A draft that can't be proposed."""

    draft: Draft
    """The draft."""
    why: str
    """Why, in a sentence."""


async def fitted(services: Services, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts in the types that the server takes.

    Raises:
        FhirUnreachable: no server.
    """
    capabilities = await services.client.capabilities()
    keeps = tuple(part for part, kind in _BESIDE if not capabilities.offers_write(kind))
    return [replace(_fitted(draft, capabilities), keeps=_all(draft.keeps, keeps)) for draft in drafts]


def lowered(draft: Draft, *, refused: Collection[str], capabilities: Capabilities) -> Draft | None:
    """The draft as the next type that may stand for it; `None` where there is none left.

    Args:
        draft: what was meant, or what stood for it already.
        refused: types that the server has refused.
        capabilities: what it says that it takes.
    """
    meant = draft.stands_for or draft.resource
    for kind in ladder(str(meant["resourceType"])):
        if kind in refused or not capabilities.offers_write(kind):
            continue
        with suppress(ValueError):  # where its words cannot be read, it is written as it is or not at all
            return replace(draft, resource=stand_in(meant, kind, title=draft.title), stands_for=meant)
    return None


async def validated(services: Services, drafts: Sequence[Draft], author: Author) -> list[Draft]:
    """The drafts with what the server's own validation says of the form that would be written."""
    said = await asyncio.gather(*(validation_of(services, draft, author) for draft in drafts))
    return [one.on(draft) for one, draft in zip(said, drafts, strict=True)]


async def validation_of(services: Services, draft: Draft, author: Author) -> Validation:
    """What the server's own validation says of one draft; that it could not say is said too."""
    kind = str(draft.resource["resourceType"])
    try:
        if "validate" not in (await services.client.capabilities()).of(kind).operations:
            return Validation()
        found = await services.client.validate(_preview(draft, author, services.clock.now()))
    except FhirError as error:
        return Validation(findings=(f"The server could not validate it: {error}",))
    grave = any(one.severity in ("error", "fatal") for one in found)
    return Validation(findings=tuple(str(one) for one in found) or (_NOTHING,), errors=grave)


def proposable(
    drafts: Sequence[Draft], run: Run, author: Author, services: Services
) -> tuple[list[Draft], list[LeftOut]]:
    """The drafts that may be proposed, and those that the policies forbid or that are not FHIR."""
    found: list[Draft] = []
    left: list[LeftOut] = []
    for draft in drafts:
        try:
            propose(
                run_id=run.run_id,
                patient=run.patient,
                as_of=run.as_of,
                revision=1,
                author=author,
                drafts=[draft],
                based_on=(),
                policy=services.policy,
            )
        except (NeverProposed, ProposalUnusable) as error:
            left.append(LeftOut(draft=draft, why=str(error)))
        else:
            found.append(draft)
    return found, left


def _fitted(draft: Draft, capabilities: Capabilities) -> Draft:
    # A change is made to the resource that stands there, in its own type or not at all.
    if draft.base is not None or capabilities.offers_write(str(draft.resource["resourceType"])):
        return draft
    return lowered(draft, refused=(), capabilities=capabilities) or draft


def _preview(draft: Draft, author: Author, now: datetime) -> Resource:
    signer = Signature(who=_UNSIGNED, role="reviewer", when=now)
    resource = draft.resource if draft.resource.get("id") else {**draft.resource, "id": "proposed"}
    return seal(
        entry_resource=resource,
        sources=(),
        author=author,
        signatures=[signer],
        recorded=now,
        provenance_id="proposed",
        takes_back="NULLIFY" if "undo" in draft.labels else None,
        keeps=draft.keeps,
    ).target


def _all(one: Sequence[Part], other: Sequence[Part]) -> tuple[Part, ...]:
    return tuple(dict.fromkeys((*one, *other)))
