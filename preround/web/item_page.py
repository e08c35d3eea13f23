"""One item as its page shows it: what was drafted, what is proposed, what was decided, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chart.identity import Identity
from chart.reference import bare
from graphs.node import run_of
from preround.doing.deciding import seed_json
from preround.shown.items import paces_of
from preround.web.entry_view import EntryView, Stopped, entry_view, stopped_entries
from preround.web.pictures import LookView, look_of
from preround.web.readings import Readings
from preround.web.sentences import Page, Sentence, page_of
from preround.web.since import Since, since
from preround.web.sources import Numbering, Source
from preround.web.timeline import Timeline, timeline
from preround.web.trend import Trend, trend
from preround.web.wording import author_words, tier_words
from preround.wiring import House
from review.pace import Pace
from review.queue import Shown, queue, show
from review.reasons import Reason, reasons
from review.receipt import Receipt, receipts
from review.standing import Standing, standing
from store.runs import Run
from tools.literature.shelf import TOOL as LITERATURE


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What became of one active entry of the chart."""

    href: str
    """Its source page."""
    words: str
    """What it is."""
    shown_as: str
    """How it is shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemView:
    """Everything on an item's page."""

    shown: Shown
    """The item, its proposal and its decisions."""
    run: Run
    """Its round."""
    identity: Identity
    """Who it is about."""
    result: Mapping[str, Any]
    """The round's result; empty where it belongs to a later proposal of the round."""
    page: Page
    """The drafts."""
    author: str
    """Who wrote them."""
    entries: tuple[EntryView, ...]
    """What is proposed."""
    trends: tuple[Trend, ...]
    """The series that the drafts cite."""
    timeline: Timeline | None
    """Visits, medicines and results over time."""
    since: Since | None
    """What is new since the item before."""
    accounted: tuple[Account, ...]
    """What became of each active entry."""
    sources: Sequence[Source]
    """Every resource cited, by number."""
    receipts: tuple[Receipt, ...]
    """What the server stored."""
    standing: Standing
    """Whose it is, who was asked, how many have signed."""
    tier: str
    """The item's tier in words."""
    seed: Mapping[str, Any] | None
    """The known error that it held, once it is decided."""
    paces: Mapping[str, Pace]
    """How fast each signature came, by decision."""
    next_item: str | None
    """The item that took its place, or that waits instead."""
    now: datetime
    """When the page was made."""
    can_decide: bool
    """Whether it waits for a decision."""
    stopped: tuple[Stopped, ...]
    """Its entries that are switched off, where it waits for a decision."""

    @property
    def who(self) -> tuple[Sentence, ...]:
        """Who it is, without the name where the heading above says the same."""
        named = f"{self.identity.name} · "
        return tuple(replace(one, text=one.text.removeprefix(named)) for one in self.page.who)

    @property
    def prepared(self) -> Mapping[str, Any] | None:
        """Who prepared the proposal and their lines; `None` for a round that was drafted."""
        found: Mapping[str, Any] | None = self.result.get("prepared")
        return found

    @property
    def missing(self) -> tuple[str, ...]:
        """Signatures that are still missing, in words, once there is one."""
        signing = self.standing.signing
        return tuple(map(str, signing.missing)) if self.can_decide and signing.given else ()

    @property
    def look(self) -> LookView | None:
        """The reading of pictures, with boxes and texts; `None` where none were read."""
        return look_of(self.result)

    @property
    def carried(self) -> Sequence[Mapping[str, Any]]:
        """What people did to the proposal that this one takes the place of."""
        found: Sequence[Mapping[str, Any]] = self.result.get("carried", ())
        return found

    @property
    def unread(self) -> tuple[Mapping[str, Any], ...]:
        """Coverage lines of what could not be read, or not in full."""
        lines = self.result.get("coverage", ())
        # That more papers match than came back is as it should be.
        return tuple(c for c in lines if c["error"] or (c["truncated"] and c["tool"] != LITERATURE))


def view_of(house: House, readings: Readings, item_id: str) -> ItemView:
    """The page of one item.

    Raises:
        review.errors.ItemNotFound, ProposalDamaged: as `review.queue.show` does.
        store.artifacts.ArtifactMissing, ArtifactDamaged: when the result is not what was kept.
    """
    shown = show(house.services.db, item_id)
    run = run_of(house.services, shown.item.run_id)
    latest = readings.result(run)
    # A round that was sent back has a newer page, which is not what this item's people saw.
    result = latest if shown.item.revision >= latest.get("revision", 1) else {}
    now, policy = house.services.clock.now(), house.services.policy
    numbering = Numbering(item_id, result)
    page = page_of(result, numbering, {e.title: e.n for e in shown.proposal.entries if e.task == "suggestions"})
    is_open = shown.item.state == "open" and shown.item.expires_at > now
    return ItemView(
        shown=shown,
        run=run,
        identity=readings.identity(run),
        result=result,
        page=page,
        author=author_words(latest),
        entries=tuple(entry_view(house, shown, entry, now) for entry in shown.proposal.entries),
        trends=tuple(found for one in result.get("series", ()) if (found := trend(one)) is not None),
        timeline=timeline(result.get("timeline"), item_id),
        since=since(house, shown),
        accounted=_accounts(item_id, result),
        sources=numbering.all(),
        receipts=receipts(house.services.db, item_id),
        standing=standing(house.services.db, shown.item, policy=house.services.policy),
        tier=tier_words(policy, shown.item.tier),
        seed=seed_json(house, shown.item),
        paces=paces_of(house, shown),
        next_item=following(house, shown, run),
        now=now,
        can_decide=is_open,
        stopped=tuple(stopped_entries(house, shown, run)) if is_open else (),
    )


def offered_reasons() -> tuple[tuple[str, tuple[Reason, ...]], ...]:
    """The reasons for a rejection, in their two groups, those about drafts first."""
    own = tuple(r for r in reasons() if r.system.startswith("urn:"))
    return (("About the draft or the data", own), ("About the suggestion", tuple(r for r in reasons() if r not in own)))


def following(house: House, shown: Shown, run: Run) -> str | None:
    """The item to go on with: the one that took its place, or that of the round that does this one's again."""
    if shown.item.next_item is not None or shown.item.state not in ("stale", "approved"):
        return shown.item.next_item
    waiting = [item for item in queue(house.services.db, states={"open"}) if item.patient == run.patient]
    return next((i.item_id for i in waiting if run_of(house.services, i.run_id).refreshes == run.run_id), None)


def _accounts(item_id: str, result: Mapping[str, Any]) -> tuple[Account, ...]:
    names = {bare(f["reference"]): f["name"] for f in result.get("facts", {}).values()}
    return tuple(
        Account(
            href=f"/items/{item_id}/sources/{bare(one['reference'])}#cited",
            words=names.get(bare(one["reference"])) or one["reference"].partition("/")[0],
            shown_as=one["as"].replace("_", " "),
        )
        for one in result.get("accounted", ())
    )
