"""Computed numbers, worked out again from the raw chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from tests.checker.raw import RawChart, day_of, when
from tests.checker.values import Value, all_values

MONTH = Decimal("365.2425") / 12


def recompute(
    one: Mapping[str, Any],
    chart: RawChart,
    references: Mapping[str, str],
    values: Mapping[str, Value],
    cited: Sequence[Value],
) -> Decimal | None:
    """One `computed` of a claim, exactly; None where the result does not lead to what it was computed from.

    Args:
        one: `{op, of, value, unit}`.
        chart: the raw chart.
        references: fact ids to `Type/id`, as the whole result cites them.
        values: fact ids to the measured value that the whole result cites for them.
        cited: the measured values of the sentence itself.
    """
    op, of = one["op"], list(one["of"])
    if op == "age":
        return _age(chart)
    if op in ("days_since", "months_since", "days_between", "months_between"):
        if not all(f in references for f in of):
            return None
        return _time(op, [day_of(when(chart.resources[references[f]])) for f in of], chart.as_of.date())
    if op in ("minimum", "maximum", "mean"):
        return _of_series(op, of, chart, values, cited, one["unit"])
    if op == "count":
        return Decimal(len({references[f] for f in of})) if all(f in references for f in of) else None
    if not all(f in values for f in of):
        return None
    if op == "implied_egfr":
        return _ckd_epi(values[of[-1]], chart)
    return _arithmetic(op, [values[f] for f in of])


def _ckd_epi(creatinine: Value, chart: RawChart) -> Decimal | None:
    """CKD-EPI 2021, creatinine in mg/dL: 142 × min(k, 1)^a × max(k, 1)^-1.2 × 0.9938^age (× 1.012 for a woman)."""
    patient = chart.resources[f"Patient/{chart.patient}"]
    readings = [number for number, unit in creatinine.readings() if unit == "mg/dL"]
    if not readings or patient.get("gender") not in ("female", "male"):
        return None
    woman = patient["gender"] == "female"
    k = float(readings[0]) / (0.7 if woman else 0.9)
    age = float(_age(chart, day_of(creatinine.date)))
    low, high = min(k, 1.0) ** (-0.241 if woman else -0.302), max(k, 1.0) ** -1.2
    return Decimal(str(142 * low * high * 0.9938**age * (1.012 if woman else 1.0)))


def _age(chart: RawChart, on: date | None = None) -> Decimal:
    patient = chart.resources[f"Patient/{chart.patient}"]
    born = day_of(patient["birthDate"])
    until = on or (day_of(patient["deceasedDateTime"]) if "deceasedDateTime" in patient else chart.as_of.date())
    had_birthday = (until.month, until.day) >= (born.month, born.day)
    return Decimal(until.year - born.year - (0 if had_birthday else 1))


def _time(op: str, days: Sequence[date], today: date) -> Decimal:
    span = (today - max(days)).days if op.endswith("since") else (max(days) - min(days)).days
    return Decimal(span) if op.startswith("days") else span / MONTH


def _arithmetic(op: str, of: Sequence[Value]) -> Decimal | None:
    if op == "implied_glucose":
        return Decimal("28.7") * of[-1].number - Decimal("46.7")
    if op == "quotient_percent":
        return of[0].number / of[1].number * 100
    pair = common(of[0], of[-1])
    if pair is None or len(of) != 2:
        return None
    first, last = pair
    if op == "fluid_balance":
        return first - last  # what went in, then what came out
    if op == "difference":
        return last - first
    return (last - first) * 100 / abs(first) if op == "percent_change" and first else None


def common(one: Value, other: Value) -> tuple[Decimal, Decimal] | None:
    """Two values in one unit; None where there is none."""
    theirs = {unit: number for number, unit in other.readings()}
    return next(((number, theirs[unit]) for number, unit in one.readings() if unit in theirs), None)


def _of_series(
    op: str, of: Sequence[str], chart: RawChart, values: Mapping[str, Value], cited: Sequence[Value], unit: str
) -> Decimal | None:
    """All results of what the sentence cites; some series are told from their first doubtless value on."""
    if all(f in values for f in of):
        numbers = [values[f].number for f in of]
    else:
        keys = {v.about for v in cited if any(u == unit for _, u in v.readings())}
        of_key = [v for v in all_values(chart) if v.about in keys]
        numbers = [n for v in of_key for n, u in v.readings() if u == unit]
        if len({v.date for v in of_key}) != len(set(of)):
            return None
    if not numbers:
        return None
    return {"minimum": min, "maximum": max, "mean": lambda n: sum(n, Decimal(0)) / len(n)}[op](numbers)  # type: ignore[no-any-return,operator]
