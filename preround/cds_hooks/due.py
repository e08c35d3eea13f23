"""What is due for a patient, what is critical, and what waits for a signature: cards from code, no model asked."""

from __future__ import annotations

from collections.abc import Iterator

from agents.offline.act_first import claim_of
from agents.reasoner import Brief, Material
from agents.suggest import suggestions
from chart.appraisal import Appraisal
from claims.suggestion import Suggestion
from graphs.consulting import guideline_outcomes
from preround.cds_hooks.card import Card, Suggested
from preround.cds_hooks.given import Given
from preround.cds_hooks.orders import SOURCE
from preround.people.handed_over import handed_over
from preround.wiring import House
from store import items
from store.items import ItemRow


async def chart_cards(house: House, appraisal: Appraisal, given: Given, *, site: str | None, ours: bool) -> list[Card]:
    """Everything that is said when a chart is opened, the most urgent first.

    Args:
        house: the running program.
        appraisal: the chart of the call.
        given: how much of it there is.
        site: the address under which people open Preround; no link without one.
        ours: whether the patient is one of our own server's, so that our queue is about this patient.
    """
    coverage = {one.coverage.id: one.coverage for one in given.evidence}
    material = Material(brief=Brief(tasks=("suggestions",)), appraisal=appraisal, coverage=coverage)
    cards = [*_critical(material)]
    if given.missing:
        cards.append(_incomplete(given.missing))
    else:
        outcomes = await guideline_outcomes(appraisal, coverage.values(), house.services, ours=ours, told=True)
        material = Material(brief=material.brief, appraisal=appraisal, coverage=coverage, outcomes=outcomes)
        cards += [_due(one) for one in suggestions(material)[0]]
    return [*cards, *(_waiting(house, appraisal.chart.patient.reference, site) if ours else ())]


def _critical(material: Material) -> Iterator[Card]:
    for finding in material.appraisal.of("critical"):
        said = claim_of(finding, material, "k").text
        yield Card(
            key=f"critical-{finding.key}",
            about=finding.when.isoformat() if finding.when else "",
            summary=said,
            detail=said,
            indicator="critical",
            source=SOURCE,
            overridable=False,
        )


def _due(one: Suggestion) -> Card:
    found = one.guideline
    stands_on = [f"{cited.reference}: {cited.value}" for cited in one.because]
    lines = [one.rationale, one.strength, f"It stands on {'; '.join(stands_on)}.", one.checks, found.citation]
    return Card(
        key=f"{found.id}|{found.version}",
        about="",
        summary=one.title,
        detail="\n".join(line for line in lines if line),
        indicator="info",
        source=f"{found.publisher} ({found.id} {found.version})",
        url=found.url or None,
        suggested=(
            Suggested(
                label=f"Propose it: {one.title}",
                kind="create",
                description="Adds the draft to your orders; you sign it, or not.",
                resource=one.action,
            ),
        ),
    )


def _incomplete(missing: tuple[str, ...]) -> Card:
    return Card(
        key="incomplete",
        about="",
        summary="What is due was not checked: part of the chart was not sent",
        detail=f"Not sent, or not all of it: {', '.join(missing)}.",
        indicator="info",
        source=SOURCE,
        overridable=False,
    )


def _waiting(house: House, patient: str, site: str | None) -> Iterator[Card]:
    with house.services.db.read() as connection:
        found = items.open_of_patient(connection, patient)
    now = house.services.clock.now()
    launched = house.settings.launches_here
    yield from (_item(one, site, launched=launched) for one in found if one.expires_at > now)


def _item(item: ItemRow, site: str | None, *, launched: bool) -> Card:
    drafts = ", ".join(item.tasks)
    return Card(
        key="review-item",
        about=item.item_id,
        summary=f"A pre-round waits for your signature ({drafts})",
        detail=f"Drafted {item.opened.date().isoformat()}, open until {item.expires_at.date().isoformat()}, "
        f"tier {item.tier}. Item {item.item_id}.",
        indicator="info",
        source="Preround: review queue",
        link=f"{site.rstrip('/')}{'/launch' if launched else f'/items/{item.item_id}'}" if site else None,
        launches=handed_over(item.item_id) if site and launched else None,
        overridable=False,
    )
