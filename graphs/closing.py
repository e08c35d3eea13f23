"""Close: seal the ledger and say how the round ended."""

from __future__ import annotations

from langgraph.runtime import Runtime

from graphs.services import Services
from graphs.state import RoundState
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
}


async def close(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """Set the round's last status; a status that is already final stays."""
    services = runtime.context
    with services.db.write() as connection:
        runs.set_status(
            connection,
            state["run_id"],
            from_=UNFINISHED,
            to=_ENDS[state["outcome"]],
            now=services.clock.now(),
            detail="The FHIR server refused the write; see the item's receipt."
            if state["outcome"] == "failed"
            else None,
        )
    return {}
