"""A proposal that is prepared: what enters the round at its end, without a reasoner, and then goes every other way.

A door that has resources ready (a dictated note, an undo, an agent's proposal) makes a `Prepared` and hands it to
`preround.doing.rounds.open_prepared`. The round then has a row, a ledger, an item, a gate, freshness, a commit and
receipts, and is swept as any other is; its graph goes

    intake → propose                                   watch = "named"
    intake → plan → gather → appraise → verify → propose      watch = "chart"

and the plan is what must always be looked at. Sentences in `drafts` are verified against that chart as a reasoner's
are; what does not stand is removed, visibly, and what stands becomes a Composition of its own. Text in `entries` and
`page` is not verified: say in `page` whose words they are. The round's row names the artifact of the record; the state
of the graph holds its hash.

A prepared round can be edited, approved and rejected, but not sent back with words: nobody would draft it again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from claims.author import Author
from claims.claim import Draft, Record
from claims.seal import Part
from claims.seen import Look
from graphs.node import kept
from graphs.services import Services
from graphs.state import GRAPH_VERSION
from review.policy import Label
from review.proposal import Draft as EntryDraft
from store import artifacts, runs
from store.database import Transaction
from store.runs import Run

KIND = "prepared"
"""The kind of the artifact."""
Watch = Literal["named", "chart"]
_TASK = r"^[a-z][a-z-]{0,39}$"


class PreparedEntry(Record):
    """One resource that people are asked to sign."""

    title: str = Field(min_length=1, max_length=200)
    """One line for the queue."""
    resource: dict[str, Any]
    """The FHIR draft, about the round's patient; without an id it gets one derived from the round."""
    sources: tuple[str, ...] = ()
    """Versioned references that it stands on; they become the entities of its Provenance."""
    based_on: tuple[str, ...] = ()
    """Versioned references, `Type/id/_history/version`, that must still be current when it is written."""
    labels: tuple[Label, ...] = ()
    """What its preparer knows about it, for the tier."""
    medication_class: str | None = None
    """The class of its medication, where it proposes one."""
    base: dict[str, Any] | None = None
    """The stored resource that it changes, with its version, for the diff and `If-Match`; None when it is new."""
    restores: str | None = None
    """The earlier version of `base` that it brings back word for word; only an undo does."""
    task: str | None = Field(default=None, pattern=_TASK)
    """The task that it answers, where that is not the whole proposal's."""
    stands_for: dict[str, Any] | None = None
    """What was meant, where the server refused its type."""
    keeps: tuple[Part, ...] = ()
    """The parts of its group that the server refused, and that are kept here."""


class Prepared(Record):
    """What a prepared round is made from."""

    patient: str = Field(pattern=r"^Patient/[A-Za-z0-9\-.]{1,64}$")
    """The patient's reference."""
    task: str = Field(pattern=_TASK)
    """What it is, in one word, such as `transcript` or `undo`; the queue shows it."""
    prepared_by: str = Field(min_length=1, max_length=200)
    """What prepared it, for the page: `the transcript of a dictation`."""
    author: Author | None = None
    """What is named as the drafting Device; None for this program."""
    entries: tuple[PreparedEntry, ...] = Field(default=(), max_length=40)
    """The resources, in the order in which they are shown and written."""
    drafts: tuple[Draft, ...] = ()
    """Texts whose sentences cite the chart; they are verified, which needs `watch` to be `chart`."""
    tainted: bool = False
    """Whether text of a note, a paper, an image or another program had a part in it; it raises the tier."""
    page: tuple[str, ...] = Field(default=(), max_length=40)
    """Lines for the page, shown as they are."""
    look: Look | None = None
    """The pictures that it is a reading of, for the page."""
    watch: Watch = "named"
    """What makes it stale: a change of what `based_on` names, or any news in what a round must look at."""

    @model_validator(mode="after")
    def _whole(self) -> Prepared:
        if not self.entries and not self.drafts:
            raise ValueError("a prepared proposal holds at least one entry or draft")
        if self.drafts and self.watch != "chart":
            raise ValueError("sentences are verified against the chart: set watch to chart")
        return self

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that it answers, each once."""
        return tuple(
            dict.fromkeys([*(entry.task or self.task for entry in self.entries), *(d.task for d in self.drafts)])
        )

    @property
    def based_on(self) -> tuple[str, ...]:
        """Everything that entries name, each once."""
        return tuple(dict.fromkeys(reference for entry in self.entries for reference in entry.based_on))


def prepared_of(run: Run, services: Services) -> Prepared | None:
    """What a round is made from; `None` for one that is drafted.

    Raises:
        store.artifacts.ArtifactMissing, ArtifactDamaged: when it is not what was kept.
    """
    if run.prepared_sha256 is None:
        return None
    return Prepared.model_validate(kept(services, run.prepared_sha256, exact=True))


def author_of(prepared: Prepared, services: Services) -> Author:
    """What is named as the drafting Device: this program, without the reasoner that it may be set up with."""
    own = services.author
    return prepared.author or Author(device_name=own.device_name, version=own.version, reasoner="prepared")


def put_on_record(
    connection: Transaction,
    services: Services,
    prepared: Prepared,
    *,
    run_id: str,
    as_of: datetime | None = None,
    refreshes: str | None = None,
) -> None:
    """Make the round's row, once, in a transaction that is under way; the same id again changes nothing.

    Args:
        connection: the transaction.
        services: the round's surroundings.
        prepared: what it is made from.
        run_id: its id.
        as_of: clinical now; the present without it.
        refreshes: the round whose refused entries it puts before people once more.
    """
    if runs.get(connection, run_id) is not None:
        return
    now = services.clock.now()
    author = author_of(prepared, services)
    run = Run(
        run_id=run_id,
        patient=prepared.patient,
        tasks=prepared.tasks,
        as_of=as_of or now,
        reasoner=author.reasoner,
        model_name=author.model_name,
        model_revision=author.model_revision,
        status="running",
        graph_version=GRAPH_VERSION,
        refreshes=refreshes,
        created=now,
        updated=now,
        site=services.site,
        prepared_sha256=artifacts.put_json(connection, prepared.model_dump(), kind=KIND, run_id=run_id, now=now),
    )
    for picture in prepared.look.pictures if prepared.look else ():
        if picture.kept:
            artifacts.link(connection, run_id, picture.sha256)
    runs.create_if_absent(connection, run)


def entries_of(prepared: Prepared) -> list[EntryDraft]:
    """The entries as the proposal takes them."""
    tainted: tuple[Label, ...] = ("tainted",) if prepared.tainted else ()
    return [
        EntryDraft(
            task=entry.task or prepared.task,
            title=entry.title,
            resource=entry.resource,
            sources=entry.sources,
            labels=frozenset((*entry.labels, *tainted)),
            medication_class=entry.medication_class,
            base=entry.base,
            restores=entry.restores,
            stands_for=entry.stands_for,
            keeps=entry.keeps,
        )
        for entry in prepared.entries
    ]
