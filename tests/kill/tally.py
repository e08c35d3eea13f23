"""What came of a campaign."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Tally:
    """What came of it."""

    points: int = 0
    """Rounds."""
    kills: int = 0
    """Processes that were killed."""
    sleeps: int = 0
    """Processes that were stopped and went on late."""
    lost: list[str] = field(default_factory=list)
    """Points whose approved round was not written in the end."""
    twice: list[str] = field(default_factory=list)
    """Points of which more stands on the server than was signed, or in more versions."""
    after_no: list[str] = field(default_factory=list)
    """Points written though they were rejected."""
    asked_again: list[str] = field(default_factory=list)
    """Points for which somebody would be asked again after the write."""

    @property
    def clean(self) -> bool:
        """Whether nothing of that happened."""
        return not (self.lost or self.twice or self.after_no or self.asked_again)

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.points} points, {self.kills} kills, {self.sleeps} sleeps: lost {len(self.lost)}, "
            f"twice {len(self.twice)}, after a rejection {len(self.after_no)}, asked again {len(self.asked_again)}"
        )
