"""Access tokens of people who were launched from the EHR: in memory, until they end, for writing what they sign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tools.fhir.errors import FhirUnreachable

SMART = "smart|"
"""How the keys of people begin who came by a launch."""


class TokenGone(FhirUnreachable):
    """What was signed is written with the signer's own token: launch Preround from the EHR once more, and it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    text: str = field(repr=False)
    ends: float


class Tokens:
    """The tokens of one process; never on disk, never shown, sent to the FHIR server in use and nowhere else.

    Args:
        seconds: a clock that only goes forward.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._kept: dict[str, _Kept] = {}

    def keep(self, key: str, token: str, *, lives: float) -> None:
        """Keep a person's newest token until it ends."""
        now = self._seconds()
        self._kept = {one: kept for one, kept in self._kept.items() if kept.ends > now}
        self._kept[key] = _Kept(text=token, ends=now + lives)

    def of(self, key: str) -> str:
        """A person's token.

        Raises:
            TokenGone: there is none, or it has ended.
        """
        found = self._kept.get(key)
        if found is None or found.ends <= self._seconds():
            raise TokenGone
        return found.text
