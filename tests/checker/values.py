"""Measured values in the raw chart: what is measured, its unit, and the conversions that charts need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.checker.raw import Number, RawChart, Resource, when

WORDS = {
    "creatinine": r"^(?!.*(ratio|renal clearance|albumin|urine)).*creatinine",
    "potassium": r"potassium",
    "sodium": r"sodium",
    "chloride": r"chloride",
    "total_co2": r"^(?!.*(partial pressure|arterial)).*(carbon dioxide|\bCO2\b|bicarbonate)",
    "calcium": r"calcium",
    "glucose": r"glucose(?!.*urine)",
    "urea_nitrogen": r"urea nitrogen|\bBUN\b",
    "egfr": r"glomerular filtration|\begfr\b",
    "hba1c": r"a1c",
    "ldl": r"\bldl\b|low density lipoprotein",
    "inr": r"\binr\b",
    "tsh": r"thyrotropin|\btsh\b",
    "alt": r"alanine amino|\balt\b",
    "leukocytes": r"leukocytes|\bwbc\b",
    "lithium_level": r"lithium",
    "weight": r"body weight",
    "uacr": r"microalbumin|albumin.{0,12}creatinine",
}
"""How the raw record words what is measured."""
ALIASES = {
    "mm[Hg]": "mmHg",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "mL/min/1.73 m2": "mL/min/1.73 m²",
    "mL/min": "mL/min/1.73 m²",
    "10*3/uL": "×10³/µL",
    "10*9/L": "×10³/µL",
    "10*6/uL": "×10⁶/µL",
    "kg/m2": "kg/m²",
    "[lb_av]": "lb",
    "[in_i]": "in",
    "[degF]": "°F",
    "Cel": "°C",
    "meq/L": "mmol/L",
    "mEq/L": "mmol/L",
    "umol/L": "µmol/L",
    "ug/L": "µg/L",
    "ug/mL": "µg/mL",
    "{score}": "",
    "{INR}": "",
}
_FACTORS = {
    ("µmol/L", "mg/dL", "creatinine"): Decimal(1) / Decimal("88.42"),
    ("mmol/L", "mg/dL", "glucose"): Decimal("18.0156"),
    ("mmol/L", "mg/dL", "ldl"): Decimal("38.665"),
    ("lb", "kg", ""): Decimal("0.45359237"),
    ("in", "cm", ""): Decimal("2.54"),
    ("g/L", "g/dL", ""): Decimal("0.1"),
}


@dataclass(frozen=True, kw_only=True)
class Value:
    """One number of an Observation or of a component of it."""

    reference: str
    """`Observation/id`."""
    name: str
    """All the record's words for it, lower case."""
    number: Decimal
    """As written."""
    unit: str
    """As a clinician writes it."""
    date: str
    """As written."""

    @property
    def about(self) -> str:
        """The key of what is measured, or the record's words where this table has none."""
        return next((key for key, words in WORDS.items() if re.search(words, self.name, re.I)), self.name)

    def readings(self) -> list[tuple[Decimal, str]]:
        """The number in its own unit and in each unit that it can be converted to."""
        found = [(self.number, self.unit)]
        found += [
            (self.number * factor, target)
            for (source, target, about), factor in _FACTORS.items()
            if source == self.unit and about in ("", self.about)
        ]
        if self.unit == "°F":
            found.append(((self.number - 32) * 5 / 9, "°C"))
        if self.unit == "mmol/mol" and self.about == "hba1c":
            found.append((self.number * Decimal("0.09148") + Decimal("2.152"), "%"))
        return found


def values_of(resource: Resource) -> Iterator[tuple[str, Value]]:
    """The numbers of an Observation with the path of each."""
    reference = f"{resource['resourceType']}/{resource['id']}"
    parts: list[tuple[str, Any]] = [("Observation", resource)]
    many = resource.get("component", [])
    for index, one in enumerate(many):
        parts.append((f"Observation.component[{index}]" if len(many) > 1 else "Observation.component", one))
    for path, part in parts:
        number = _number(part)
        if number is not None:
            yield (
                f"{path}.value.value" if "valueQuantity" in part else f"{path}.value",
                Value(
                    reference=reference,
                    name=_words(part.get("code", {})),
                    number=number,
                    unit=_unit(part.get("valueQuantity", {})),
                    date=when(resource),
                ),
            )


def all_values(chart: RawChart) -> list[Value]:
    """Every number of the patient's standing Observations, oldest first."""
    found = [v for o in chart.standing("Observation") for _, v in values_of(o) if v.date]
    return sorted(found, key=lambda v: v.date)


def _number(part: Resource) -> Decimal | None:
    quantity = part.get("valueQuantity")
    text = quantity.get("value") if isinstance(quantity, dict) else part.get("valueInteger", part.get("valueDecimal"))
    return Decimal(text) if isinstance(text, Number) else None


def _unit(quantity: Resource) -> str:
    written = str(quantity.get("code") or quantity.get("unit") or "")
    return ALIASES.get(written, written)


def _words(code: Resource) -> str:
    parts = [str(code.get("text", "")), *(str(c.get("display", "")) for c in code.get("coding", []))]
    return " | ".join(dict.fromkeys(p for p in parts if p)).lower()
