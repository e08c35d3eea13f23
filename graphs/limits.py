"""What the rules do not do for this patient, said on every page where it matters: children, pregnancy, unknown age."""

from __future__ import annotations

from chart.appraisal import ADULT, Appraisal
from chart.courses import Course
from chart.covered import covered

_SHOWN = 6
_FEW = 4


def not_supported(appraisal: Appraisal) -> list[str]:
    """One line for a child or a patient of unknown age, one for a pregnancy; none for anybody else."""
    lines = []
    if appraisal.pregnancy:
        lines.append(_pregnancy(appraisal))
    age = appraisal.chart.age
    if age is None:
        lines.append("Age unknown: targets and ranges by age are not applied; doses by weight are not checked.")
    elif age < ADULT and not appraisal.chart.deceased:
        lines.append(_child(appraisal))
    return lines


def outside_tables(appraisal: Appraisal) -> list[str]:
    """What no rule looked at because no table has it, by name: at most a line for medicines and one for the rest."""
    found = {one.what: one for one in covered(appraisal)}
    lines = []
    if unknown := found["medicines"].unknown:
        lines.append(f"No rule knows these medicines, none looked at them: {_some(unknown, _SHOWN)}")
    parts = [
        f"{len(one.unknown)} of {one.total} {said} ({_some(one.unknown, _FEW)})"
        for what, said in (
            ("results", "kinds of result"),
            ("ranges", "laboratory tests, which have no range here"),
            ("problems", "problems"),
        )
        if (one := found[what]).unknown  # type: ignore[index]
    ]
    if parts:
        lines.append(f"Outside our tables, so judged by no rule: {'; '.join(parts)}.")
    return lines


def _some(names: tuple[str, ...], many: int) -> str:
    shown = ", ".join(names[:many])
    return shown if len(names) <= many else f"{shown} and {len(names) - many} more"


def _child(appraisal: Appraisal) -> str:
    doses = appraisal.doses
    said = [
        "Child: ranges by age where a table has them; targets and trends are for adults and not applied; "
        "growth percentiles are the record's own, none are computed"
    ]
    if doses and doses.checked:
        said.append(f"doses held to the weight: {_names(list(doses.checked))}")
    reasons: dict[str, list[Course]] = {}
    for course, why in doses.unchecked if doses else ():
        reasons.setdefault(why, []).append(course)
    said.extend(f"dose not checked ({why}): {_names(some)}" for why, some in reasons.items())
    return "; ".join(said) + "."


def _pregnancy(appraisal: Appraisal) -> str:
    known = appraisal.pregnancy is not None and appraisal.pregnancy.trimester is not None
    ranges = "ranges of the trimester where a table has them" if known else "nothing dates it, so no ranges of its own"
    return f"Pregnancy: {ranges}; named drugs to avoid are checked; doses and targets of pregnancy are not."


def _names(courses: list[Course]) -> str:
    names = ", ".join(c.drug.short for c in courses[:_SHOWN])
    return names if len(courses) <= _SHOWN else f"{names} and {len(courses) - _SHOWN} more"
