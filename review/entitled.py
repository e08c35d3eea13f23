"""Whether a person may decide what they ask to: by the policy's roles, beside the signatures that are there."""

from collections.abc import Sequence

from review.call import Call
from review.correction import by_form
from review.decision import Decision
from review.errors import AlreadyDecided, DifferentEntries, NotAllowed
from review.item import Item, Tier
from review.policy import Attestation


def check_person(item: Item, before: Sequence[Decision], call: Call, wanted: int) -> None:
    """Refuse who may not decide so.

    Args:
        item: the item.
        before: the decisions that are there.
        call: what is asked.
        wanted: so many signatures are needed at least.

    Raises:
        AlreadyDecided: this person has signed it.
        NotAllowed: the policy does not accept them for this.
        DifferentEntries: another person has signed other entries of it.
    """
    if any(decision.person_key == call.key for decision in before):
        raise AlreadyDecided(item.item_id, "signed by you")
    if call.verb != "approve":
        _check_reviewer(call)
        return
    if before and before[0].entries != tuple((entry.n, entry.sha256) for entry in call.entries):
        raise DifferentEntries([n for n, _ in before[0].entries])
    tier = max(entry.tier for entry in call.entries)
    signers = [(decision.person_key, decision.roles) for decision in before]
    missing = call.policy.assign(tier, signers, least=wanted).missing
    with_this = [*signers, (call.key, call.grant.roles)]
    if len(call.policy.assign(tier, with_this, least=wanted).missing) >= len(missing):
        raise NotAllowed(f"tier {tier} needs {' and '.join(map(str, missing))} to sign")
    unattested = call.policy.lacking(tier, call.grant, call.attested)
    if unattested:
        needed = " and ".join(name.replace("_", " ") for name in unattested)
        raise NotAllowed(f"tier {tier} needs {needed} before the signature{_how(call, tier, unattested)}")


def _how(call: Call, tier: Tier, unattested: Sequence[Attestation]) -> str:
    if "evidence_opened" not in unattested:
        return ""
    many = call.policy.tier(tier).evidence_opened
    return f"; open {many} of the sources that each entry stands on, or all of fewer, under the name that signs"


def _check_reviewer(call: Call) -> None:
    if call.verb == "edit" and call.policy.edits_json(call.grant):
        return
    if not call.policy.reviews(call.grant):
        raise NotAllowed(f"a reviewer known to the policy must {call.verb} it")
    if any(not by_form(entry.resource, call.edited[entry.n]) for entry in call.entries if entry.n in call.edited):
        raise NotAllowed("an informaticist must edit what the entry's form does not offer")
