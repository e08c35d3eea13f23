"""Asking for a second signature, as doors do it."""

from __future__ import annotations

from preround.failure import Declined
from preround.people.signing import signer_here
from preround.wiring import House
from review.asking import Wish, party_of
from review.asking import ask as _ask
from store.asks import AskRow as Ask


def ask_beside(house: House, item_id: str, *, person: str, ask: str, words: str) -> Ask:
    """Ask somebody, by name or role, to sign an item beside the first signer.

    Raises:
        Declined: people sign in here, and nobody has.
        GateError: the item is not open, or the policy would not accept it.
    """
    now = house.services.clock.now()
    signer = signer_here(now)
    if signer is None and house.settings.people_sign_in:
        raise Declined("People sign in here: open the item in the browser, sign in, and ask there")
    wish = Wish(party=party_of(ask), words=words)
    return _ask(
        house.services.db,
        item_id=item_id,
        person=person,
        wish=wish,
        policy=house.services.policy,
        now=now,
        signer=signer,
    )
