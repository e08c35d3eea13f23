"""The reasoner on a chat model: a call to ask for more, one to read the notes, one a draft, one to mend them all."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from agents.models.asking import Asker
from agents.models.reply import ModelFailed
from agents.offline.comparison import comparison
from agents.offline.reasoner import without
from agents.offline.suggestions import suggestion_draft
from agents.offline.summary import summary
from agents.plan import Plan, ToolCall
from agents.prompts import prompt, prompts_sha256
from agents.reasoner import Brief, Judged, Material
from agents.worded import notes
from agents.worded.answers import AnswerForm, DraftForm, FurtherType, MoreForm, NotesForm, RepairForm, SectionForm
from agents.worded.context import BUDGET, QUESTION_BUDGET, Context, build_context
from agents.worded.drafts import LETTERS, prepared_claims, to_draft
from agents.worded.folding import ChartTooLarge
from agents.worded.mending import mend, to_mend
from chart.manifest import manifest, manifest_lines
from claims.claim import Draft, Removed, Section, Task
from tools.tally import Tally

_FURTHER = get_args(FurtherType)
_SPARE = 96
"""Tokens for the template around a prompt, and for counting text in parts."""
MANIFEST_BUDGET = 900
"""Tokens of what the chart holds, where a model says what else it wants."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """What the drafts of a round are made from, built once."""

    context: Context
    """The prompts' common beginning."""
    prepared: tuple[Draft, ...]
    """Drafts by rule."""
    read: notes.Read
    """What the model read in the notes."""

    @property
    def notice(self) -> tuple[str, ...]:
        """What the model was not shown, in one sentence; nothing where it saw all."""
        unseen = (*self.context.folded, *self.read.unread)
        return (f"Not shown to the model, for want of room: {', '.join(unseen)}.",) if unseen else ()


