"""The offline reasoner: the embedded default."""

from __future__ import annotations

from collections.abc import Sequence

from agents.offline.comparison import comparison
from agents.offline.suggestions import suggestion_draft
from agents.offline.summary import summary
from agents.plan import Plan, ToolCall
from agents.reasoner import Brief, Judged, Material, Spent
from claims.claim import Draft, Removed, Section, Task
from claims.verify import Verdict


class TaskNotOffered(ValueError):
    """The offline reasoner does not do this task; run it with --reasoner vllm or transformers."""

    def __init__(self, task: str) -> None:
        super().__init__(
            f"The offline reasoner does not do the task {task}; run it with --reasoner vllm or transformers."
        )


class OfflineReasoner:
    """Rules and templates: no model, no network, the same words for the same chart."""

    name = "offline"
    model: tuple[str | None, str | None] = (None, None)
    spent = Spent()

    async def plan(self, brief: Brief) -> Plan:
        """Only the guidelines: code adds everything that must be looked at."""
        calls = (ToolCall(tool="guidelines", reason="what is due"),) if "suggestions" in brief.tasks else ()
        return Plan(calls=calls)

    async def assess(self, material: Material) -> Sequence[ToolCall]:
        """Always enough: the rules ask for nothing beyond the must-look set."""
        return ()

    async def draft(self, task: Task, material: Material) -> Draft:
        """One draft by templates.

        Raises:
            TaskNotOffered: for a task that needs a model.
        """
        if task == "summary":
            return summary(material)
        if task == "comparison":
            return comparison(material)
        if task == "suggestions":
            return suggestion_draft(material)
        raise TaskNotOffered(task)

    async def repair(self, judged: Sequence[Judged], material: Material) -> Sequence[Draft]:
        """Templates have no second wording: what does not stand is left out, visibly."""
        return [without(draft, verdicts) for draft, verdicts in judged]


def without(draft: Draft, verdicts: Sequence[Verdict]) -> Draft:
    """The draft with every refused claim moved to ``removed``."""
    refused = {v.claim.id: "; ".join(v.reasons) for v in verdicts if not v.stands}
    if not refused:
        return draft
    sections = tuple(
        Section(title=s.title, claims=tuple(c for c in s.claims if c.id not in refused)) for s in draft.sections
    )
    removed = tuple(Removed(text=c.text, reason=refused[c.id]) for c in draft.claims if c.id in refused)
    return draft.model_copy(
        update={"sections": tuple(s for s in sections if s.claims), "removed": (*draft.removed, *removed)}
    )
