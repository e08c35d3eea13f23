"""Close: seal the ledger and say how the round ended."""

from __future__ import annotations

from langgraph.runtime import Runtime

from graphs.services import Services
from graphs.state import RoundState
from review.queue import outbox_for
from store import runs
from store.runs import UNFINISHED, RunStatus

_ENDS: dict[str, RunStatus] = {
    "nothing_to_write": "nothing_to_write",
    "written": "written",
    "partly_written": "partly_written",
    "failed": "failed",
    "rejected": "rejected",
    "expired": "expired",
    "stale": "stale",
    "superseded": "superseded",
    "cancelled": "cancelled",
    "silent": "silent",
}


async def close(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """Set the round's last status; a status that is already final stays."""
    services = runtime.context
    detail = _refusal(services, state) if state["outcome"] in ("failed", "partly_written") else None
    with services.db.write() as connection:
        runs.set_status(
            connection,
            state["run_id"],
            from_=UNFINISHED,
            to=_ENDS[state["outcome"]],
            now=services.clock.now(),
            detail=detail,
        )
    return {}


def _refusal(services: Services, state: RoundState) -> str | None:
    """What the FHIR server said to the first entry that it did not accept."""
    refused = (row for row in outbox_for(services.db, state["item_id"]) if row.state == "refused")
    return next((f"Entry {row.entry} was not written: {row.last_error}" for row in refused), None)