class WordedReasoner:
    """Code prepares sentences that stand; the model chooses among them, connects and words.

    Args:
        asker: the model.
        name: ``vllm``, ``transformers`` or ``scripted``.
        model: name and revision of the model.
    """

    def __init__(self, asker: Asker, *, name: str, model: tuple[str | None, str | None]) -> None:
        self._asker = asker
        # Kept with the chart that each belongs to, so that its identity cannot be taken by another.
        self._ready: OrderedDict[tuple[int, Brief], tuple[Material, Ready | ChartTooLarge]] = OrderedDict()
        self._preparing = asyncio.Lock()
        self.name = name
        self.model = model
        self.tasks: tuple[Task, ...] = tuple(LETTERS)

    @property
    def spent(self) -> Tally:
        """What its calls have cost."""
        return self._asker.spent

    @property
    def room(self) -> int | None:
        """Tokens that a prompt may have; ``None`` where it is not known."""
        return self._asker.room

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
        holds = manifest_lines(manifest(material.appraisal.chart), cost=self._asker.tokens, budget=MANIFEST_BUDGET)
        text = "\n\n".join((prompt("rules"), prompt("more"), "\n".join(lines), "\n".join(holds), order))
        try:
            form = await self._asker.ask(text, MoreForm, prompt_sha256=prompts_sha256("rules", "more"))
        except ModelFailed:
            # The must-look set is read already: a model that cannot say what else it wants goes on with that.
            return ()
        return [ToolCall(tool="fhir_search", resource_type=c.resource_type, reason=c.reason) for c in form.calls]

    async def draft(self, task: Task, material: Material) -> Draft:
        """One draft. A model without a usable answer leaves the prepared draft, and the reason among the removed."""
        try:
            ready = await self._made_ready(material)
        except ModelFailed as error:
            return _fallen_back(task, _by_rule(material), error)
        text = "\n\n".join((prompt("rules"), ready.context.text, *_order(task, material.brief)))
        sha = prompts_sha256("rules", task)
        try:
            if task == "question":
                answer = await self._asker.ask(text, AnswerForm, prompt_sha256=sha)
                made = _answered(answer, material, ready.prepared)
            else:
                form = await self._asker.ask(text, DraftForm, prompt_sha256=sha)
                known = {**prepared_claims(ready.prepared), **{c.id: c for c in ready.read.claims}}
                made = to_draft(task, form.sections, known, material, tainted=material.tainted)
        except ModelFailed as error:
            made = _fallen_back(task, ready.prepared, error)
        if task == "summary":
            made = _with_notes(made, ready.read)
        return made.model_copy(update={"notice": ready.notice})

    async def repair(self, judged: Sequence[Judged], material: Material) -> Sequence[Draft]:
        """Ask once for corrections of all refused sentences; what is not mended stays refused and will be removed.

        Each recommendation stands as a prepared sentence: a refused addition to them is left out and costs no call.
        """
        back = [(draft, refused) for draft, refused in judged if draft.task != "suggestions"]
        kept = {id(draft): without(draft, refused) for draft, refused in judged}
        if back:
            try:
                ready = await self._made_ready(material)
                text = to_mend(back, ready.context, self._fits)
                form = await self._asker.ask(text, RepairForm, prompt_sha256=prompts_sha256("rules", "repair"))
            except ModelFailed:
                return [kept[id(draft)] for draft, _ in judged]
            known = {**prepared_claims(ready.prepared), **{c.id: c for c in ready.read.claims}}
            kept |= {id(draft): mend(draft, refused, form, known, material) for draft, refused in back}
        return [kept[id(draft)] for draft, _ in judged]

    async def _made_ready(self, material: Material) -> Ready:
        """What a chart's drafts are made from, once: the drafts of a round share it byte for byte.

        Raises:
            ChartTooLarge: the must-look set does not fit the served context.
            ModelAway: no answer while the notes were read.
        """
        # One chart may be asked for a page and for an answer; a reviewer's words change neither facts nor notes.
        key = (id(material.appraisal), replace(material.brief, feedback=None))
        async with self._preparing:
            if key not in self._ready:
                self._ready[key] = (material, await self._prepare(material))
                while len(self._ready) > 2:
                    self._ready.popitem(last=False)
            _, found = self._ready[key]
        if isinstance(found, ChartTooLarge):
            raise found
        return found

    async def _prepare(self, material: Material) -> Ready | ChartTooLarge:
        prepared = _by_rule(material)
        read = await self._read_notes(material) if "summary" in material.brief.tasks else notes.Read()
        try:
            # Counting tokens may ask a server, so it is kept out of the loop's own thread.
            context = await asyncio.to_thread(self._context, material, prepared, read)
        except ChartTooLarge as error:
            return error
        return Ready(context=context, prepared=prepared, read=read)

    def _context(self, material: Material, prepared: tuple[Draft, ...], read: notes.Read) -> Context:
        brief = material.brief
        question = brief.question or "" if brief.tasks == ("question",) else None
        around = max(self._asker.tokens("\n\n".join((prompt("rules"), *_order(t, brief)))) for t in brief.tasks)
        budget = QUESTION_BUDGET if question is not None else BUDGET
        if self._asker.room is not None:
            budget = min(budget, self._asker.room - around - _SPARE)
        found = Draft(task="summary", sections=(Section(title=notes.TITLE, claims=read.claims),))
        made = (*prepared, found) if read.claims else prepared
        return build_context(material, made, self._asker.tokens, budget=budget, question=question)

    async def _read_notes(self, material: Material) -> notes.Read:
        room = self._asker.room
        asked = prompt("notes")
        budget = notes.BUDGET if room is None else min(notes.BUDGET, room - self._asker.tokens(asked) - _SPARE)
        given = await asyncio.to_thread(notes.offered, material, self._asker.tokens, budget=budget)
        if not given.by_id:
            return notes.Read(unread=given.unread)
        try:
            form = await self._asker.ask(f"{asked}\n\n{given.text}", NotesForm, prompt_sha256=prompts_sha256("notes"))
        except ModelFailed as error:
            return notes.unreadable(str(error), given)
        return notes.read(form, given, material)

    def _fits(self, text: str) -> bool:
        room = self._asker.room
        return room is None or self._asker.tokens(text) + _SPARE <= room


def _by_rule(material: Material) -> tuple[Draft, ...]:
    return (summary(material), comparison(material), suggestion_draft(material))


def _order(task: Task, brief: Brief) -> tuple[str, ...]:
    """What stands behind the facts: the task, the question, a reviewer's words."""
    parts = [prompt(task)]
    if task == "question":
        parts.append(f"Question: {brief.question or ''}")
    if brief.feedback:
        parts.append(f"The reviewer sent the last draft back with these words: {brief.feedback}")
    return tuple(parts)


def _answered(answer: AnswerForm, material: Material, prepared: Sequence[Draft]) -> Draft:
    sections = [SectionForm(title="Answer", sentences=answer.sentences)] if answer.sentences else []
    made = to_draft("question", sections, prepared_claims(prepared), material, tainted=material.tainted)
    if made.claims or not answer.refusal:
        return made
    return made.model_copy(update={"refusal": " ".join(answer.refusal.split())})


def _fallen_back(task: Task, prepared: Sequence[Draft], error: ModelFailed) -> Draft:
    own = next((d for d in prepared if d.task == task), Draft(task=task, sections=()))
    note = Removed(text="(the model's draft)", reason=f"{error} The prepared sentences stand in its place.")
    return own.model_copy(update={"removed": (*own.removed, note)})


def _with_notes(draft: Draft, read: notes.Read) -> Draft:
    """The summary with what was read in notes and not taken over, so that a model cannot leave it out."""
    left = notes.missing(read, draft.claims)
    sections = (*draft.sections, Section(title=notes.TITLE, claims=left)) if left else draft.sections
    return draft.model_copy(update={"sections": sections, "removed": (*draft.removed, *read.removed)})
