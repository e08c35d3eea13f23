"""The summary draft: who, allergies, act first, problems with their state, medicines, what not to rely on."""

from __future__ import annotations

from itertools import count

from agents.offline.act_first import act_first, also_found
from agents.offline.allergies import allergies
from agents.offline.comparison import moved
from agents.offline.doubts import doubts
from agents.offline.gaps import gaps_of
from agents.offline.medicines import medicines
from agents.offline.problems import problems
from agents.offline.suggestions import DUE
from agents.offline.who import who
from agents.offline.words import printed
from agents.reasoner import Material
from claims.claim import Draft, Section


def summary(material: Material) -> Draft:
    """One page of a chart, in the order that a clinician reads."""
    ids = count(1)

    def number() -> str:
        return f"s{next(ids)}"

    top = act_first(material, number)
    more = also_found(material, number, printed(top, material))
    head = who(material, number, printed((*top, *more), material))
    told = printed((*head, *top, *more), material)
    told |= (
        printed(moved(material, lambda: "-", told), material) if "comparison" in material.brief.tasks else frozenset()
    )
    gaps = gaps_of(material, number, told)
    told |= printed(gaps, material)
    sections = (
        Section(title="Who", claims=head),
        Section(title="Allergies", claims=allergies(material, number)),
        Section(title="Act on / verify first", claims=top),
        Section(title="Also found", claims=more),
        Section(title="Active problems", claims=problems(material, number, told)),
        Section(title="Medicines", claims=medicines(material, number)),
        Section(title=DUE, claims=gaps),
        Section(title="Do not rely on", claims=doubts(material, number, told)),
    )
    return Draft(task="summary", sections=tuple(s for s in sections if s.claims), tainted=material.tainted)
