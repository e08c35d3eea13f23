"""The offline reasoner: the embedded default."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agents.offline.comparison import comparison
from agents.offline.questions.answer import answer
from agents.offline.suggestions import suggestion_draft
from agents.offline.summary import summary
from agents.plan import Plan, ToolCall
from agents.reasoner import Brief, Judged, Material
from claims.claim import Draft, Removed, Section, Task
from claims.verify import Verdict


class TaskNotOffered(ValueError):
    """The offline reasoner does not do this task; run it with --reasoner vllm or transformers."""

    def __init__(self, task: str) -> None:
        super().__init__(
            f"The offline reasoner does not do the task {task}; run it with --reasoner vllm or transformers."
        )


WRITERS: Mapping[Task, Callable[[Material], Draft]] = {
    "summary": summary,
    "comparison": comparison,
    "suggestions": suggestion_draft,
    "question": answer,
}
"""What words each task by rule."""


class OfflineReasoner:
    """Rules and templates: no model, no network, the same words for the same chart.

    Args:
        writers: what words each task.
    """

    name = "offline"
    model: tuple[str | None, str | None] = (None, None)

    def __init__(self, writers: Mapping[Task, Callable[[Material], Draft]] = WRITERS) -> None:
        self._writers = writers

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that have a writer."""
        return tuple(self._writers)

    async def plan(self, brief: Brief) -> Plan:
        """The guidelines, and what a question names beyond what code always looks at."""
        calls = [ToolCall(tool="guidelines", reason="what is due")] if "suggestions" in brief.tasks else []
        if brief.question and "imaging" in brief.question.lower():
            calls.append(ToolCall(tool="fhir_search", resource_type="ImagingStudy", reason="the question names it"))
        return Plan(calls=tuple(calls))

    async def assess(self, material: Material) -> Sequence[ToolCall]:
        """Always enough: the rules ask for nothing beyond the must-look set."""
        return ()

    async def draft(self, task: Task, material: Material) -> Draft:
        """One draft by templates.

        Raises:
            TaskNotOffered: for a task that needs a model.
        """
        if task not in self._writers:
            raise TaskNotOffered(task)
        return self._writers[task](material)

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
