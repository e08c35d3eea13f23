"""The arithmetic of computed claims: done once when a sentence is drafted and again when it is verified."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from chart.appraisal import Appraisal
from chart.fact import Fact
from chart.kidney import implied_egfr
from chart.measurement import Measurement, round_to
from chart.moment import years_between
from chart.plausibility import implied_glucose
from chart.pregnancy import weeks_of
from claims.claim import Computed, Operation
from claims.dosing import PREFIXES, dosing

_MONTH_DAYS = Decimal("30.436875")


class NotComputable(ValueError):
    """A computation names facts that have no such number; cite facts with comparable values."""


def compute(op: Operation, facts: Sequence[Fact], appraisal: Appraisal) -> tuple[Decimal, str]:
    """Work out one operation over facts.

    Args:
        op: the operation.
        facts: what it is done to, in order.
        appraisal: gives ``as_of`` and the measurements' units.

    Returns:
        The exact value and its UCUM unit (empty for a count).

    Raises:
        NotComputable: when a fact has no number, no date, or the facts measure different things.
    """
    if not facts:
        raise NotComputable("A computation needs at least one fact.")
    if op == "count":
        return Decimal(len({f.id for f in facts})), ""
    if op == "age":
        return _age(facts[0], appraisal), "a"
    if op in _TIMES:
        return _TIMES[op]([_day(f) for f in facts], appraisal.chart.today)
    if op == "implied_egfr":
        return _implied_egfr(facts[-1], appraisal), "mL/min/{1.73_m2}"
    if op == "quotient_percent":
        return _quotient(facts, appraisal)
    if op in _TABLES:
        return _TABLES[op](facts, appraisal)
    if op.startswith(PREFIXES):
        return _dose(op, facts, appraisal)
    measurement, values = _values(facts, appraisal)
    unit = measurement.unit if measurement else (facts[0].unit or "")
    return _numbers(op, values, unit)


def computed(op: Operation, facts: Sequence[Fact], appraisal: Appraisal, *, places: int | None = None) -> Computed:
    """The record of a computation, rounded to ``places`` (by default whole for times, one decimal for percents)."""
    value, unit = compute(op, facts, appraisal)
    if places is None:
        places = 1 if unit in ("%", "mg/kg") or op == "percent_change" else 0 if op in _WHOLE else 2
    return Computed(op=op, of=tuple(f.id for f in facts), value=f"{round_to(value, places):f}", unit=unit)


def _dose(op: Operation, facts: Sequence[Fact], appraisal: Appraisal) -> tuple[Decimal, str]:
    found = dosing(op, facts, appraisal)
    if found is None:
        raise NotComputable("The order, the weight or the table of doses does not give this number.")
    return found


def _range_side(facts: Sequence[Fact], appraisal: Appraisal, *, low: bool) -> tuple[Decimal, str]:
    """A limit of the table's reference range for a result."""
    own = appraisal.range_of(facts[-1])
    measured = measurement_of(facts[-1], appraisal)
    limit = (own.low if low else own.high) if own else None
    if limit is None or measured is None:
        raise NotComputable("The table has no such limit for this result at this age.")
    return limit, measured.unit


def _range_low(facts: Sequence[Fact], appraisal: Appraisal) -> tuple[Decimal, str]:
    return _range_side(facts, appraisal, low=True)


def _range_high(facts: Sequence[Fact], appraisal: Appraisal) -> tuple[Decimal, str]:
    return _range_side(facts, appraisal, low=False)


def _gestation(facts: Sequence[Fact], appraisal: Appraisal) -> tuple[Decimal, str]:
    weeks = weeks_of(facts[-1], appraisal.chart.today)
    if weeks is None:
        raise NotComputable("A gestational age needs a date of delivery or a measured age in weeks.")
    return Decimal(weeks), "wk"


def _balance(facts: Sequence[Fact], appraisal: Appraisal) -> tuple[Decimal, str]:
    """What went in less what came out, in mL."""
    total = Decimal(0)
    for fact in facts:
        measured, (value,) = _values([fact], appraisal)
        if measured is None or measured.key not in _FLUIDS:
            raise NotComputable("A balance is of fluid intake and output.")
        total += _FLUIDS[measured.key] * value
    return total, "mL"


_FLUIDS = {"fluid_intake": Decimal(1), "urine_output": Decimal(-1)}
_TABLES: Mapping[str, Callable[[Sequence[Fact], Appraisal], tuple[Decimal, str]]] = {
    "range_low": _range_low,
    "range_high": _range_high,
    "gestational_weeks": _gestation,
    "fluid_balance": _balance,
}


