"""Allergies: those in force on one line, those of the past on another, and whatever contradicts them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from agents.offline.words import chunks, listing
from agents.reasoner import Material
from chart.concept import plain_name
from chart.fact import Fact
from chart.notes import COPIED, denials
from claims.claim import Claim
from claims.sentence import Sentence

Number = Callable[[], str]
MANY = 20
"""So many allergies stand in one sentence."""
PAST = frozenset({"inactive", "resolved"})
_ALLERGY_TO = re.compile(r"^allergy to\s+|\s+allergy$", re.I)


def allergies(m: Material, number: Number) -> tuple[Claim, ...]:
    """What the list says, with the note or the entry that says otherwise."""
    listed = [f for f in m.appraisal.chart.of("allergy") if "negated" not in f.tags]
    known = sorted((f for f in listed if f.status not in PAST and "none_known" not in f.tags), key=_gravity)
    stated_none = [f for f in listed if f.status not in PAST and "none_known" in f.tags]
    past = [f for f in listed if f.status in PAST]
    claims = []
    if known:
        first, *more = chunks(known, MANY, width=_width)
        claims.append(_known(m, first, stated_none, number()))
        for some in more:
            s = Sentence(m.appraisal).say("ALLERGY, further: ")
            claims.append(_grouped(s, some).claim(number(), salience=1))
    elif stated_none:
        claims.append(
            Sentence(m.appraisal).say("Allergies: ").name(stated_none[0]).say(" (coded).").claim(number(), salience=1)
        )
    elif not past and (look := m.looked_at("AllergyIntolerance")):
        claims.append(_none_coded(m, look, number()))
    for status in sorted(PAST):
        some = [f for f in past if f.status == status]
        if some:
            s = Sentence(m.appraisal).say(f"Allergies called {status}: ")
            listing(s, some, lambda f, s=s: s.name(f, allergen(f)).cite(f, "status"))  # type: ignore[misc]
            claims.append(s.claim(number(), salience=1))
    return tuple(claims)


def _known(m: Material, known: Sequence[Fact], stated_none: Sequence[Fact], claim_id: str) -> Claim:
    """Allergens of the same kind of entry share what is said of them."""
    s = _grouped(Sentence(m.appraisal).say("ALLERGY: "), known)
    for denial in stated_none:
        s.say("; the list also says ").name(denial, f"“{denial.name}”").say(": contradicts itself")
    _note_denial(s, m)
    return s.claim(claim_id, salience=1)


def _width(fact: Fact) -> int:
    """About how many characters an allergy takes in a sentence."""
    return len(fact.name) + sum(len(fact.cells[role].text) for role in _details(fact)) + 20


def _gravity(fact: Fact) -> int:
    """What can kill is read first: anaphylaxis, then what the list calls high or severe."""
    if "reaction" in fact.cells and re.search("anaphyla|angioedema", fact.cells["reaction"].text, re.I):
        return 0
    said = {fact.cells[r].text for r in ("criticality", "severity") if r in fact.cells}
    return 1 if said & {"high", "severe"} else 2


def _grouped(s: Sentence, known: Sequence[Fact]) -> Sentence:
    groups: dict[tuple[str, ...], list[Fact]] = {}
    for fact in known:
        groups.setdefault(
            (*(fact.cells[r].text for r in _details(fact)), str(fact.when and fact.when.year)), []
        ).append(fact)
    return listing(s, list(groups.values()), lambda group: _group(s, group), last="; ", between="; ")


def allergen(fact: Fact) -> str:
    """``Allergy to fish`` is an allergy to fish, ``House dust mite allergy`` one to house dust mites."""
    plain = _ALLERGY_TO.sub("", plain_name(fact.name)) or fact.name
    return plain[:1].lower() + plain[1:] if plain[1:2].islower() else plain


def _details(fact: Fact) -> list[str]:
    said = {"reaction", "criticality"} & set(fact.cells)
    if "criticality" in said and fact.cells["criticality"].text not in ("low", "high"):
        said.remove("criticality")
    return sorted(said, reverse=True)


def _group(s: Sentence, group: Sequence[Fact]) -> None:
    listing(s, group, lambda f: s.name(f, allergen(f)))
    s.say(" (each: " if len(group) > 1 else " (")
    for role in _details(group[0]):
        s.say(f"{'criticality ' if role == 'criticality' else ''}{group[0].cells[role].text}, ")
        for fact in group:
            s.cite(fact, role)
    for fact in group[1:]:
        s.cite(fact, "when", "recorded")
    if group[0].when:
        s.say("entered ").year(group[0]).say(")")
    else:
        s.say("date unknown)")


def _none_coded(m: Material, look: str, claim_id: str) -> Claim:
    chart = m.appraisal.chart
    s = Sentence(m.appraisal).absent("Allergies: none coded", look, "kind:allergy")
    plan = next((f for f in chart.of("care_plan") if "allergy" in f.name.lower() and f.status == "active"), None)
    if plan:
        s.say("; but an active care plan has ").name(plan).say(" (").date(plan).say(")")
    _quote_none(s, m)
    return s.say(": ask.").claim(claim_id, kind="absence", salience=1)


def _note_denial(s: Sentence, m: Material) -> None:
    conflict = next(iter(m.appraisal.of("allergy_conflict")), None)
    if conflict is None:
        return
    note = next(n for n in m.appraisal.chart.notes if n.fact is conflict.facts[0])
    denying = [n.fact for n, _ in denials(m.appraisal.chart.notes)]
    s.say(" — but ")
    if len(denying) >= COPIED:  # what so many notes say was copied, and has no date
        s.calculate("count", denying).say(" notes say ")
    else:
        s.say("the note of ").date(note.fact).say(" says ")
    s.quote(note.fact, note.path, conflict.words["quote"]).say(": confirm")


def _quote_none(s: Sentence, m: Material) -> None:
    denying = denials(m.appraisal.chart.notes)
    if not denying:
        return
    last, words = denying[-1]
    if len(denying) >= COPIED:
        s.say("; ").calculate("count", [n.fact for n, _ in denying]).say(" notes say ")
    else:
        s.say("; the note of ").date(last.fact).say(" says ")
    s.quote(last.fact, last.path, words)
