"""Who has come in: how they proved who they are, since when, and what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from review.person import Role, Vouched

Way = Literal["link", "key", "oidc", "smart"]
"""`link`: the one-time link of this machine; `key`: a program with the access key; `oidc`: the site's own sign-in;
`smart`: a launch from the EHR."""

FRESH = timedelta(minutes=15)
"""A sign-in no older than this counts as "signed in again"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """One who has come in."""

    way: Way
    """How."""
    name: str | None = None
    """The name that they sign with; ``None`` at this machine's own link, where the name that is typed counts."""
    subject: str | None = None
    """`issuer|subject`: the person, whatever name they bear; ``None`` where nobody vouches for one."""
    roles: tuple[Role, ...] = ()
    """What their claims make them; nothing of it is believed from a form."""
    signed_in: datetime | None = None
    """When the provider last saw their password or token; ``None`` where it does not say."""
    patient: str | None = None
    """`Patient/id` of the chart that they were launched from, and the only one that they may see; any without it."""

    def attests(self, now: datetime) -> frozenset[Vouched]:
        """What the door vouches for at a signature.

        Args:
            now: wall time.
        """
        fresh = self.signed_in is not None and timedelta(0) <= now - self.signed_in <= FRESH
        return frozenset({"signed_in_again"}) if fresh else frozenset()
