"""A medicine's strength as a clinician says it: inhalers in micrograms a puff, patches an hour."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

_INHALED = frozenset({"inhaler", "DPI", "nasal"})
_THOUSAND = Decimal(1000)


def spoken(strength: str, form: str) -> tuple[str, str]:
    """The number and the unit as said.

    Args:
        strength: as a drug's name has it, such as ``0.09 mg/actuat`` or ``100 mg/ml``.
        form: the product's form, such as ``inhaler``.

    Returns:
        ``("90", "mcg")``: under a milligram a puff or an hour is said in micrograms; "a puff" goes without saying.
    """
    number, _, unit = strength.partition(" ")
    mass, _, per = unit.partition("/")
    per = {"hr": "h", "ml": "mL", "l": "L", "actuat": ""}.get(per, per)
    if mass == "mg" and (per == "h" or (unit.endswith("/actuat") and form in _INHALED)):
        number, mass = _micrograms(number)
    mass = {"ml": "mL", "meq": "mEq"}.get(mass, mass)
    return number, f"{mass}/{per}" if per else mass


def _micrograms(number: str) -> tuple[str, str]:
    try:
        value = Decimal(number)
    except InvalidOperation:
        return number, "mg"
    if not 0 < value < 1:
        return number, "mg"
    return f"{(value * _THOUSAND).normalize():f}", "mcg"
