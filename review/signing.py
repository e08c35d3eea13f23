"""How many signatures an item needs, who gave theirs, and whose are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from review.decision import Decision
from review.item import Tier
from review.policy import Policy, Slot
from store.asks import AskRow as Ask


@dataclass(frozen=True, kw_only=True, slots=True)
class Signing:
    """Where the signatures of an item stand."""

    given: int
    """How many there are."""
    needed: int
    """How many there must be: what the policy asks of the tier, and two at least where somebody was asked."""
    missing: tuple[Slot, ...]
    """Who must still sign."""

    def __str__(self) -> str:
        """In words, as `1 of 2 signed`."""
        return f"{self.given} of {self.needed} signed"


def least(asks: Sequence[object]) -> int:
    """So many signatures are needed at least: two once somebody was asked to sign beside the first."""
    return 2 if asks else 0


def signing(
    policy: Policy, *, tier: Tier, tiers: Mapping[int, Tier], decisions: Sequence[Decision], asks: Sequence[Ask]
) -> Signing:
    """Where the signatures stand.

    Args:
        policy: the rules.
        tier: the item's, which counts before anybody has signed.
        tiers: each entry's by its number: those that were signed can be of a lower one than the item.
        decisions: the item's.
        asks: who was asked.
    """
    signed = [one for one in decisions if one.verb == "approve"]
    if signed:
        tier = max(tiers[n] for n, _ in signed[0].entries)
    signers = [(one.person_key, one.roles) for one in signed]
    missing = policy.assign(tier, signers, least=least(asks)).missing
    return Signing(
        given=len(signed), needed=max(len(policy.tier(tier).signatures), least(asks), len(signed)), missing=missing
    )
