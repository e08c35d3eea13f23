"""Drafts in a client beside the chart: what speaks against each, by tables and comparisons alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chart.appraisal import Appraisal
from chart.extract.dispatch import facts_of
from chart.fact import Fact
from chart.proposed import Checked, check
from preround.cds_hooks.card import Card, Suggested
from preround.cds_hooks.messages import Context

CLOSED = frozenset({"cancelled", "stopped", "completed", "entered-in-error", "revoked"})
CHECKED = frozenset({"MedicationRequest", "ServiceRequest"})
"""Drafts of other types are not looked at, and nothing is said of them."""
SOURCE = "Preround: rules, no model"
Resource = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """One order that is not signed yet."""

    reference: str
    """`Type/id` in the client; empty without an id."""
    fact: Fact
    """What it asks for."""


def references_of(context: Context) -> frozenset[str]:
    """The drafts' own references: a client may have saved them already, and they don't stand against themselves."""
    drafts = context.draftOrders.resources if context.draftOrders else ()
    return frozenset(_reference(one) for one in drafts) - {""}


def drafts_of(context: Context, appraisal: Appraisal) -> tuple[tuple[Draft, ...], int]:
    """The drafts of a call that ask for something, and how many of them name nothing that could be checked.

    A note that a thing shall not be done asks for nothing.
    """
    sent = context.draftOrders.resources if context.draftOrders else ()
    library = {**appraisal.chart.resources, **{_reference(one): one for one in sent}}
    found: list[Draft] = []
    unread = 0
    for one in sent:
        if one.get("doNotPerform") or one.get("status") in CLOSED or one["resourceType"] not in CHECKED:
            continue
        facts = facts_of(one, library)
        found += [Draft(reference=_reference(one), fact=fact) for fact in facts[:1]]
        unread += not facts
    return tuple(found), unread


def order_cards(
    drafts: Sequence[Draft], appraisal: Appraisal, *, selected: Iterable[str] | None = None, site: Path | None = None
) -> tuple[Card, ...]:
    """A card for each draft against which the chart speaks, and one for medicines that no table knows.

    Args:
        drafts: all of the sheet, which are compared with each other too.
        appraisal: the chart without them.
        selected: references of those that are looked at; all without it.
        site: a folder with a site's own tables.
    """
    wanted = None if selected is None else frozenset(selected)
    looked = [one for one in drafts if wanted is None or one.reference in wanted]
    cards: list[Card] = []
    unknown: list[str] = []
    for one in looked:
        if one.fact.kind == "medication":
            beside = [o.fact.name for o in drafts if o is not one and o.fact.kind == "medication"]
            found = check(one.fact.name, appraisal, site=site, beside=beside)
            cards += [_against(one, found)] if found.against else []
            unknown += [] if found.drug.known else [one.fact.name]
        else:
            cards += _twice(one, appraisal, drafts)
    return (*sorted(cards, key=lambda card: card.indicator != "critical"), *_unknown(unknown))


def _against(draft: Draft, found: Checked) -> Card:
    first, *others = found.against
    more = f" ({len(others)} more)" if others else ""
    kinds = {one.kind for one in found.against}
    return Card(
        key="order-check",
        about=draft.reference or draft.fact.name,
        summary=f"{found.drug.short}: {first.words}{more}",
        detail="\n".join([*(one.words for one in found.against), found.words]),
        indicator="critical" if "allergy" in kinds else "warning",
        source=SOURCE,
        suggested=_back(draft, found.drug.short),
    )


def _twice(draft: Draft, appraisal: Appraisal, drafts: Sequence[Draft]) -> Iterator[Card]:
    """An order for what is ordered already and not done."""
    codes = {(c.system, c.code) for c in draft.fact.codes if c.code}
    there = [
        fact
        for fact in appraisal.chart.of("order")
        if fact.status in ("active", "on-hold") and codes & {(c.system, c.code) for c in fact.codes}
    ]
    again = [o for o in drafts[: _place(draft, drafts)] if codes & {(c.system, c.code) for c in o.fact.codes}]
    if there:
        when = f" on {there[-1].when.text[:10]}" if there[-1].when else ""
        words = f"It was ordered{when} already, and that order is open."
    elif again:
        words = "It stands twice among these orders."
    else:
        return
    yield Card(
        key="order-twice",
        about=draft.reference or draft.fact.name,
        summary=f"{draft.fact.name}: {words}",
        detail=words,
        indicator="info",
        source=SOURCE,
        suggested=_back(draft, draft.fact.name),
    )


def _place(draft: Draft, drafts: Sequence[Draft]) -> int:
    return next(n for n, one in enumerate(drafts) if one is draft)


def _unknown(names: Sequence[str]) -> tuple[Card, ...]:
    if not names:
        return ()
    one = len(names) == 1
    return (
        Card(
            key="order-unknown",
            about=",".join(names),
            summary=f"Not checked by class: {', '.join(names)}",
            detail=f"The tables do not know {'this medicine' if one else 'these medicines'}: {', '.join(names)}. Only "
            "names of allergies and of medicines in use were compared.",
            indicator="info",
            source=SOURCE,
            overridable=False,
        ),
    )


def _back(draft: Draft, name: str) -> tuple[Suggested, ...]:
    if not draft.reference:
        return ()
    label = f"Take {name} back"
    return (
        Suggested(label=label, kind="delete", description=f"{label}: nothing is ordered.", reference=draft.reference),
    )


def _reference(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}" if resource.get("id") else ""


def unread_card(unread: int, missing: Sequence[str]) -> tuple[Card, ...]:
    """What could not be checked: orders without a readable name, and parts of the chart that nobody sent."""
    lines = [f"{unread} of the orders name nothing that can be checked."] if unread else []
    lines += [f"Not sent, or not all of it: {', '.join(missing)}."] if missing else []
    if not lines:
        return ()
    return (
        Card(
            key="order-incomplete",
            about="",
            summary="Not all of these orders could be checked",
            detail="\n".join(lines),
            indicator="info",
            source=SOURCE,
            overridable=False,
        ),
    )
