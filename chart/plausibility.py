"""Values that cannot be right: identical decimals, counts at odds, an HbA1c that glucose denies, slips of unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from chart.finding import Finding
from chart.kidney import implied_egfr
from chart.series import Doubt, Point, Series

RUN = 4
"""So many identical decimal values running are a copied or defaulted value, not a measurement."""
_MAY_REPEAT = frozenset(
    {"height", "bmi", "pain", "mmse", "systolic", "diastolic", "spo2", "temperature", "inr", "bone_density"}
)
_MCHC = (Decimal(29), Decimal(38))
_SLIP = (Decimal("2.0"), Decimal("2.4"))


def doubt(
    series: Mapping[str, Series], *, sex: str, born: date | None
) -> tuple[dict[str, Series], tuple[Finding, ...]]:
    """Mark every implausible point and say why.

    Args:
        series: by measurement key.
        sex: as the record has it, for the kidney's equation.
        born: the birth date, or ``None`` where it is not known to the day.

    Returns:
        The series with doubts set, and one finding per measurement and reason.
    """
    findings: list[Finding] = []
    doubts: dict[str, Doubt] = {}
    for key, one in series.items():
        findings.extend(_said_by_the_series(key, one))
        runs = [] if key in _MAY_REPEAT else repeated_runs(one.trusted)
        for run in runs:
            doubts.update({p.fact.id: "repeated_decimals" for p in run})
        if runs:
            findings.append(_finding("repeated_values", key, _one_a_day(runs[-1])))
        slips = _unit_slips(one) if key == "weight" else []
        if slips:
            doubts.update({p.fact.id: "unit_slip" for p in slips})
            findings.append(_finding("implausible", key, slips))
    findings.extend(_blood_counts(series, doubts))
    findings.extend(_glucose_against_hba1c(series, doubts))
    if born is not None:
        findings.extend(_kidney_values(series, doubts, sex, born))
    marked = {key: one.doubting(doubts) for key, one in series.items()}
    now = {p.fact.id: p for one in marked.values() for p in one.points}
    return marked, tuple(
        replace(f, points=tuple(now[p.fact.id] for p in f.points), others=tuple(now[p.fact.id] for p in f.others))
        for f in findings
    )


def _finding(kind: str, key: str, points: Sequence[Point], others: Sequence[Point] = ()) -> Finding:
    last = max(p.when.start for p in points)
    return Finding(kind=kind, key=key, when=last, points=tuple(points), others=tuple(others))  # type: ignore[arg-type]


def _said_by_the_series(key: str, one: Series) -> list[Finding]:
    found = []
    limits = [p for p in one.doubtful if p.doubt == "outside_limits"]
    conflicts = [p for p in one.doubtful if p.doubt == "conflict"]
    if limits:
        found.append(_finding("implausible", key, limits))
    if conflicts:
        found.append(_finding("same_moment", key, conflicts))
    return found


def repeated_runs(points: Sequence[Point]) -> list[list[Point]]:
    """Runs of identical values with decimals on at least four days; a repeat on the same day belongs to its run."""
    runs: list[list[Point]] = []
    run: list[Point] = []
    for point in points:
        if run and point.value == run[-1].value:
            run.append(point)
            continue
        runs.append(run)
        run = [point] if _decimals(point.value) else []
    return [r for r in (*runs, run) if len(_one_a_day(r)) >= RUN]


def _one_a_day(run: Sequence[Point]) -> list[Point]:
    return list({p.day: p for p in run}.values())


def _decimals(value: Decimal) -> bool:
    return value != value.to_integral_value()


def _unit_slips(one: Series) -> list[Point]:
    """A weight 2.0 to 2.4 times the one before in a year, or that part of it: pounds for kilograms or the reverse."""
    found: list[Point] = []
    before: Point | None = None
    for point in one.trusted:
        if before and before.value and (point.day - before.day).days <= 366:
            ratio = point.value / before.value
            if _SLIP[0] <= ratio <= _SLIP[1] or (ratio and _SLIP[0] <= 1 / ratio <= _SLIP[1]):
                found.append(point)
                continue
        before = point
    return found


def _settled(wrong: Point, one: Series) -> bool:
    """Whether a sound value came more than a year after a contradiction: then the old one is no news."""
    return (one.points[-1].day - wrong.day).days > 366


def _blood_counts(series: Mapping[str, Series], doubts: dict[str, Doubt]) -> list[Finding]:
    """Haemoglobin and haematocrit of one sample whose quotient no red cell can have."""
    hb, hct = series.get("hemoglobin"), series.get("hematocrit")
    if hb is None or hct is None:
        return []
    by_moment = {p.when.start: p for p in hct.trusted}
    wrong = []
    for point in hb.trusted:
        partner = by_moment.get(point.when.start)
        if partner is None or not partner.value:
            continue
        implied = point.value / partner.value * 100
        if not _MCHC[0] <= implied <= _MCHC[1]:
            wrong.append((point, partner))
            doubts[point.fact.id] = doubts[partner.fact.id] = "contradicted"
    if not wrong or _settled(wrong[-1][0], hb):
        # A later count that is sound has settled the question: the old one is left out of trends, and not spoken of.
        return []
    last = wrong[-1]
    mchc = series.get("mchc")
    own = [p for p in mchc.points if p.when.start == last[0].when.start] if mchc else []
    return [_finding("blood_count", "hemoglobin", last, own)]


def _glucose_against_hba1c(series: Mapping[str, Series], doubts: dict[str, Doubt]) -> list[Finding]:
    """An HbA1c whose implied mean glucose (28.7 × HbA1c − 46.7, ADAG) lies far below what was measured that week."""
    hba1c, glucose = series.get("hba1c"), series.get("glucose")
    if hba1c is None or glucose is None:
        return []
    wrong, against = [], []
    for point in hba1c.points:
        implied = implied_glucose(point.value)
        near = [g for g in glucose.trusted if abs((g.day - point.day).days) <= 7]
        if not near:
            continue
        mean = sum((g.value for g in near), Decimal(0)) / len(near)
        if mean > implied * Decimal("1.4"):
            wrong.append(point)
            against.extend(near)
            if point.doubt is None:
                doubts.setdefault(point.fact.id, "contradicted")
    return (
        [_finding("implausible", "hba1c_glucose", wrong, against)] if wrong and not _settled(wrong[-1], hba1c) else []
    )


def _kidney_values(series: Mapping[str, Series], doubts: dict[str, Doubt], sex: str, born: date) -> list[Finding]:
    """A reported filtration rate that the creatinine of the same sample denies by more than two thirds."""
    creatinine, egfr = series.get("creatinine"), series.get("egfr")
    if creatinine is None or egfr is None:
        return []
    rates = {p.when.start: p for p in egfr.trusted}
    wrong = []
    for point in creatinine.trusted:
        reported = rates.get(point.when.start)
        implied = implied_egfr(point.value, sex=sex, born=born, day=point.day)
        if reported is None or implied is None:
            continue
        low, high = sorted((reported.value, implied))
        if low * 5 < high * 3:
            wrong.append((point, reported))
            doubts.setdefault(point.fact.id, "contradicted")
            doubts.setdefault(reported.fact.id, "contradicted")
    if not wrong or _settled(wrong[-1][0], creatinine):
        return []
    last = wrong[-1]
    return [_finding("kidney_values", "creatinine", last[:1], last[1:])]


def implied_glucose(hba1c: Decimal) -> Decimal:
    """Mean glucose in mg/dL that an HbA1c in % implies (ADAG study, Diabetes Care 2008)."""
    return Decimal("28.7") * hba1c - Decimal("46.7")
