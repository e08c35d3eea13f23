"""The suggestions draft: one line for each due recommendation, with the facts of this chart that make it due."""

from __future__ import annotations

from itertools import count

from agents.offline.words import listing, say_problem_fact
from agents.reasoner import Material
from agents.suggest import suggestions
from chart.fact import Fact
from chart.finding import Finding
from claims.claim import Claim, Draft, Section
from claims.sentence import Sentence
from claims.suggestion import Suggestion

DUE = "Due, or never recorded"


def suggestion_draft(material: Material) -> Draft:
    """What is due by the guidelines in force."""
    ids = count(1)
    due, _ = suggestions(material)
    claims = tuple(_due(s, material, f"u{next(ids)}") for s in due)
    sections = (Section(title=DUE, claims=claims),) if claims else ()
    return Draft(task="suggestions", sections=sections, tainted=material.tainted)


def _due(suggestion: Suggestion, material: Material, claim_id: str) -> Claim:
    """The recommendation's title, then what of the chart it stands on; why in full stands beside the suggestion."""
    guideline = f"{suggestion.guideline.id}|{suggestion.guideline.version}"
    s = Sentence(material.appraisal).recommend(guideline, suggestion.title).say(": ")
    by_id = material.appraisal.chart.by_id
    facts = list(dict.fromkeys(by_id[c.fact] for c in suggestion.because))
    for finding, look in never_done(material, suggestion.guideline.id):
        s.absent(f"no record of {finding.key}; ", look, _named(finding))
    listing(s, facts[:4], lambda f: _say_fact(s, f, material))
    return s.say(f" · {suggestion.guideline.publisher}").claim(claim_id, salience=2)


def never_done(material: Material, guideline: str) -> list[tuple[Finding, str]]:
    """What a recommendation asks for and the chart nowhere has, with where one has looked."""
    found = []
    for finding in material.appraisal.of("never_recorded"):
        beginnings = tuple(r for r in finding.words.get("recommended", "").split(",") if r)
        measured = finding.words["looked_for"].startswith("measurement:")
        look = material.looked_at("Observation")
        look = look and (look if measured else material.looked_at("Procedure"))
        if beginnings and look and guideline.startswith(beginnings):
            found.append((finding, look))
    return found[:1]  # a sentence stands on one look


def _named(finding: Finding) -> str:
    looked_for = finding.words["looked_for"]
    return looked_for if looked_for.startswith("measurement:") else f"named:{looked_for}"


def _say_fact(s: Sentence, fact: Fact, material: Material) -> None:
    if fact.kind == "patient":
        s.say("age ").calculate("age", [fact]).cite(fact, "birth")
        return
    measured = material.appraisal.table.measured_by(fact)
    point = next((p for x in material.appraisal.series.values() for p in x.points if p.fact is fact), None)
    if measured and point:
        s.measured(point, measured)
        return
    say_problem_fact(s, fact)
