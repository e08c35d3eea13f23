"""Numbers and days of the page of patterns, in the shapes of a round's result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from review.quality import Share

SERIES: Mapping[str, Any] = {
    "name": "Lamp oil",
    "unit": "mmol/L",
    "range": {"low": "3.5", "high": "5.1", "source": "result"},
    "points": [
        {"when": "2024-02-01", "value": "4.1", "doubt": None, "fact": "f1"},
        {"when": "2024-09-01", "value": "5.6", "doubt": None, "fact": "f2"},
        {"when": "2025-03-01", "value": "41", "doubt": "unit_slip", "fact": "f3"},
        {"when": "2026-02-01", "value": "3.2", "doubt": None, "fact": "f4"},
    ],
}
"""Values within, above and below their range, and one that is not relied on."""

TIMELINE: Mapping[str, Any] = {
    "start": "2024-01-01",
    "end": "2026-03-01",
    "visits": [{"when": "2024-02-01", "name": "Lamps looked at", "fact": "f1"}],
    "medicines": [
        {"from": "2024-02-01", "to": "2026-03-01", "name": "lamp oil", "state": "current", "fact": "f2"},
        {"from": "2024-03-01", "to": "2024-09-01", "name": "a wick whose name is long", "state": "ended", "fact": "f3"},
    ],
    "results": [{"when": "2026-02-01", "counts": {"laboratory": 3}, "fact": "f4"}],
    "left_out": 2,
}
"""One of each."""

SHARE = Share(
    key="all",
    decided=40,
    verdicts={"signed": 30, "left out": 0, "edited": 4, "sent back": 1, "rejected": 5},
    accepted=0.85,
    seconds=95,
    changed=0.12,
    hurried=2,
)
"""What became of forty entries."""
