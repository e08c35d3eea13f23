"""What is in the workers' queue: a round to drive, and how soon."""

from dataclasses import dataclass
from typing import Literal

Urgency = Literal["now", "batch"]
"""`now`: a person waits, or a round stands half-way; `batch`: whenever there is room."""
PRIORITY: dict[Urgency, int] = {"now": 100, "batch": 0}


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One round to drive."""

    run_id: str
    """The round."""
    patient: str
    """Its patient's reference; no two rounds of one patient are driven at once. Only its hash is kept."""
    urgency: Urgency
    """What goes first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """Rounds that one worker drives side by side."""

    takes: tuple[Urgency, ...]
    """Which."""
    slots: int
    """So many at once."""
