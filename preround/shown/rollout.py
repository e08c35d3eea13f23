"""The figures of a rollout in words and as JSON."""

from __future__ import annotations

from typing import Any

from review.rollout import Bound, Row


def figures_of(one: Row) -> tuple[str, str, str, str]:
    """Share, counts, interval and bound of a row, in words."""
    if not one.denominator:
        return "–", f"0 (needs {one.bound.minimum})", "–", bound_words(one.bound)
    least = f" (needs {one.bound.minimum})" if one.denominator < one.bound.minimum else ""
    of = f"{one.numerator} of {one.denominator}{least}"
    return f"{one.share:.0%}", of, f"{one.low:.0%} to {one.high:.0%}", bound_words(one.bound)


def bound_words(bound: Bound) -> str:
    """A bound in words."""
    said = f"at least {bound.at_least:.0%}" if bound.at_least is not None else f"at most {bound.at_most:.0%}"
    return f"{said}, whole interval" if bound.judged == "interval" else said


def row_json(one: Row) -> dict[str, Any]:
    """A row as JSON."""
    return {
        **one.bound.model_dump(),
        "numerator": one.numerator,
        "denominator": one.denominator,
        "share": one.share,
        "low": round(one.low, 4),
        "high": round(one.high, 4),
        "answer": one.answer,
    }