def _age(patient: Fact, appraisal: Appraisal) -> Decimal:
    if patient.when is None or patient.when.day is None:
        raise NotComputable("The birth date is not known to the day; leave the age out.")
    until = patient.ended.date if patient.ended else appraisal.chart.today
    return Decimal(years_between(patient.when.date, until))


def _day(fact: Fact) -> date:
    if fact.when is None:
        raise NotComputable("A fact without a date has no age.")
    return fact.when.date


def _days_since(days: Sequence[date], today: date) -> tuple[Decimal, str]:
    return Decimal((today - max(days)).days), "d"


def _months_since(days: Sequence[date], today: date) -> tuple[Decimal, str]:
    return Decimal((today - max(days)).days) / _MONTH_DAYS, "mo"


def _days_between(days: Sequence[date], today: date) -> tuple[Decimal, str]:
    return Decimal((max(days) - min(days)).days), "d"


def _months_between(days: Sequence[date], today: date) -> tuple[Decimal, str]:
    return Decimal((max(days) - min(days)).days) / _MONTH_DAYS, "mo"


_TIMES: Mapping[str, Callable[[Sequence[date], date], tuple[Decimal, str]]] = {
    "days_since": _days_since,
    "months_since": _months_since,
    "days_between": _days_between,
    "months_between": _months_between,
}
_WHOLE = frozenset({"count", "age", *_TIMES, "implied_glucose", "implied_egfr", "gestational_weeks", "fluid_balance"})


def measurement_of(fact: Fact, appraisal: Appraisal) -> Measurement | None:
    """What a result measures, when the tables know it."""
    return appraisal.table.measured_by(fact)


def _values(facts: Sequence[Fact], appraisal: Appraisal) -> tuple[Measurement | None, list[Decimal]]:
    kinds = {m.key if (m := measurement_of(f, appraisal)) else f.name for f in facts}
    if len(kinds) != 1:
        raise NotComputable("The facts measure different things; compare like with like.")
    measurement = measurement_of(facts[0], appraisal)
    values = [measurement.value_of(f) if measurement else f.value for f in facts]
    numbers = [v for v in values if isinstance(v, Decimal)]
    if len(numbers) != len(values) or (measurement is None and len({f.unit for f in facts}) > 1):
        raise NotComputable("A fact has no number, or its unit cannot be converted.")
    return measurement, numbers


def _implied_egfr(fact: Fact, appraisal: Appraisal) -> Decimal:
    """The filtration rate that a creatinine implies for this patient on that day (CKD-EPI 2021)."""
    measurement, values = _values([fact], appraisal)
    patient = appraisal.chart.patient
    if measurement is None or measurement.key != "creatinine" or patient.when is None or patient.when.day is None:
        raise NotComputable("An implied eGFR needs a creatinine and a birth date known to the day.")
    sex = patient.cells["sex"].text if "sex" in patient.cells else ""
    found = implied_egfr(values[0], sex=sex, born=patient.when.date, day=_day(fact))
    if found is None:
        raise NotComputable("The equation knows adults with a recorded sex only.")
    return found


def _quotient(facts: Sequence[Fact], appraisal: Appraisal) -> tuple[Decimal, str]:
    """Haemoglobin over haematocrit × 100, the MCHC that they imply, in g/dL."""
    if len(facts) != 2:
        raise NotComputable("A quotient needs two facts.")
    (_, over), (_, under) = _values(facts[:1], appraisal), _values(facts[1:], appraisal)
    if under[0] == 0:
        raise NotComputable("Nothing can be divided by zero.")
    return over[0] / under[0] * 100, "g/dL"


def _numbers(op: Operation, values: Sequence[Decimal], unit: str) -> tuple[Decimal, str]:
    if op == "mean":
        return sum(values, Decimal(0)) / len(values), unit
    if op == "minimum":
        return min(values), unit
    if op == "maximum":
        return max(values), unit
    if op == "implied_glucose":
        return implied_glucose(values[-1]), "mg/dL"
    if len(values) != 2:
        raise NotComputable("A difference needs two facts.")
    if op == "percent_change":
        if values[0] == 0:
            raise NotComputable("A share of zero means nothing.")
        return (values[1] - values[0]) / abs(values[0]) * 100, "%"
    return values[1] - values[0], unit
