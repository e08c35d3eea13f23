"""The policy as data: who may do what, which tier asks for which signatures, how long an item waits.

Deny by default: an unknown name has no roles, an entry that no rule matches is never proposed.
"""

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from review.errors import PolicyUnusable
from store.items import Tier

Role = Literal["clinician", "prescriber", "pharmacist", "attending"]
Attestation = Literal["evidence_opened", "signed_in_again"]
Label = Literal[
    "tainted",
    "sensitive",
    "doubtful-source",
    "incomplete-checks",
    "missing-dose",
    "not-valid",
    "image-finding",
    "removal",
    "undo",
    "restore",
    "child-by-weight",
    "pregnancy",
    "renal-dose",
    "delete",
    "code-status",
    "patient-merge",
    "discharge",
    "absence-as-no-allergy",
]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Data):
    """When a rule matches: every list given holds at least one of the entry's values; an absent list asks nothing."""

    resource: tuple[str, ...] | None = None
    """FHIR types."""
    intent: tuple[str, ...] | None = None
    """Values of `intent`."""
    status: tuple[str, ...] | None = None
    """Values of `status`, or of `docStatus` for a DocumentReference."""
    clinical: tuple[str, ...] | None = None
    """Codes of `clinicalStatus`."""
    verification: tuple[str, ...] | None = None
    """Codes of `verificationStatus`."""
    labels: tuple[Label, ...] | None = None
    """Labels of the entry."""
    medication_class: tuple[str, ...] | None = None
    """Classes of its medication."""
    security: tuple[str, ...] | None = None
    """Codes in `meta.security`."""
    codes: tuple[str, ...] | None = None
    """`system|code` of what is asked for."""
    words: tuple[str, ...] | None = None
    """Whole words in what is asked for, `*` standing for any letters."""
    why: str
    """The reason, as the reviewer reads it."""


class Rule(Condition):
    """A tier for what matches; `never` forbids it."""

    tier: Tier | Literal["never"]
    """The tier that it gives."""


class Raise(Condition):
    """What lifts the tier of what matches."""

    at_least: Tier | None = None
    """The tier is at least this."""
    plus: Literal[1] | None = None
    """The tier is one higher."""


class Slot(_Data):
    """One signature that a tier asks for."""

    roles: tuple[Role, ...] = Field(min_length=1)
    """Any of these roles may give it."""

    def __str__(self) -> str:
        """In words, as `a prescriber or attending`."""
        return f"a {' or '.join(self.roles)}"


class TierPolicy(_Data):
    """What one tier asks for."""

    tier: Tier
    """The tier."""
    expires_hours: int = Field(gt=0)
    """How long an item of this tier waits, in hours."""
    signatures: tuple[Slot, ...] = Field(min_length=1)
    """The signatures, by different people."""
    requires: tuple[Attestation, ...] = ()
    """What the door must vouch for at each signature."""


class Grant(_Data):
    """What a person holds."""

    roles: tuple[Role, ...]
    """Their roles."""
    attests: tuple[Attestation, ...] = ()
    """What is taken as given for them."""


class NamedPerson(Grant):
    """A person whom the policy knows."""

    name: str = Field(min_length=1)
    """The name; case and spacing do not count."""


class People(_Data):
    """Who is known."""

    any_named: Grant | None = None
    """What anybody who gives a name holds; None, as at a site, means nothing."""
    named: tuple[NamedPerson, ...] = ()
    """The people known by name; these override `any_named`."""


class Reviewers(_Data):
    """Who may reject, send back, edit and claim."""

    roles: tuple[Role, ...] = Field(min_length=1)
    """Any of these roles."""


class Assignment(_Data):
    """How the signatures that are there fill the slots of a tier."""

    roles: Mapping[str, Role]
    """By person key: the role in which each signs."""
    missing: tuple[Slot, ...]
    """The slots that nobody fills yet."""


