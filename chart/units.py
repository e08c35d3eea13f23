"""UCUM units: equal ones are seen at once, others are converted by pint through ucumvert, molar ones by molar mass."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

_ANNOTATION = re.compile(r"/?\{[^}]*\}")
_WRITTEN = {
    "mmhg": "mm[Hg]",
    "mm hg": "mm[Hg]",
    "mg/dl": "mg/dL",
    "g/dl": "g/dL",
    "ug/l": "ug/L",
    "umol/l": "umol/L",
    "µmol/l": "umol/L",
    "μmol/l": "umol/L",
    "mmol/l": "mmol/L",
    "meq/l": "meq/L",
    "bpm": "/min",
    "beats/min": "/min",
    "breaths/min": "/min",
    "lb": "[lb_av]",
    "lbs": "[lb_av]",
    "in": "[in_i]",
    "inch": "[in_i]",
    "degf": "[degF]",
    "°f": "[degF]",
    "degc": "Cel",
    "°c": "Cel",
    "c": "Cel",
    "percent": "%",
    "iu/l": "[IU]/L",
    "k/ul": "10*3/uL",
    "x10^3/ul": "10*3/uL",
    "10^3/ul": "10*3/uL",
    "thousand/ul": "10*3/uL",
    "10*9/l": "10*9/L",
    "x10^9/l": "10*9/L",
    "ml/min/1.73 m2": "mL/min/{1.73_m2}",
    "ml/min/1.73m2": "mL/min/{1.73_m2}",
    "ml/min/1.73": "mL/min/{1.73_m2}",
}
_SHOWN = {
    "mm[Hg]": "mmHg",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "[lb_av]": "lb",
    "[in_i]": "in",
    "[degF]": "°F",
    "Cel": "°C",
    "10*3/uL": "×10³/µL",
    "10*6/uL": "×10⁶/µL",
    "10*9/L": "×10⁹/L",
    "kg/m2": "kg/m²",
    "{INR}": "",
    "{score}": "",
    "{T-score}": "",
    "ug/mL": "µg/mL",
    "ug/L": "µg/L",
    "umol/L": "µmol/L",
    "m[IU]/L": "mIU/L",
    "mo": "months",
    "a": "years",
    "wk": "weeks",
    "d": "days",
}
_ONE_VALENT = frozenset({"meq/L"})


def shown(unit: str | None) -> str:
    """The unit as a clinician writes it; an empty string for none."""
    return _SHOWN.get(unit or "", unit or "")


def ucum(written: str) -> str:
    """The UCUM code of a unit as written; an unknown one comes back as it is."""
    return _WRITTEN.get(written.strip().lower(), written.strip())


def same_unit(one: str, other: str) -> bool:
    """Whether two units are the same but for spelling and annotations (``{1.73_m2}``)."""
    return _plain(one) == _plain(other)


def convert(value: Decimal, source: str, target: str, *, molar: Decimal | None = None) -> Decimal | None:
    """Convert a value between UCUM units.

    Args:
        value: the number in ``source``.
        source: UCUM code or a written unit.
        target: UCUM code.
        molar: molar mass in g/mol, where mass and amount of substance are both used for the measurement.

    Returns:
        The value in ``target`` to at most ten significant digits, or ``None`` when the units do not convert.
    """
    if same_unit(source, target):
        return value
    factor = _factor(ucum(source), ucum(target), molar)
    if factor is None:
        return None
    scale, offset = factor
    return Decimal(f"{value * scale + offset:.10g}")


def _plain(unit: str) -> str:
    return _ANNOTATION.sub("", ucum(unit)) or "1"


@lru_cache(maxsize=1)
def _registry() -> Any:  # noqa: ANN401 - pint's registry has no useful type
    from ucumvert import PintUcumRegistry  # a third of a second, needed only when units differ

    return PintUcumRegistry()


@lru_cache(maxsize=1024)
def _factor(source: str, target: str, molar: Decimal | None) -> tuple[Decimal, Decimal] | None:
    """Scale and offset from one unit to another, found from two points so that °F converts as well."""
    if source in _ONE_VALENT:
        source = "mmol/L"
    registry = _registry()
    try:
        start, end = registry.from_ucum(_plain(source)), registry.from_ucum(_plain(target))
        zero = _magnitude(registry, 0, start, end, molar)
        one = _magnitude(registry, 1, start, end, molar)
    except Exception:  # any failure of the unit library means one thing here: not convertible
        return None
    return Decimal(f"{one - zero:.12g}"), Decimal(f"{zero:.12g}")


def _magnitude(registry: Any, number: int, start: Any, end: Any, molar: Decimal | None) -> float:  # noqa: ANN401
    quantity = registry.Quantity(number, start.units) if hasattr(start, "units") else registry.Quantity(number, start)
    quantity = quantity * start.magnitude if getattr(start, "magnitude", 1) != 1 else quantity
    unit = end.units if hasattr(end, "units") else end
    scale = float(getattr(end, "magnitude", 1) or 1)
    if quantity.dimensionality != registry.Quantity(1, unit).dimensionality and molar:
        mass = registry.Quantity(float(molar), "g/mol")
        as_amount = quantity / mass
        quantity = (
            as_amount if as_amount.dimensionality == registry.Quantity(1, unit).dimensionality else quantity * mass
        )
    return float(quantity.to(unit).magnitude) / scale
