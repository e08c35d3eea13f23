"""How one pass of reporting went."""

from __future__ import annotations

from dataclasses import dataclass

from tools.fhir.errors import FhirGarbled, FhirUnreachable, LoginRefused, LoginUnusable

AWAY = (FhirUnreachable, FhirGarbled, LoginRefused, LoginUnusable)
"""What concerns the server as a whole: the next thing would go no better."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reported:
    """One pass."""

    done: int = 0
    """Resources that the server holds now as they were meant."""
    trouble: str | None = None
    """Why something is not there, in one sentence without patient data."""
    away: bool = False
    """Whether the pass ended early because the server would have none of it."""
    more: bool = False
    """Whether there is more to do at once."""
    held: bool = False
    """Whether another process was at it, so that nothing was done here."""
