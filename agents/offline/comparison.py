"""The comparison draft: what moved since the day before with data, and what came and went in twelve months."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from itertools import count

from agents.offline.act_first import on_top
from agents.offline.came_and_went import came_and_went
from agents.offline.gaps import gaps_of
from agents.offline.growth import growth
from agents.offline.moves import compared, nothing_to_compare, window_lines
from agents.offline.problems import problems
from agents.offline.ward import ward
from agents.offline.words import printed
from agents.reasoner import Material
from chart.comparison import Comparison, Window, compare
from claims.claim import Claim, Draft, Section


def comparison(material: Material) -> Draft:
    """What changed, in two windows."""
    ids = count(1)

    def number() -> str:
        return f"d{next(ids)}"

    found = compare(material.appraisal, since=material.brief.since)
    window = _window(material, found)
    top = on_top(material)
    if "summary" in material.brief.tasks:
        top |= printed(growth(material, lambda: "-", top), material)
    changes = moved(material, number, top)
    told = top | printed(changes, material)
    if "summary" in material.brief.tasks:
        told |= printed(gaps_of(material, lambda: "-", told), material)
        told |= printed(problems(material, lambda: "-", told), material)
    claims = [
        *changes,
        *came_and_went(material, found, number),
        *(
            compared(material, window, _span(found), number, told)
            if window and window.movements
            else nothing_to_compare(material, number)
        ),
    ]
    return Draft(
        task="comparison", sections=(Section(title="Changed", claims=tuple(claims)),), tainted=material.tainted
    )


def moved(m: Material, number: Callable[[], str], top: AbstractSet[str]) -> list[Claim]:
    """What changed so that it counts, and the lines of a stay under way.

    Args:
        m: the chart.
        number: gives the next claim id.
        top: results whose value stands on top of the page.
    """
    found = compare(m.appraisal, since=m.brief.since)
    claims = window_lines(m, _window(m, found), number, top)
    return [*claims, *ward(m, number, top | printed(claims, m))]


def _window(m: Material, found: Comparison) -> Window | None:
    return found.latest if m.brief.since is None else found.year


def _span(found: Comparison) -> str:
    return "since the day asked for" if found.year.title.startswith("since") else "over twelve months"
