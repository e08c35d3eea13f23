"""What may be put before people at all: its tier, whether it is FHIR, whether it could be written."""

from claims.seal import finished_form
from review.entry import Draft, Resource
from review.errors import ProposalUnusable
from review.policy import Policy
from review.tier import Tiering, tier_of
from review.wellformed import faults
from tools.fhir.errors import WriteForbidden
from tools.fhir.write_policy import WritePolicy


def admitted_tier(resource: Resource, draft: Draft, policy: Policy) -> Tiering:
    """The entry's tier; what stands for an order is not signed more lightly than the order."""
    own = tier_of(resource, labels=draft.labels, medication_class=draft.medication_class, policy=policy)
    if draft.stands_for is None or own.tier is None:
        return own
    meant = tier_of(draft.stands_for, labels=draft.labels, medication_class=draft.medication_class, policy=policy)
    if meant.tier is None:
        return meant
    reasons = (f"it stands for a {draft.stands_for['resourceType']}", *meant.reasons, *own.reasons)
    return Tiering(tier=max(own.tier, meant.tier), reasons=tuple(dict.fromkeys(reasons)))


def check_writable(resource: Resource, draft: Draft, n: int) -> None:
    """What could not be written is not put before anybody to sign.

    Raises:
        ProposalUnusable: it is not FHIR R4, or the write policy does not allow it in the form that signatures give it.
    """
    if wrong := faults(resource):
        raise ProposalUnusable(f"entry {n} is not FHIR R4, {'; '.join(wrong[:3])}")
    if draft.restores is not None:
        return
    finished = finished_form(resource) if "undo" not in draft.labels else resource
    try:
        WritePolicy.own().check(finished, base=draft.base)
    except WriteForbidden as error:
        raise ProposalUnusable(f"entry {n} could not be written, {error}") from None


def check_base(resource: Resource, base: Resource | None, n: int) -> None:
    """What is changed must be the resource that was read, in a version that can be named.

    Raises:
        ProposalUnusable: it is not.
    """
    if base is None:
        return
    if (base.get("resourceType"), base.get("id")) != (resource.get("resourceType"), resource.get("id")):
        raise ProposalUnusable(f"the resource that entry {n} changes has another type or id")
    if not base.get("meta", {}).get("versionId"):
        raise ProposalUnusable(f"the resource that entry {n} changes has no version")