class Policy(_Data):
    """A whole policy file."""

    name: str
    """For people to tell it by."""
    sha256: str = ""
    """SHA-256 of the file, in hex; recorded with every item and decision."""
    people: People
    reviewers: Reviewers
    tiers: tuple[TierPolicy, ...]
    rules: tuple[Rule, ...]
    raises: tuple[Raise, ...] = ()
    medication_words: Mapping[str, tuple[str, ...]] = {}
    """Words that put a medication into a class."""

    @model_validator(mode="after")
    def _every_tier_once(self) -> Self:
        if sorted(tier.tier for tier in self.tiers) != [1, 2, 3, 4]:
            raise ValueError("each of the tiers 1 to 4 must stand under [[tiers]] once")
        return self

    def tier(self, tier: Tier) -> TierPolicy:
        """What `tier` asks for."""
        return next(found for found in self.tiers if found.tier == tier)

    def lifetime(self, tier: Tier) -> timedelta:
        """How long an item of this tier waits."""
        return timedelta(hours=self.tier(tier).expires_hours)

    def grant(self, person: str) -> Grant:
        """What a person holds; nothing when the policy does not know them or the name is empty."""
        key = person_key(person)
        known = next((named for named in self.people.named if person_key(named.name) == key), None)
        if not key or (known is None and self.people.any_named is None):
            return Grant(roles=())
        return known or self.people.any_named or Grant(roles=())

    def may_review(self, person: str) -> bool:
        """Whether the person may reject, send back, edit and claim."""
        return bool(set(self.grant(person).roles) & set(self.reviewers.roles))

    def unattested(self, tier: Tier, person: str, attested: frozenset[Attestation]) -> tuple[Attestation, ...]:
        """What the tier requires of a signature that neither the door nor the policy vouches for."""
        given = attested | set(self.grant(person).attests)
        return tuple(needed for needed in self.tier(tier).requires if needed not in given)

    def assign(self, tier: Tier, signers: Sequence[tuple[str, Sequence[str]]]) -> Assignment:
        """Fill as many slots of the tier as the signers can, each person one.

        Args:
            tier: the tier signed for.
            signers: person key and roles, in the order of signing.
        """
        slots = self.tier(tier).signatures
        filled = _fill(slots, list(signers))
        roles = {key: role for key, role in filled if role is not None}
        missing = tuple(slot for slot, (_, role) in zip(slots, filled, strict=True) if role is None)
        return Assignment(roles=roles, missing=missing)


def person_key(name: str) -> str:
    """A name without its case and spacing, so that `Ada Nowak` and ` ada  nowak` cannot sign as two people."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def has_words(text: str, words: Sequence[str]) -> bool:
    """Whether one of `words` stands in `text` as whole words; `*` stands for any letters; case does not count."""
    folded = text.casefold()
    patterns = (r"\w*".join(re.escape(part) for part in word.casefold().split("*")) for word in words)
    return any(re.search(rf"\b{pattern}\b", folded) for pattern in patterns)


def load_policy(path: Path | None = None) -> Policy:
    """The policy in a TOML file, or the embedded one.

    Raises:
        PolicyUnusable: when the file cannot be read or does not fit; nothing is assumed in its place.
    """
    try:
        source = resources.files("review").joinpath("policy.toml") if path is None else path
        body = source.read_bytes()
        return Policy.model_validate({**tomllib.loads(body.decode()), "sha256": hashlib.sha256(body).hexdigest()})
    except ValidationError as error:
        first = error.errors()[0]
        raise PolicyUnusable(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (OSError, ValueError) as error:
        raise PolicyUnusable(str(error)) from None


def _fill(slots: Sequence[Slot], signers: list[tuple[str, Sequence[str]]]) -> list[tuple[str, Role | None]]:
    """For each slot, who fills it and in which role; the filling with the fewest empty slots, earlier signers first."""
    if not slots:
        return []
    best: list[tuple[str, Role | None]] = [("", None), *_fill(slots[1:], signers)]
    for place, (key, roles) in enumerate(signers):
        role = next((role for role in slots[0].roles if role in roles), None)
        if role is None:
            continue
        candidate = [(key, role), *_fill(slots[1:], signers[:place] + signers[place + 1 :])]
        if _empty(candidate) < _empty(best):
            best = candidate
    return best


def _empty(filled: Sequence[tuple[str, Role | None]]) -> int:
    return sum(role is None for _, role in filled)
