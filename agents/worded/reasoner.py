"""The reasoner on a chat model: at most one call to ask for more, one a draft, one repair."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import get_args

from agents.models.asking import Asker
from agents.models.reply import ModelFailed
from agents.offline.comparison import comparison
from agents.offline.reasoner import without
from agents.offline.suggestions import suggestion_draft
from agents.offline.summary import summary
from agents.plan import Plan, ToolCall
from agents.prompts import prompt, prompts_sha256
from agents.reasoner import Brief, Material, Spent
from agents.worded.answers import AnswerForm, DraftForm, FurtherType, MoreForm, RepairForm, SectionForm
from agents.worded.context import BUDGET, QUESTION_BUDGET, Context, build_context, relevant_lines
from agents.worded.drafts import prepared_claims, to_claim, to_draft
from claims.claim import Claim, Draft, Removed, Section, Task
from claims.verify import Verdict


class WordedReasoner:
    """Code prepares sentences that stand; the model chooses among them, connects and words.

    Args:
        asker: the model.
        name: ``vllm``, ``transformers`` or ``scripted``.
        model: name and revision of the model.
    """

    def __init__(self, asker: Asker, *, name: str, model: tuple[str | None, str | None]) -> None:
        self._asker = asker
        self._contexts: OrderedDict[int, tuple[Material, Context, tuple[Draft, ...]]] = OrderedDict()
        self.name = name
        self.model = model

    @property
    def spent(self) -> Spent:
        """What its calls have cost."""
        return self._asker.spent

    async def plan(self, brief: Brief) -> Plan:
        """Guidelines where suggestions are wanted; code adds the must-look set, and the model asks in `assess`."""
        calls = (ToolCall(tool="guidelines", reason="what is due"),) if "suggestions" in brief.tasks else ()
        return Plan(calls=calls)

    async def assess(self, material: Material) -> Sequence[ToolCall]:
        """What else to read, asked once a round; a plain question is answered from the must-look set."""
        read = {line.query.partition("?")[0] for line in material.coverage.values()}
        if material.brief.tasks == ("question",) or read & set(_FURTHER):
            return ()
        lines = [
            f"{line.query.partition('?')[0]}: {line.found}{' (failed)' if line.error else ''}"
            for line in material.coverage.values()
        ]
        order = f"The order: {', '.join(material.brief.tasks)}." + (
            f" Question: {material.brief.question}" if material.brief.question else ""
        )
        text = "\n\n".join((prompt("rules"), prompt("more"), "\n".join(lines), order))
        try:
            form = await self._asker.ask(text, MoreForm, prompt_sha256=prompts_sha256("rules", "more"))
        except ModelFailed:
            # The must-look set is read already: a model that cannot say what else it wants goes on with that.
            return ()
        return [ToolCall(tool="fhir_search", resource_type=c.resource_type, reason=c.reason) for c in form.calls]

    async def draft(self, task: Task, material: Material) -> Draft:
        """One draft. A model without a usable answer leaves the prepared draft, and the reason among the removed."""
        context, prepared = self._context(material)
        text = self._prompt(context, task, material)
        sha = prompts_sha256("rules", task)
        known = prepared_claims(prepared)
        try:
            if task == "question":
                answer = await self._asker.ask(text, AnswerForm, prompt_sha256=sha)
                return self._answered(answer, material, prepared)
            form = await self._asker.ask(text, DraftForm, prompt_sha256=sha)
        except ModelFailed as error:
            return self._fallen_back(task, prepared, error)
        return to_draft(task, form.sections, known, material, tainted=material.tainted)

    def _answered(self, answer: AnswerForm, material: Material, prepared: Sequence[Draft]) -> Draft:
        sections = [SectionForm(title="Answer", sentences=answer.sentences)] if answer.sentences else []
        made = to_draft("question", sections, prepared_claims(prepared), material, tainted=material.tainted)
        if made.claims or not answer.refusal:
            return made
        return made.model_copy(update={"refusal": " ".join(answer.refusal.split())})

    @staticmethod
    def _fallen_back(task: Task, prepared: Sequence[Draft], error: ModelFailed) -> Draft:
        own = next((d for d in prepared if d.task == task), Draft(task=task, sections=()))
        note = Removed(text="(the model's draft)", reason=f"{error} The prepared sentences stand in its place.")
        return own.model_copy(update={"removed": (*own.removed, note)})

    def _prompt(self, context: Context, task: Task, material: Material) -> str:
        parts = [prompt("rules"), context.text, prompt(task)]
        if task == "question":
            parts.append(f"Question: {material.brief.question or ''}")
        if material.brief.feedback:
            parts.append(f"The reviewer sent the last draft back with these words: {material.brief.feedback}")
        return "\n\n".join(parts)

    def _context(self, material: Material) -> tuple[Context, tuple[Draft, ...]]:
        """The context of a chart, built once: the drafts of a round share it byte for byte."""
        key = id(material.appraisal)
        if key not in self._contexts:
            made = (summary(material), comparison(material), suggestion_draft(material))
            question = material.brief.question if material.brief.tasks == ("question",) else None
            budget = QUESTION_BUDGET if question else BUDGET
            context = build_context(material, made, self._asker.tokens, budget=budget, question=question)
            self._contexts[key] = (material, context, made)
            while len(self._contexts) > 2:
                self._contexts.popitem(last=False)
        _, context, prepared = self._contexts[key]
        return context, prepared

    async def repair(self, draft: Draft, verdicts: Sequence[Verdict], material: Material) -> Draft:
        """Ask once for corrections of the refused sentences; what is not mended stays refused and will be removed."""
        if draft.task == "suggestions":
            # Each recommendation stands as a prepared sentence; nothing is lost, and a round stays within six calls.
            return without(draft, verdicts)
        refused = [v for v in verdicts if not v.stands]
        context, prepared = self._context(material)
        lines = [f"{v.claim.id}: {v.claim.text} — refused: {'; '.join(v.reasons)}" for v in refused]
        facts = relevant_lines(context, [v.claim for v in refused])
        text = "\n\n".join((prompt("rules"), facts, prompt("repair"), "\n".join(lines)))
        try:
            form = await self._asker.ask(text, RepairForm, prompt_sha256=prompts_sha256("rules", "repair"))
        except ModelFailed:
            return without(draft, verdicts)
        known = prepared_claims(prepared)
        wanted = {v.claim.id for v in refused}
        mended: dict[str, Claim] = {}
        for one in form.sentences:
            if one.id in wanted:
                mended[one.id] = to_claim(one.sentence, one.id, known, material, tainted=draft.tainted)
        sections = tuple(
            Section(title=s.title, claims=tuple(mended.get(c.id, c) for c in s.claims)) for s in draft.sections
        )
        return draft.model_copy(update={"sections": sections})


_FURTHER = get_args(FurtherType)
