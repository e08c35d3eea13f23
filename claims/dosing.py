"""What a child's order amounts to by weight, and what the table allows: for the drafter and the verifier alike."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from chart.appraisal import Appraisal
from chart.child_dose import Per, milligrams, rule_for
from chart.fact import Fact

PREFIXES = ("dose_", "least_", "most_")


def dosing(op: str, facts: Sequence[Fact], appraisal: Appraisal) -> tuple[Decimal, str] | None:
    """One number of a dose by weight with its unit; ``None`` where order, weight or table does not give it.

    Args:
        op: ``dose_…`` of an order and a weight, ``least_…`` and ``most_…`` of an order; ``…per_kg_once`` and
            ``…per_kg_day`` in mg/kg, ``…once`` and ``…day`` in mg.
        facts: the order, and for a dose per kilogram the weight.
        appraisal: gives the table and the patient's age at ``as_of``.
    """
    what, _, rest = op.partition("_")
    per = cast("Per", rest.removeprefix("per_kg_"))
    age = appraisal.chart.age_on(appraisal.chart.today)
    found = rule_for(facts[0], appraisal.drug_table, appraisal.dose_table, age) if age is not None else None
    if found is None:
        return None
    rule, ingredient = found
    unit = "mg/kg" if rest.startswith("per_kg_") else "mg"
    if what == "dose":
        given = milligrams(facts[0], ingredient, per)
        value = _by_weight(given, facts[1:], appraisal) if unit == "mg/kg" else given
    elif unit == "mg":
        value = rule.most.get(per)
    else:
        least, most = rule.per_kg.get(per, (None, None))
        value = least if what == "least" else most
    return None if value is None else (value, unit)


def _by_weight(given: Decimal | None, weights: Sequence[Fact], appraisal: Appraisal) -> Decimal | None:
    measured = appraisal.table.measured_by(weights[0]) if weights else None
    if given is None or measured is None or measured.key != "weight":
        return None
    weight = measured.value_of(weights[0])
    return given / weight if weight else None
