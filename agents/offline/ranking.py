"""Which findings stand on top of the page: the order is the appraisal's, the number is limited here."""

from __future__ import annotations

from agents.reasoner import Material
from chart.finding import Finding

SHOWN = 4
"""At most so many stand on top; critical values besides."""


def top(material: Material) -> tuple[Finding, ...]:
    """The findings that stand on top: every critical value, and of the rest as many as fit."""
    findings = ranked(material)
    critical = [f for f in findings if f.kind == "critical"]
    rest = [f for f in findings if f.kind != "critical"][: max(0, SHOWN - len(critical))]
    return (*critical, *rest)


def ranked(material: Material) -> tuple[Finding, ...]:
    """The findings for the top in their order, without a trend whose last value another of them is about."""
    findings = material.appraisal.act_first
    about = {
        p.fact.id for f in findings if f.kind in ("critical", "contradicts", "uncontrolled") for p in f.points[-1:]
    }
    about |= {p.fact.id for f in findings if f.kind == "missing_therapy" for p in f.points[-1:]}
    return tuple(f for f in findings if f.kind != "trend" or f.points[-1].fact.id not in about)
