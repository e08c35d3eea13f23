"""The policy as data: who may do what, which tier asks for which signatures, how long an item waits.

Deny by default: an unknown name has no roles, an entry that no rule matches is never proposed.
"""

import hashlib
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from review.duty import Duties, Duty, Party
from review.errors import PolicyUnusable
from review.person import Attestation, Data, Grant, NamedPerson, People, Role, person_key
from review.slot import Assignment, Slot, assign
from store.items import Tier

__all__ = [
    "Assignment",
    "Attestation",
    "Condition",
    "Editing",
    "Grant",
    "Label",
    "NamedPerson",
    "People",
    "Policy",
    "Raise",
    "Reviewers",
    "Role",
    "Rule",
    "Slot",
    "TierPolicy",
    "has_words",
    "load_policy",
    "person_key",
]

Label = Literal[
    "tainted",
    "sensitive",
    "doubtful-source",
    "incomplete-checks",
    "missing-dose",
    "not-valid",
    "said-measurement",
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


class Condition(Data):
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


class TierPolicy(Data):
    """What one tier asks for."""

    tier: Tier
    """The tier."""
    expires_hours: int = Field(gt=0)
    """How long an item of this tier waits, in hours."""
    signatures: tuple[Slot, ...] = Field(min_length=1)
    """The signatures, by different people."""
    requires: tuple[Attestation, ...] = ()
    """What must be vouched for at each signature: by the record, by the door, or by this policy for the person."""
    evidence_opened: int = Field(default=1, ge=1)
    """Where that is required: of so many sources of each entry, or of all where it stands on fewer."""


class Reviewers(Data):
    """Who may reject, send back, edit and claim."""

    roles: tuple[Role, ...] = Field(min_length=1)
    """Any of these roles."""


class Editing(Data):
    """Who may edit a resource beyond what its form offers."""

    json_roles: tuple[Role, ...] = ("informaticist",)
    """Any of these roles; everybody else who may review has the forms."""


class Policy(Data):
    """A whole policy file."""

    name: str
    """For people to tell it by."""
    sha256: str = ""
    """SHA-256 of the file, in hex; recorded with every item and decision."""
    people: People
    reviewers: Reviewers
    editing: Editing = Editing()
    duty: Duties = Duties()
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

    @property
    def signing_roles(self) -> tuple[Role, ...]:
        """The roles that sign anything."""
        return tuple(dict.fromkeys(r for tier in self.tiers for slot in tier.signatures for r in slot.roles))

    def tier(self, tier: Tier) -> TierPolicy:
        """What `tier` asks for."""
        return next(found for found in self.tiers if found.tier == tier)

    def lifetime(self, tier: Tier) -> timedelta:
        """How long an item of this tier waits."""
        return timedelta(hours=self.tier(tier).expires_hours)

    def duty_of(self, *, tier: Tier, tasks: Collection[str], services: Collection[str], at: datetime) -> Duty:
        """Whose an item is: by the first rule of duty that matches it, else who may sign its tier.

        Args:
            tier: the item's.
            tasks: what it answers.
            services: codes and names of the service that the patient is with.
            at: when it opens.
        """
        may = tuple(dict.fromkeys(role for slot in self.tier(tier).signatures for role in slot.roles))
        usual = Duty(
            why="no rule of duty names anybody else",
            owner=Party(roles=self.tier(tier).signatures[0].roles),
            cover=Party(roles=may),
            escalate=Party(roles=self.reviewers.roles),
        )
        return next((r for r in self.duty.rules if r.matches(tier, tasks, services, self.duty.time(at))), usual)

    def grant(self, person: str) -> Grant:
        """What a person holds; nothing when the policy does not know them or the name is empty."""
        key = person_key(person)
        known = next((named for named in self.people.named if person_key(named.name) == key), None)
        if not key or (known is None and self.people.any_named is None):
            return Grant(roles=())
        return known or self.people.any_named or Grant(roles=())

    def may_review(self, person: str) -> bool:
        """Whether the person may reject, send back, edit and claim."""
        return self.reviews(self.grant(person))

    def reviews(self, grant: Grant) -> bool:
        """The same for what somebody holds."""
        return bool(set(grant.roles) & set(self.reviewers.roles))

    def edits_json(self, grant: Grant) -> bool:
        """Whether who holds this may edit every element of a resource, not those of its form alone."""
        return bool(set(grant.roles) & set(self.editing.json_roles))

    def lacking(self, tier: Tier, grant: Grant, attested: frozenset[Attestation]) -> tuple[Attestation, ...]:
        """What the tier requires of a signature that neither the door nor the policy vouches for."""
        given = attested | set(grant.attests)
        return tuple(needed for needed in self.tier(tier).requires if needed not in given)

    def assign(self, tier: Tier, signers: Sequence[tuple[str, Sequence[str]]], *, least: int = 0) -> Assignment:
        """Fill as many slots of the tier as the signers can, each person one.

        Args:
            tier: the tier signed for.
            signers: person key and roles, in the order of signing.
            least: so many signatures are needed at least, where somebody was asked to sign beside the first.
        """
        return assign(self.tier(tier).signatures, signers, least=least)


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
