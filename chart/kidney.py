"""What a creatinine implies for the kidney: the CKD-EPI equation of 2021, without race, for adults."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal

from chart.moment import years_between

ADULT = 18


def implied_egfr(creatinine: Decimal, *, sex: str, born: date, day: date) -> Decimal | None:
    """Estimated filtration rate in mL/min/1.73 m² (CKD-EPI 2021, N Engl J Med 2021;385:1737).

    Args:
        creatinine: in mg/dL.
        sex: ``male`` or ``female`` as the record has it.
        born: the birth date.
        day: when it was measured.

    Returns:
        The rate, or ``None`` below 18 years, without a sex the equation knows, or for a creatinine of zero.
    """
    age = years_between(born, day)
    if age < ADULT or sex not in ("male", "female") or creatinine <= 0:
        return None
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "female" else (0.9, -0.302, 1.0)
    ratio = float(creatinine) / kappa
    rate = 142 * math.pow(min(ratio, 1), alpha) * math.pow(max(ratio, 1), -1.2) * math.pow(0.9938, age) * factor
    return Decimal(f"{rate:.6g}")  # rounded once, where it is shown
