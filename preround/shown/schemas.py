"""What has a JSON Schema."""

from __future__ import annotations

from pydantic import BaseModel

from agents.plan import Plan
from claims.claim import Claim, Draft
from claims.suggestion import NotSuggested, Suggestion
from fhir_fixtures.story import Story
from preround.settings import Settings
from preround.shown.results import Decided, ItemShown, QueueRow, Result

MODELS: dict[str, type[BaseModel]] = {
    "claim": Claim,
    "draft": Draft,
    "plan": Plan,
    "suggestion": Suggestion,
    "not-suggested": NotSuggested,
    "settings": Settings,
    "story": Story,
    "result": Result,
    "queue-row": QueueRow,
    "item": ItemShown,
    "decision": Decided,
}
"""What has a schema, by name."""
