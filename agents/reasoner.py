"""The one protocol that every reasoner implements, and the material it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from agents.literature import Literature
from agents.plan import Plan, ToolCall
from chart.appraisal import Appraisal
from claims.claim import Draft, Task
from claims.verify import Verdict
from tools.evidence import Coverage
from tools.guidelines.outcome import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Brief:
    """What the round is asked to do."""

    tasks: tuple[Task, ...]
    """The drafts wanted."""
    question: str | None = None
    """The words of a ``question`` task."""
    since: date | None = None
    """Start of the comparison window that a person asked for."""
    feedback: str | None = None
    """A reviewer's words, when the round was sent back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """What a reasoner may draft from."""

    brief: Brief
    """The order."""
    appraisal: Appraisal
    """The chart and what code computed from it."""
    coverage: Mapping[str, Coverage]
    """What was looked at, by coverage id."""
    outcomes: tuple[Outcome, ...] = ()
    """What guidelines said."""
    literature: Literature = field(default_factory=Literature)
    """What papers and guidelines say about what is due or asked."""
    tainted: bool = False
    """Whether text in the chart tried to give instructions."""

    def looked_at(self, resource_type: str) -> str | None:
        """The coverage id of a complete look at all resources of a type; ``None`` when absence cannot be claimed.

        A resource of that type that nobody could understand may be the very thing, so it stops the claim too.
        """
        if self.not_understood(resource_type):
            return None
        for line in self.coverage.values():
            if line.query.startswith(f"{resource_type}?") and "code=" not in line.query:
                return line.id if line.error is None and not line.truncated else None
        return None

    def not_understood(self, resource_type: str) -> int:
        """How many resources of a type were read and could not be understood."""
        left = self.appraisal.chart.left_out.get("not_understood", ())
        return sum(1 for reference in left if reference.partition("/")[0] == resource_type)

    @property
    def titles(self) -> Mapping[str, str]:
        """Titles of the recommendations that were evaluated, by ``id|version``."""
        return {f"{o.recommendation.id}|{o.recommendation.version}": o.recommendation.title for o in self.outcomes}

    @property
    def failed(self) -> tuple[Coverage, ...]:
        """The looks that failed."""
        return tuple(line for line in self.coverage.values() if line.error)


Judged = tuple[Draft, Sequence[Verdict]]
"""A draft and the verdicts on its refused claims."""


class Reasoner(Protocol):
    """Plans, weighs and words. It gets evidence and gives typed answers; it can neither read more nor write."""

    @property
    def name(self) -> str:
        """``offline``, ``vllm`` or ``transformers``."""
        ...

    @property
    def model(self) -> tuple[str | None, str | None]:
        """Name and revision of the model; both ``None`` without one."""
        ...

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that it drafts; a round with another is refused before it is opened."""
        ...

    async def plan(self, brief: Brief) -> Plan:
        """What to look at. Code adds the must-look set."""
        ...

    async def assess(self, material: Material) -> Sequence[ToolCall]:
        """Further calls needed to answer the brief; empty when the evidence is enough."""
        ...

    async def draft(self, task: Task, material: Material) -> Draft:
        """One draft of a task."""
        ...

    async def repair(self, judged: Sequence[Judged], material: Material) -> Sequence[Draft]:
        """The drafts with their refused claims mended or left out, in the order given; called once a round."""
        ...
