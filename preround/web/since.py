"""What is new since a person last decided about this patient, or since the draft that was sent back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chart.extract.markup import MarkupUnusable, html_text
from preround.wiring import House
from review.errors import ProposalDamaged, ProposalPurged
from review.opening import load_proposal
from review.proposal import Proposal
from review.queue import Shown
from store import decisions, items
from store.items import ItemRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Since:
    """This proposal beside the one before it."""

    item_id: str
    """The item before."""
    state: str
    """What became of it."""
    at: datetime
    """When."""
    person: str | None
    """Who decided it."""
    before: frozenset[str]
    """Every line that its texts had."""
    gone: tuple[str, ...]
    """Lines that this one has no more, in their order."""
    added: tuple[str, ...]
    """Titles proposed now and not then."""
    dropped: tuple[str, ...]
    """Titles proposed then and not now."""
    new: int
    """How many lines are new."""

    def is_new(self, text: str) -> bool:
        """Whether a sentence was not in the text before."""
        return text not in self.before


def since(house: House, shown: Shown) -> Since | None:
    """What this item's proposal has that the one before has not; `None` when it is the first.

    The one before is the item that this one answers, else the last of this patient that a person decided.
    """
    with house.services.db.read() as connection:
        found = _before(items.of_patient(connection, shown.item.patient), shown.item)
        if found is None:
            return None
        try:
            proposal = load_proposal(connection, found)
        except (ProposalDamaged, ProposalPurged):
            # What this item says does not hang on a comparison that cannot be made.
            return None
        said = decisions.of_item(connection, found.item_id)
    then, now = tuple(_lines(proposal)), tuple(_lines(shown.proposal))
    titles_then, titles_now = _titles(proposal), _titles(shown.proposal)
    return Since(
        item_id=found.item_id,
        state=found.state,
        at=found.closed or found.opened,
        person=said[-1].person if said else None,
        before=frozenset(then),
        gone=tuple(dict.fromkeys(line for line in then if line not in now)),
        added=tuple(t for t in titles_now if t not in titles_then),
        dropped=tuple(t for t in titles_then if t not in titles_now),
        new=len({line for line in now if line not in then}),
    )


def _before(found: tuple[ItemRow, ...], item: ItemRow) -> ItemRow | None:
    answered = [one for one in found if one.next_item == item.item_id]
    if answered:
        return answered[-1]
    decided = [one for one in found if one.state in ("approved", "rejected") and one.closed]
    own = [one for one in decided if one.item_id != item.item_id and set(one.tasks) & set(item.tasks)]
    return next((one for one in own[::-1] if one.closed and one.closed <= item.opened), None)


def _lines(proposal: Proposal) -> Iterator[str]:
    """The lines of the texts that it would write."""
    for entry in proposal.entries:
        for section in entry.resource.get("section", ()) if entry.resource["resourceType"] == "Composition" else ():
            try:
                yield from html_text(section.get("text", {}).get("div", "")).split("\n")
            except MarkupUnusable:
                continue


def _titles(proposal: Proposal) -> tuple[str, ...]:
    return tuple(entry.title for entry in proposal.entries)
