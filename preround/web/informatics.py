"""Who may see how a rollout goes: informaticists, who treat nobody with it."""

from __future__ import annotations

from collections.abc import Collection

from fastapi import Request
from starlette.datastructures import FormData

from preround.failure import Unusable
from preround.people.signing import name_here, policy_here
from preround.web.reviewer import MOST_CHARACTERS, reviewer_of
from preround.wiring import House
from review.errors import NotAllowed
from review.policy import Policy

_MOST = 2_000
"""Characters of a reason or a note."""


def informaticist(house: House, request: Request, given: str = "") -> tuple[str, Policy]:
    """The name under which somebody does what informaticists do, and the policy as it is for them.

    A page that no name was given to yet is anybody's, as far as the policy lets anybody in who gives a name.

    Raises:
        NotAllowed: the policy, or who signed them in, does not say that they are one.
    """
    policy = policy_here(house.services.policy)
    name = name_here(given or reviewer_of(request))
    if "informaticist" not in policy.grant(name or "anybody").roles:
        raise NotAllowed("this is for informaticists")
    return name, policy


def texts(form: FormData) -> dict[str, str]:
    """The texts of a form.

    Raises:
        Unusable: one of them is too long.
    """
    found = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    if any(len(value) > (_MOST if name in ("reason", "words") else MOST_CHARACTERS) for name, value in found.items()):
        raise Unusable(f"Say it in at most {_MOST} characters")
    return found


def one_of(given: str, choices: Collection[str]) -> str:
    """One of some choices.

    Raises:
        Unusable: it is none of them.
    """
    if given not in choices:
        raise Unusable(f"There is no such choice; it is one of {', '.join(choices)}")
    return given
