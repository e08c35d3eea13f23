"""Go, no-go, or not enough yet: figures held to bounds that are data."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.rollout import Bound, BoundsUnusable, Happened, bounds, interval, rows, whole
from tests.unit.review.test_quality import one


def happened(signed: int, rejected: int) -> Happened:
    decided = [one() for _ in range(signed)] + [one("rejected") for _ in range(rejected)]
    return Happened(outcomes=decided, incidents=(), silent=(), runs=(), items=())


@pytest.mark.parametrize(
    ("signed", "rejected", "judged", "answer"),
    [
        (8, 1, "share", "not enough yet"),
        (8, 2, "share", "go"),
        (7, 3, "share", "no-go"),
        (9, 1, "interval", "no-go"),
        (90, 10, "interval", "go"),
    ],
)
def test_a_share_is_held_to_its_bound(signed: int, rejected: int, judged: str, answer: str) -> None:
    bound = Bound(figure="accepted", title="Accepted", at_least=0.8, minimum=10, judged=judged)
    (row,) = rows(happened(signed, rejected), [bound])
    assert (row.numerator, row.denominator, row.answer) == (signed, signed + rejected, answer)


def test_a_bound_from_above_and_what_never_happened() -> None:
    open_ = Bound(figure="open_incidents", title="Open", at_most=0.0, minimum=0)
    failed = Bound(figure="failed", title="Failed", at_most=0.02, minimum=5)
    hurried = Bound(figure="hurried", title="Hurried", at_most=0.5, minimum=1)
    found = rows(happened(3, 0), [open_, failed, hurried])
    assert [row.answer for row in found] == ["go", "not enough yet", "go"]
    assert found[1].share is None
    assert whole(found) == "not enough yet"
    assert whole(found[:1]) == "go"


def test_the_worst_group_counts_and_small_ones_do_not() -> None:
    bound = Bound(figure="accepted_worst_group", title="Worst", at_least=0.6, minimum=10)
    decided = [one(language="en") for _ in range(30)]
    decided += [one("signed" if n < 4 else "rejected", language="es") for n in range(12)]
    decided += [one("rejected", language="fa") for _ in range(6)]
    (row,) = rows(Happened(outcomes=decided, incidents=(), silent=(), runs=(), items=()), [bound])
    assert (row.numerator, row.denominator, row.answer) == (4, 12, "no-go")


def test_the_interval_is_wilsons() -> None:
    # Wilson 1927, as tables print it for 8 of 10 and for nothing of 10.
    assert interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        '[[rows]]\nfigure = "accepted"\ntitle = "A"\nminimum = 1',
        '[[rows]]\nfigure = "luck"\ntitle = "A"\nminimum = 1\nat_least = 0.5',
        '[[rows]]\nfigure = "accepted"\ntitle = "A"\nminimum = 1\nat_least = 70.0',
    ],
)
def test_bounds_that_mean_nothing_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rollout.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BoundsUnusable, match="PREROUND_ROLLOUT"):
        bounds(file)
    assert len(bounds()) == 9
