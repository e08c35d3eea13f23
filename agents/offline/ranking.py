"""Which findings stand on top of the page: the order is the appraisal's, the number is limited here."""

from __future__ import annotations

from agents.reasoner import Material
from chart.finding import FILLS, Finding
from chart.moment import months_before

SHOWN = 4
"""At most so many stand on top; critical values besides."""
RECENT = 15
"""Months; kidney values that contradict each other are asked about on top only while they are so new."""


def top(material: Material) -> tuple[Finding, ...]:
    """The findings that stand on top: every critical value, as many of the rest as fit, and what fills the room."""
    findings = ranked(material)
    critical = [f for f in findings if f.kind == "critical"]
    rest = [f for f in findings if f.kind != "critical"]
    room = max(0, SHOWN - len(critical))
    return (*critical, *[*rest, *_fills(material, rest)][:room])


def waiting(material: Material, kind: str) -> list[Finding]:
    """Findings of a kind that stand on top where there is room; elsewhere each keeps its own sentence."""
    shown = top(material)
    return [f for f in material.appraisal.of(kind) if _fits(f, material) and not any(f is x for x in shown)]


def ordinary(material: Material, kind: str) -> list[Finding]:
    """Findings of a kind that never stand on top."""
    return [f for f in material.appraisal.of(kind) if not _fits(f, material)]


def _fills(material: Material, above: list[Finding]) -> list[Finding]:
    """What is worth a place on top where nothing more urgent takes it."""
    told = {p.fact.id for f in above for p in f.points}
    found = [f for kind in FILLS for f in material.appraisal.of(kind) if _fits(f, material)]
    return [f for f in found if not any(p.fact.id in told for p in f.points)]


def _fits(finding: Finding, material: Material) -> bool:
    if finding.kind == "overdue":
        return "top" in finding.words
    if finding.kind == "never_recorded":
        return "top" in finding.words and bool(material.looked_at("Observation") and material.looked_at("Procedure"))
    if finding.kind == "unrepeated":
        return material.looked_at("Observation") is not None
    if finding.kind == "kidney_values":
        recent = months_before(material.appraisal.chart.today, RECENT)
        return not material.appraisal.chart.deceased and finding.points[-1].day >= recent
    return True


def ranked(material: Material) -> tuple[Finding, ...]:
    """The findings for the top in their order, without a trend whose last value another of them is about."""
    findings = material.appraisal.act_first
    about = {
        p.fact.id for f in findings if f.kind in ("critical", "contradicts", "uncontrolled") for p in f.points[-1:]
    }
    about |= {p.fact.id for f in findings if f.kind == "missing_therapy" for p in f.points[-1:]}
    about |= {p.fact.id for f in findings if f.kind == "for_age" for p in f.points}
    return tuple(f for f in findings if f.kind != "trend" or f.points[-1].fact.id not in about)
