"""Propose: compose FHIR from what stands, set tiers by policy, open the review item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from langgraph.runtime import Runtime

from agents.literature import literature_sections, supported
from agents.reasoner import Material
from agents.suggest import suggestions
from chart.appraisal import Appraisal
from claims.author import Author
from claims.claim import Draft
from claims.compose import composes, composition, sources
from claims.derived_id import target_id
from claims.suggestion import NotSuggested, Suggestion
from graphs.carrying import carried_over
from graphs.drafting import drafts_of
from graphs.fitting import LeftOut, fitted, proposable, validated
from graphs.node import material_in, run_of
from graphs.prepared import Prepared, author_of, entries_of, prepared_of
from graphs.putting_up import Composed, put_up
from graphs.services import Services
from graphs.state import RoundState
from review.policy import Label
from review.proposal import Draft as EntryDraft
from store.runs import Run


async def propose(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """Open one review item for the round, or none when there is nothing to write.

    Raises:
        review.errors.NeverProposed, ProposalUnusable: when the policy forbids what was composed.
        review.errors.RoundOver: when the round was ended meanwhile.
    """
    services = runtime.context
    run = run_of(services, state["run_id"])
    material = material_in(state, services)
    prepared = prepared_of(run, services)
    drafts = drafts_of(services, state["verified"]) if state.get("verified") else []
    due, others = ((), ()) if prepared else suggestions(material)
    due = supported(due, drafts)
    author = author_of(prepared, services) if prepared else services.author
    entries = _entries(drafts, due, run, state, material, author)
    if prepared:
        entries = [*entries_of(prepared), *(_tainted(one, prepared) for one in entries)]
    entries = await fitted(services, entries)
    entries, carried = (entries, []) if prepared else carried_over(services, run, entries)
    entries = await validated(services, entries, author)
    if prepared is None:
        entries, left = _proposable(entries, run, author, services)
        due, others = _without(due, others, left)
    found = Composed(
        run=run,
        material=material,
        prepared=prepared,
        author=author,
        entries=tuple(entries),
        drafts=tuple(drafts),
        due=due,
        others=others,
        carried=tuple(carried),
    )
    while (changed := put_up(found, state, services)) is None:
        pass  # a switch was thrown meanwhile
    return changed


def after_propose(state: RoundState) -> str:
    """To the approval, or to the end when nothing is put before people."""
    return "close" if state.get("outcome") in ("nothing_to_write", "silent") else "approve"


def _proposable(
    entries: Sequence[EntryDraft], run: Run, author: Author, services: Services
) -> tuple[list[EntryDraft], list[LeftOut]]:
    """A guideline's action that may not be proposed is left out and said; whatever else may not is a fault."""
    proposed, left = proposable([one for one in entries if one.task == "suggestions"], run, author, services)
    return [one for one in entries if one.task != "suggestions" or one in proposed], left


def _without(
    due: Sequence[Suggestion], others: Sequence[NotSuggested], left: Sequence[LeftOut]
) -> tuple[tuple[Suggestion, ...], tuple[NotSuggested, ...]]:
    """The suggestions that stand, and those that do not with one more reason."""
    why = {one.draft.title: one.why for one in left}
    withheld = (
        NotSuggested(guideline=f"{s.guideline.id}|{s.guideline.version}", why="withheld", detail=why[s.title])
        for s in due
        if s.title in why
    )
    return tuple(s for s in due if s.title not in why), (*others, *withheld)


def _tainted(one: EntryDraft, prepared: Prepared) -> EntryDraft:
    return replace(one, labels=one.labels | {"tainted"}) if prepared.tainted else one


def _entries(
    drafts: Sequence[Draft],
    due: Sequence[Suggestion],
    run: Run,
    state: RoundState,
    material: Material,
    author: Author,
) -> list[EntryDraft]:
    entries: list[EntryDraft] = []
    for one in drafts:
        if not composes(one):
            continue
        body = composition(
            one,
            resource_id=target_id(run.run_id, len(entries) + 1, state["revision"]),
            patient=run.patient,
            as_of=run.as_of,
            author=author,
            beside=literature_sections(drafts) if one.task == "summary" else (),
        )
        entries.append(
            EntryDraft(
                task=one.task,
                title=body["title"],
                resource=body,
                sources=sources([c for claim in one.claims for c in claim.citations]),
                labels=_labels(one, material),
            )
        )
    if any(d.task == "suggestions" for d in drafts):
        entries.extend(_suggested(s, material) for s in due)
    return entries


def _labels(one: Draft, material: Material) -> frozenset[Label]:
    found: set[Label] = set()
    # The offline reasoner never lets note text choose its words; what a model took from notes, or wrote after reading
    # planted text, is tainted.
    if any(c.tainted for c in one.claims):
        found.add("tainted")
    if material.failed:
        found.add("incomplete-checks")
    return frozenset(found)


def _suggested(suggestion: Suggestion, material: Material) -> EntryDraft:
    labels: set[Label] = set()
    if {c.reference.split("/_history/")[0] for c in suggestion.because} & material.appraisal.doubtful:
        labels.add("doubtful-source")
    if material.failed:
        labels.add("incomplete-checks")
    medication = suggestion.action.get("medicationCodeableConcept")
    return EntryDraft(
        task="suggestions",
        title=suggestion.title,
        resource=suggestion.action,
        sources=sources(suggestion.because),
        labels=frozenset(labels),
        medication_class=medication_class_of(medication, material.appraisal) if medication else None,
    )


def medication_class_of(medication: object, appraisal: Appraisal) -> str | None:
    """The riskiest class that the medication table knows for a proposed medicine; ``None`` for an unknown one."""
    if not isinstance(medication, dict):
        return None
    words = medication.get("text") or next(
        (c.get("display") for c in medication.get("coding", ()) if c.get("display")), ""
    )
    drug = appraisal.drug_table.read(str(words))
    if not drug.known:
        return None
    risky = sorted(drug.classes & appraisal.drug_table.high_risk)
    return risky[0] if risky else sorted(drug.classes)[0]
