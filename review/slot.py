"""The signatures that a tier asks for, and how the people who signed fill them."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from review.person import Data, Role


class Slot(Data):
    """One signature that a tier asks for."""

    roles: tuple[Role, ...] = Field(min_length=1)
    """Any of these roles may give it."""

    def __str__(self) -> str:
        """In words, as `a prescriber or attending`."""
        return f"a {' or '.join(self.roles)}"


class Assignment(Data):
    """How the signatures that are there fill the slots of a tier."""

    roles: Mapping[str, Role]
    """By person key: the role in which each signs."""
    missing: tuple[Slot, ...]
    """The slots that nobody fills yet."""


def assign(slots: Sequence[Slot], signers: Sequence[tuple[str, Sequence[str]]], *, least: int = 0) -> Assignment:
    """Fill as many slots as the signers can, each person one.

    Args:
        slots: at least one.
        signers: person key and roles, in the order of signing.
        least: so many signatures are needed at least; a slot beyond those of the tier is another of its last kind.
    """
    wanted = (*slots, *[slots[-1]] * (least - len(slots)))
    filled = _fill(wanted, list(signers))
    roles = {key: role for key, role in filled if role is not None}
    missing = tuple(slot for slot, (_, role) in zip(wanted, filled, strict=True) if role is None)
    return Assignment(roles=roles, missing=missing)


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
