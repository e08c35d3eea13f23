"""From guideline outcomes to suggestions, with every reason turned into a citation of this chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from agents.plan import NO_SUGGESTIONS_WITHOUT
from agents.reasoner import Material
from chart.appraisal import Appraisal
from chart.chart import Chart
from chart.fhirpath import resolve
from chart.proposed import Checked, check
from claims.claim import Citation
from claims.suggestion import Guideline, NotSuggested, NotWhy, Suggestion
from tools.guidelines.outcome import Evidence, Outcome

SHOWN = 5
"""At most so many are shown; the rest is counted."""


def suggestions(material: Material) -> tuple[tuple[Suggestion, ...], tuple[NotSuggested, ...]]:
    """What to suggest and what not, and why not.

    Where allergies, problems or medicines could not be read nothing is suggested: the outcome is ``could_not_check``.
    """
    blind = [c.query.partition("?")[0] for c in material.failed if c.query.partition("?")[0] in NO_SUGGESTIONS_WITHOUT]
    due: list[Suggestion] = []
    others: list[NotSuggested] = []
    for outcome in material.outcomes:
        name = f"{outcome.recommendation.id}|{outcome.recommendation.version}"
        if outcome.why == "due" and outcome.action is not None and not blind:
            checked = _checked(outcome.action, material.appraisal)
            if checked and checked.against:
                detail = f"Due, and withheld: {' '.join(one.words for one in checked.against)}"
                others.append(NotSuggested(guideline=name, why="withheld", detail=detail))
                continue
            because = _because(outcome.because, material.appraisal.chart)
            if because:
                due.append(_suggestion(outcome, because, f"g{len(due) + 1}", checked))
                continue
            others.append(
                NotSuggested(
                    guideline=name, why="could_not_check", detail="No fact of the chart could be cited for it."
                )
            )
        elif blind and outcome.why in ("due", "not_applicable"):
            # That it does not apply was concluded from a chart with a hole in it.
            detail = f"Could not read {', '.join(blind)}."
            others.append(NotSuggested(guideline=name, why="could_not_check", detail=detail))
        elif outcome.why in get_args(NotWhy):
            others.append(NotSuggested(guideline=name, why=outcome.why, detail=outcome.detail))
    folded = [
        NotSuggested(
            guideline=f"{s.guideline.id}|{s.guideline.version}",
            why="withheld",
            detail="Due, folded behind the first five.",
        )
        for s in due[SHOWN:]
    ]
    return tuple(due[:SHOWN]), (*others, *folded)


def _checked(action: Mapping[str, Any], appraisal: Appraisal) -> Checked | None:
    """The proposed medicine beside the chart; none where nothing is proposed to be taken."""
    concept = action.get("medicationCodeableConcept")
    if concept is None or action.get("doNotPerform"):
        return None
    names = [str(each["display"]) for each in concept.get("coding", ()) if each.get("display")]
    return check(next(iter([*names, str(concept.get("text", ""))])), appraisal)


def _suggestion(
    outcome: Outcome, because: tuple[Citation, ...], suggestion_id: str, checked: Checked | None
) -> Suggestion:
    found = outcome.recommendation
    return Suggestion(
        id=suggestion_id,
        title=found.title,
        rationale=outcome.detail,
        strength=f"{found.strength} (grade {found.grade})",
        tier=2,
        guideline=Guideline(
            id=found.id,
            version=found.version,
            in_force={"start": found.start.isoformat(), "end": found.end.isoformat() if found.end else None},
            citation=found.citation,
            url=found.url,
            publisher=found.publisher,
        ),
        because=because,
        action=dict(outcome.action or {}),
        checks=checked.words if checked else "",
    )


def _because(evidence: Sequence[Evidence], chart: Chart) -> tuple[Citation, ...]:
    by_reference = {f.reference: f for f in reversed((chart.patient, *chart.facts))}
    found = []
    for one in evidence:
        fact, resource = by_reference.get(one.reference), chart.resources.get(one.reference)
        if fact is None or resource is None or one.value is None:
            continue
        if resolve(resource, one.path) == one.value:
            found.append(Citation(reference=fact.citation, path=one.path, value=one.value, fact=fact.id))
    return tuple(found)
