"""What commands and the HTTP API give as JSON, for those who read it: fields are added, none is taken away."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from claims.claim import Citation, Removed, Section, Task
from claims.suggestion import NotSuggested, Suggestion
from review.decision import Outcome
from review.item import ItemState
from store.runs import RunStatus


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)


class Named(_Given):
    """A model."""

    name: str | None
    """Its name; none for rules."""
    revision: str | None
    """The commit of its weights, where it is known."""


class Critical(_Given):
    """A critical value."""

    text: str
    """The sentence."""
    citations: tuple[Citation, ...]
    """What it stands on."""


class Drafted(_Given):
    """One draft, as it stands after the verifier."""

    task: Task
    """What it answers."""
    sections: tuple[Section, ...]
    """In the order of the page."""
    removed: tuple[Removed, ...]
    """What did not stand."""
    tainted: bool
    """Whether it was worded after reading text that tried to give instructions."""
    refusal: str | None
    """For a question that the chart does not answer: what is missing."""
    notice: tuple[str, ...]
    """What its reader must know of how it was made."""
    comparison: dict[str, Any] | None = None
    """For a comparison: both windows, measurement by measurement."""


class Looked(_Given):
    """How one call went."""

    id: str
    """Its short name, which a claim of absence cites."""
    tool: str
    """Which tool."""
    query: str
    """What was asked, without the patient."""
    found: int
    """How many came."""
    truncated: bool
    """Whether there is, or may be, more."""
    error: str | None
    """What went wrong, in one sentence."""


class Result(_Given):
    """One round: `run --json`, and `GET /api/runs/{run_id}` once it has a result."""

    run_id: str
    """The round."""
    patient: str
    """`Patient/id`."""
    as_of: str
    """Clinical now; later facts were not seen."""
    reasoner: str
    """Who worded it."""
    model: Named
    """Its model."""
    status: RunStatus
    """Where the round stands."""
    status_detail: str | None
    """Why, where there is something to say."""
    page: tuple[str, ...]
    """The page as plain text."""
    critical: tuple[Critical, ...]
    """Critical values, which wait for nobody."""
    drafts: tuple[Drafted, ...]
    """One for each task."""
    accounted: tuple[dict[str, Any], ...]
    """Each active entry of the chart: `reference`, `as` what it was read, `in` which sentence."""
    suggestions: tuple[Suggestion, ...]
    """What guidelines suggest."""
    not_suggested: tuple[NotSuggested, ...]
    """What they do not, and why."""
    coverage: tuple[Looked, ...]
    """What was looked at, and how it went."""
    review_item: str | None
    """The item in the queue."""
    proposal_sha256: str | None
    """The hash of what would be written."""
    tier: int | None
    """The highest tier of its entries."""
    expires_at: str | None
    """Until when it can be decided."""
    ledger: dict[str, Any]
    """What it cost: model calls and tokens, FHIR requests and bytes, seconds and CPU seconds."""


class QueueRow(_Given):
    """One line of `queue --json`."""

    item: str
    """The item."""
    run_id: str
    """Its round."""
    patient: str
    """`Patient/id`."""
    task: str
    """The tasks of its entries, with commas between them."""
    tier: int
    """The highest tier."""
    status: ItemState
    """Whether it is open."""
    opened: str
    """Since when it waits."""
    expires_at: str
    """Until when it can be decided."""
    claimed_by: str | None
    """Who claimed it, or took it up after it was escalated."""
    owner: str | None
    """Whose it is, a name or roles; null for what an earlier release closed."""
    cover: str | None
    """Who covers."""
    cover_from: str | None
    """From when it is the cover's too."""
    escalates_to: str | None
    """Who is told when its time is over."""
    escalated_at: str | None
    """When they were told."""
    signatures: dict[str, int]
    """How many were `given` and are `needed`."""
    asked: tuple[dict[str, str], ...]
    """Who was asked to sign too: `who`, `by`, `at`."""


class Proposed(_Given):
    """One entry of an item."""

    n: int
    """Its number, for `--only` and `--edit`."""
    task: str
    """What it came of."""
    title: str
    """What it is, in words."""
    sha256: str
    """The hash that is signed."""
    tier: int
    """Who may sign it."""
    tier_reasons: tuple[str, ...]
    """Why."""
    resource: dict[str, Any]
    """The FHIR resource as it is proposed."""
    sealed: dict[str, Any]
    """The same as it is written, or would be."""
    sources: tuple[str, ...]
    """The resources that it stands on."""
    diff: tuple[dict[str, Any], ...]
    """What changes: `path`, `old`, `new`."""


class Receipted(_Given):
    """What the server stored for one entry."""

    entry: int
    """Its number."""
    reference: str
    """`Type/id` on the server."""
    version: str | None
    """Its version there."""
    sha256: str
    """The hash of what was written."""
    receipt: str
    """What `preround undo` takes."""
    undone_by: str | None
    """The receipt of what took it back."""


class ItemShown(QueueRow):
    """One item: `show --json`, and `GET /api/items/{item_id}`."""

    proposal_sha256: str
    """What a decision over HTTP must name."""
    next_item: str | None
    """What to decide in its place, once it was edited or sent back."""
    page: tuple[str, ...]
    """The page of its round."""
    entries: tuple[Proposed, ...]
    """What would be written."""
    decisions: tuple[dict[str, Any], ...]
    """Who decided what, when, with which words."""
    evidence_opened: tuple[dict[str, Any], ...]
    """Who opened which sources of the item as it stands, and how many of each entry they must still open."""
    receipts: tuple[Receipted, ...]
    """What was written."""


class Decided(_Given):
    """One decision: `decide --json`, and `POST /api/items/{item_id}/decisions`."""

    item: str
    """The item that was decided."""
    outcome: Outcome
    """What came of it; `signed`: another signature is needed; `superseded`: edited, and `next_item` is open."""
    next_item: str | None
    """What to decide next, after an edit or send-back."""
    signatures_missing: tuple[str, ...]
    """Who must still sign."""
    run_status: RunStatus
    """Where its round stands now."""
    receipts: tuple[Receipted, ...]
    """What was written."""
