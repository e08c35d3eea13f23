"""Who signs, where somebody vouches for them: a person whom a sign-in provider knows, not a name in a form."""

from dataclasses import dataclass

from review.person import Role, Vouched


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """A person who has signed in."""

    key: str
    """`issuer|subject`: the same person under whatever name, and nobody else under the same."""
    name: str
    """The name that is signed into the record."""
    roles: tuple[Role, ...]
    """What their provider's claims make them."""
    attested: frozenset[Vouched] = frozenset()
    """What the door vouches for at this moment."""
