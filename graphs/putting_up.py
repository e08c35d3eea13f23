"""Putting a round's proposal before people: what the switches let through becomes an item, with its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agents.plan import MUST_LOOK
from agents.reasoner import Material
from chart.appraisal import Appraisal
from chart.identity import identity_of
from chart.service import services_of
from claims.author import Author
from claims.claim import Draft
from claims.suggestion import NotSuggested, Suggestion
from graphs.node import keep
from graphs.prepared import Prepared
from graphs.result import result_of
from graphs.services import Services
from graphs.silence import keep_silent
from graphs.state import RoundState
from graphs.switched import Parted, parted
from review.card import About
from review.entry import Draft as EntryDraft
from review.opening import open_in
from review.proposal import Proposal
from review.proposal import propose as build_proposal
from review.switches import standing
from store import runs
from store.runs import Run
from store.switches import in_force


@dataclass(frozen=True, kw_only=True, slots=True)
class Composed:
    """What a round has to propose, before the switches are asked."""

    run: Run
    """The round."""
    material: Material
    """What was read."""
    prepared: Prepared | None
    """What it was made from, when no reasoner drafted it."""
    author: Author
    """What drafted it."""
    entries: tuple[EntryDraft, ...]
    """What would be written."""
    drafts: tuple[Draft, ...]
    """What stands."""
    due: tuple[Suggestion, ...]
    """What guidelines suggest."""
    others: tuple[NotSuggested, ...]
    """What they do not."""
    carried: tuple[Mapping[str, Any], ...]
    """What people did to the proposal before."""


def put_up(found: Composed, state: RoundState, services: Services) -> RoundState | None:
    """Open the item and keep the result; None when a switch was thrown since the switches were asked."""
    run, switches = found.run, standing(services.db)
    by = parted(switches, run, found.author, found.entries)
    shown = _shown(found, by)
    proposal: Proposal | None = None
    if by.live:
        proposal = build_proposal(
            run_id=run.run_id,
            patient=run.patient,
            as_of=run.as_of,
            revision=state["revision"],
            author=found.author,
            drafts=by.live,
            based_on=_based_on(found.prepared, found.material.appraisal),
            policy=services.policy,
        )
    result = result_of(
        run,
        found.material,
        shown.drafts,
        shown.due,
        shown.others,
        proposal,
        services,
        prepared=found.prepared,
        carried=found.carried,
        said=by.said,
    )
    # What was read, and from which proposal on this is its page: a later version of the round replaces it.
    result |= {
        "evidence": state["evidence"][state.get("since", 0) :],
        "refreshable": state.get("refreshable", False),
        "revision": state["revision"],
    }
    unheard = bool(by.silent) and not by.live
    sha = None if unheard else keep(services, run.run_id, result, "result")
    # Item, page and status change together, so that no kill leaves an item of a round that does not wait for it.
    with services.db.write() as connection:
        if in_force(connection) != switches:
            return None
        now = services.clock.now()
        if state["revision"] == 1:
            keep_silent(connection, run, by.silent, found.drafts, now=now)
        if sha is not None:
            runs.set_result(connection, run.run_id, sha, now=now)
        if proposal is None:
            return {"outcome": "silent" if unheard else "nothing_to_write"}
        item = open_in(
            connection,
            proposal,
            policy=services.policy,
            now=now,
            replaces=state.get("item_id"),
            # Two notes of one patient stand side by side; two summaries don't.
            supersede_tasks=() if found.prepared else run.tasks,
            about=_about(run, found.material.appraisal, result),
        )
        runs.set_status(connection, run.run_id, from_={"running"}, to="awaiting_review", now=now)
    return {"item_id": item.item_id, "proposal_sha256": proposal.proposal_sha256}


def _shown(found: Composed, by: Parted) -> Composed:
    """What of it may stand on the page."""
    drafts = tuple(one for one in found.drafts if one.task not in by.hidden)
    if "suggestions" in by.hidden:
        return replace(found, drafts=drafts, due=(), others=())
    live = {one.title for one in by.live}
    return replace(found, drafts=drafts, due=tuple(one for one in found.due if one.title in live or not by.said))


def _about(run: Run, appraisal: Appraisal, result: Mapping[str, Any]) -> About:
    """What the queue says of the patient, so that it need not open a chart to say it."""
    return About(
        identity=identity_of(appraisal.chart.resources.get(run.patient, {}), run.patient),
        critical=tuple(one["text"] for one in result["critical"]),
        services=services_of(appraisal.chart.resources.values()),
    )


def watched(appraisal: Appraisal) -> tuple[str, ...]:
    """Versioned references of every must-look resource that was read: the freshness check compares with them."""
    return tuple(
        f"{reference}/_history/{version}" if version else reference
        for reference, version in appraisal.chart.versions.items()
        if reference.partition("/")[0] in MUST_LOOK
    )


def _based_on(prepared: Prepared | None, appraisal: Appraisal) -> tuple[str, ...]:
    if prepared is None:
        return watched(appraisal)
    return (*prepared.based_on, *(watched(appraisal) if prepared.watch == "chart" else ()))
