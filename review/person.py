"""People as the policy knows them: roles, what is vouched for, and what tells one name from another."""

import unicodedata
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Role = Literal["clinician", "prescriber", "pharmacist", "attending", "informaticist"]
"""`informaticist` signs nothing; it may edit elements that the forms do not offer."""
Vouched = Literal["signed_in_again"]
"""What a door can vouch for at a signature."""
Attestation = Literal["evidence_opened", "signed_in_again"]
"""What a tier can require; that evidence was opened, the record alone says (`review.opened`), or the policy itself."""


class Data(BaseModel):
    """A part of the policy's file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Grant(Data):
    """What a person holds."""

    roles: tuple[Role, ...]
    """Their roles."""
    attests: tuple[Attestation, ...] = ()
    """What is taken as given for them."""


class NamedPerson(Grant):
    """A person whom the policy knows."""

    name: str = Field(min_length=1)
    """The name; case and spacing do not count."""


class People(Data):
    """Who is known."""

    any_named: Grant | None = None
    """What anybody who gives a name holds; None, as at a site, means nothing."""
    named: tuple[NamedPerson, ...] = ()
    """The people known by name; these override `any_named`."""


def person_key(name: str) -> str:
    """A name without its case and spacing, so that `Ada Nowak` and ` ada  nowak` cannot sign as two people."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
