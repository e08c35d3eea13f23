"""A round of a scenario as people see it."""

from __future__ import annotations

from typing import Any

from preround.doing import rounds
from preround.replay.stage import Stage
from review.queue import show


def seen(stage: Stage, run_id: str) -> dict[str, Any]:
    """What a round says, what stands behind it, and what it would write, as JSON."""
    found = rounds.result(stage.house, run_id)
    item = found.get("review_item")
    entries = show(stage.house.services.db, item).proposal.entries if item else ()
    return {
        "run_id": run_id,
        "as_of": found["as_of"],
        "status": found["status"],
        "status_detail": found.get("status_detail"),
        "tier": found.get("tier"),
        "page": found.get("page", []),
        "claims": [
            {
                "task": draft["task"],
                "section": section["title"],
                "text": claim["text"],
                "kind": claim["kind"],
                "stands_on": [f"{c['reference']} {c['path']} = {c['value']}" for c in claim["citations"]],
            }
            for draft in found.get("drafts", [])
            for section in draft["sections"]
            for claim in section["claims"]
        ],
        "refusals": [d["refusal"] for d in found.get("drafts", []) if d.get("refusal")],
        "removed": [r for draft in found.get("drafts", []) for r in draft["removed"]],
        "suggestions": [
            {"title": s["title"], "guideline": f"{s['guideline']['id']}|{s['guideline']['version']}"}
            for s in found.get("suggestions", [])
        ],
        "not_suggested": [f"{n['guideline']} ({n['why']}): {n['detail']}" for n in found.get("not_suggested", [])],
        "entries": [
            {"n": e.n, "title": e.title, "tier": e.tier, "sha256": e.sha256, "resource": e.resource} for e in entries
        ],
        "ledger": {k: v for k, v in found["ledger"].items() if k not in ("seconds", "cpu_seconds")},
    }
