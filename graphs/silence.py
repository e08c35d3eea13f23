"""What a round proposes in silence: kept and checked as any other, and never made an item.

Without an item there is nothing to list, open, sign or write: the queue, the API, CDS Hooks, MCP and Tasks read items.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from claims.claim import Draft
from claims.derived_id import derived_id
from review.entry import Draft as EntryDraft
from review.switches import guidelines_of
from store import artifacts, silence
from store.database import Transaction
from store.runs import Run
from store.silence import SilentEntry

KIND = "silent"
"""The kind of the artifacts."""


def keep_silent(
    connection: Transaction, run: Run, entries: Sequence[EntryDraft], drafts: Sequence[Draft], *, now: datetime
) -> None:
    """Keep entries that nobody is shown, to be compared with what is done.

    The same recommendation for the same patient counts once until it was compared, however many rounds propose it.

    Args:
        connection: the transaction in which the round's other entries are put before people.
        run: the round.
        entries: its silent entries.
        drafts: its drafts, for how many sentences stood.
        now: wall time.
    """
    by_task = {one.task: one for one in drafts}
    for n, entry in enumerate(entries, start=1):
        guideline = next(iter(guidelines_of(entry)), None)
        if guideline and silence.asked_already(connection, patient=run.patient, guideline=guideline):
            continue
        draft = by_task.get(entry.task) if guideline is None else None
        body = {
            "title": entry.title,
            "resource": entry.resource,
            "stands_for": entry.stands_for,
            "sources": list(entry.sources),
            "claims": sum(len(section.claims) for section in draft.sections) if draft else 0,
            "removed": len(draft.removed) if draft else 0,
        }
        kept = SilentEntry(
            entry_id=derived_id("silent", run.run_id, n),
            run_id=run.run_id,
            n=n,
            patient=run.patient,
            task=entry.task,
            kind=str(entry.resource["resourceType"]),
            site=run.site,
            guideline=guideline,
            artifact_sha256=artifacts.put_json(connection, body, kind=KIND, run_id=run.run_id, now=now),
            as_of=run.as_of,
            proposed=now,
        )
        silence.insert(connection, kept)
