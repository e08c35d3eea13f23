"""What a round gives: the JSON of `run --json`, built once when the item opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from agents.offline.accounting import claim_naming, spoken_for
from agents.offline.act_first import claim_of
from agents.offline.doubts import noticed
from agents.plan import NO_SUGGESTIONS_WITHOUT
from agents.reasoner import Material
from chart.comparison import compare
from chart.covered import Covered, covered
from chart.moment import moment_of
from chart.trends import Movement
from claims.claim import Claim, Draft
from claims.page import page, unsaid
from claims.suggestion import NotSuggested, Suggestion
from graphs.exhibits import facts_shown, series_shown
from graphs.limits import not_supported, outside_tables
from graphs.prepared import Prepared
from graphs.services import Services
from graphs.timeline import timeline_shown
from review.proposal import Proposal
from store.runs import Run
from tools.literature.shelf import NO_INDEX


def result_of(
    run: Run,
    material: Material,
    drafts: Sequence[Draft],
    due: Sequence[Suggestion],
    others: Sequence[NotSuggested],
    proposal: Proposal | None,
    services: Services,
    *,
    prepared: Prepared | None = None,
    carried: Sequence[Mapping[str, Any]] = (),
    said: Sequence[str] = (),
) -> dict[str, Any]:
    """The result without what changes later (status, item, ledger).

    Args:
        run: the round's row.
        material: what was read.
        drafts: what stands.
        due: what guidelines suggest.
        others: what they do not.
        proposal: what was composed, if anything.
        services: the round's surroundings.
        prepared: what the proposal was made from, when no reasoner drafted it.
        carried: what people did to the proposal that this one takes the place of; see `graphs.carrying`.
        said: what was left out because somebody switched it off, in sentences.
    """
    name, revision = (run.model_name, run.model_revision) if prepared else services.reasoner.model
    planted = noticed(material)
    looked = _foot(material, others, drafts) if prepared is None or prepared.watch == "chart" else [_NOT_READ]
    looked[:0] = [*said, *unsaid(drafts, planted)]
    tiers = {e.title: e.tier for e in proposal.entries if e.task == "suggestions"} if proposal else {}
    critical = [claim_of(f, material, f"k{i}") for i, f in enumerate(material.appraisal.of("critical"), start=1)]
    shown = [d.model_dump(mode="json") for d in drafts]
    for one in shown:
        if one["task"] == "comparison":
            one["comparison"] = _comparison(material)
    return {
        "run_id": run.run_id,
        "patient": run.patient,
        "as_of": run.as_of.isoformat(),
        "reasoner": run.reasoner if prepared else services.reasoner.name,
        "model": {"name": name, "revision": revision},
        "prepared": None if prepared is None else {"by": prepared.prepared_by, "lines": list(prepared.page)},
        **({"imaging": prepared.look.model_dump()} if prepared and prepared.look else {}),
        "carried": list(carried),
        "page": list(
            page(
                drafts,
                head=[*_head(run, material, critical, name, prepared), *map(_carried, carried)],
                foot=looked,
                kept=planted,
            )
        ),
        "critical": [{"text": c.text, "citations": [x.model_dump() for x in c.citations]} for c in critical],
        "drafts": shown,
        "accounted": [] if prepared else _accounted(material, drafts),
        "suggestions": [
            {**s.model_dump(mode="json"), "tier": tiers.get(s.title, s.tier)} for s in due if "suggestions" in run.tasks
        ],
        "not_suggested": [n.model_dump(mode="json") for n in others],
        "coverage": [asdict(line) for line in (*material.coverage.values(), *material.literature.coverage)],
        "tables": [] if prepared else [_coverage_of(one) for one in covered(material.appraisal)],
        "literature": _literature(drafts, material),
        "looked": looked,
        "facts": facts_shown(drafts, due, material.appraisal),
        "series": series_shown(drafts, due, material.appraisal),
        "timeline": None if prepared else timeline_shown(material.appraisal),
    }


_NOT_READ = "The chart was not read for this."


def _head(
    run: Run, material: Material, critical: Sequence[Claim], model: str | None, prepared: Prepared | None
) -> list[str]:
    lines = [c.text for c in critical]
    if prepared is None:
        by = "rules only, not a model" if model is None else f"worded by {model}, checked by code"
        lines.append(f"Pre-round · chart as of {moment_of(run.as_of).words()} · {by} · a draft: check before use")
    else:
        lines += [f"Prepared: {prepared.prepared_by} · not drafted in a round: check before use", *prepared.page]
    lines.extend(f"COULD NOT READ {c.query.partition('?')[0]}: {c.error}" for c in material.failed[:5])
    for kind in sorted(NO_SUGGESTIONS_WITHOUT):
        if count := material.not_understood(kind):
            lines.append(f"COULD NOT UNDERSTAND {count} {kind}: open the chart, they are on no line below")
    return lines


def _carried(note: Mapping[str, Any]) -> str:
    return f"From the proposal before: {note['title']}: {note['said']}."


def _unread(material: Material) -> str:
    """How many notes had no text to read, and of what kind the first was."""
    unread = material.appraisal.chart.unreadable
    if not unread:
        return ""
    return f", {len(unread)} notes not read as text ({next(iter(unread.values()))})"


def _own(material: Material) -> str:
    own = len(material.appraisal.chart.left_out.get("own_text", ()))
    return f", {own} written in an earlier round" if own else ""


def _foot(material: Material, others: Sequence[NotSuggested], drafts: Sequence[Draft]) -> list[str]:
    counts = material.appraisal.chart.counts
    read = sum(counts.values())
    cut = [c.query.partition("?")[0] for c in material.coverage.values() if c.truncated]
    left = material.appraisal.chart.left_out
    wrong = len(left.get("entered-in-error", ())) + len(left.get("refuted", ())) + len(left.get("cancelled", ()))
    lines = [
        f"Read {read} resources, {'cut: ' + ', '.join(cut) if cut else 'nothing cut'}; "
        f"left out {wrong} entered in error, refuted or cancelled, "
        f"{len(left.get('after_as_of', ()))} dated later, {len(left.get('not_understood', ()))} not understood"
        f"{_unread(material)}{_own(material)}. "
        f"{material.appraisal.pairs_checked} named drug pairs checked. Not looked: pharmacy fills, outside records."
    ]
    lines[:0] = dict.fromkeys(line for one in drafts for line in one.notice)
    lines[:0] = [f"NOT ANSWERED: {one.refusal}" for one in drafts if one.refusal]
    unchecked = [n for n in others if n.why in ("could_not_check", "withheld")]
    if unchecked:
        lines.insert(
            0,
            "Guidelines: "
            + " · ".join(f"{n.guideline.partition('|')[0]} {_WHY[n.why]}: {n.detail}" for n in unchecked[:4]),
        )
    lines[:0] = [*not_supported(material.appraisal)]
    lines[:0] = _looked_up(material)
    masked = material.appraisal.chart.masked
    if masked:
        said = ", ".join(f"{count} {title}" for title, count in sorted(masked.items()))
        lines.insert(0, f"Masked by policy: {said}. Whoever may see them opens the chart itself.")
    return [*outside_tables(material.appraisal), *lines]


def _coverage_of(one: Covered) -> dict[str, Any]:
    return {"what": one.what, "known": one.known, "total": one.total, "unknown": list(one.unknown)}


def _looked_up(material: Material) -> list[str]:
    """What was looked up, where there is a literature to look into."""
    asked = [c for c in material.literature.coverage if c.query != NO_INDEX]
    if not asked:
        return []
    failed = [f"could not ask {c.query.partition(':')[0]}: {c.error}" for c in asked if c.error]
    left = [f"left out {document} ({why})" for document, why in material.literature.left_out]
    said = f"{len(material.literature.printed)} passages in {len(asked)} searches"
    return [f"Literature: {'; '.join((said, *dict.fromkeys(failed), *left[:4]))}."]


def _literature(drafts: Sequence[Draft], material: Material) -> list[dict[str, Any]]:
    """The passages that sentences cite, whole, as they were read."""
    cited = {p.address.rpartition("#")[0] for d in drafts for c in d.claims for p in c.passages}
    return [one.model_dump(mode="json") for key, one in material.literature.printed.items() if key in cited]


_WHY = {"could_not_check": "could not be checked", "withheld": "withheld"}


def _accounted(material: Material, drafts: Sequence[Draft]) -> list[dict[str, Any]]:
    speaking = spoken_for(material)
    return [
        {"reference": a.fact.reference, "as": a.shown_as, "in": claim_naming(a, drafts, speaking)}
        for a in material.appraisal.accounted
    ]


def _comparison(material: Material) -> dict[str, Any]:
    """Both windows, measurement by measurement, for those who want more than the page."""
    found = compare(material.appraisal, since=material.brief.since)
    windows = [w for w in (found.latest, found.year) if w]
    return {
        "windows": [
            {
                "title": w.title,
                "start": w.start.isoformat(),
                "end": w.end.isoformat(),
                "measurements": [_movement(m, material) for m in w.movements],
            }
            for w in windows
        ],
        "medications": [
            {
                "what": c.what,
                "name": c.course.drug.short,
                "reference": c.order.citation,
                "date": c.order.when.text if c.order.when else None,
            }
            for c in found.courses
        ],
        "renewed": found.renewed,
        "problems_new": [{"name": f.name, "reference": f.citation} for f in found.new_problems],
        "problems_resolved": [{"name": f.name, "reference": f.citation} for f in found.resolved_problems],
    }


def _movement(move: Movement, material: Material) -> dict[str, Any]:
    what = material.appraisal.table.by_key[move.key]
    return {
        "measurement": what.name,
        "unit": what.unit,
        "first": {
            "value": str(move.first.value),
            "date": move.first.when.text,
            "reference": move.first.fact.citation,
            "fact": move.first.fact.id,
        },
        "last": {
            "value": str(move.last.value),
            "date": move.last.when.text,
            "reference": move.last.fact.citation,
            "fact": move.last.fact.id,
        },
        "change": str(move.difference),
        "direction": move.direction,
        "crossed": move.crossed,
    }
