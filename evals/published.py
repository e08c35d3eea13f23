"""Published accuracies on exams, and how sure a measured one is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from evals.exam_papers import Exam


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A figure that somebody published."""

    score: float
    """Share of right answers, 0 to 1."""
    source: str
    """Who says so, and of which form of the exam."""


_FIRST = "MedGemma technical report, arXiv 2507.05201; temperature 0"
_SECOND = "MedGemma 1.5 technical report, arXiv 2604.05081; temperature 0"
_CARD = "MedGemma model card"
_SECOND_CARD = "MedGemma 1.5 model card"
_SCALED = "with test-time scaling"
"""The cards say so of the large models: more than one answer a question."""


def _said(score: float, *source: str) -> Published:
    return Published(score=score, source="; ".join(source))


_FIGURES: Mapping[tuple[Exam, str], Published] = {
    ("medqa", "google/medgemma-4b-it"): _said(0.644, _FIRST, "4 options"),
    ("medmcqa", "google/medgemma-4b-it"): _said(0.557, _CARD),
    ("pubmedqa", "google/medgemma-4b-it"): _said(0.734, _CARD),
    ("medqa", "google/medgemma-1.5-4b-it"): _said(0.691, _SECOND, "4 options"),
    ("medmcqa", "google/medgemma-1.5-4b-it"): _said(0.598, _SECOND_CARD),
    ("pubmedqa", "google/medgemma-1.5-4b-it"): _said(0.682, _SECOND_CARD),
    ("medqa", "google/medgemma-27b-text-it"): _said(0.877, _FIRST, "4 options"),
    ("medmcqa", "google/medgemma-27b-text-it"): _said(0.742, _FIRST, _SCALED),
    ("pubmedqa", "google/medgemma-27b-text-it"): _said(0.768, _FIRST, _SCALED),
    ("medqa", "google/medgemma-27b-it"): _said(0.853, _FIRST, "4 options"),
    ("medmcqa", "google/medgemma-27b-it"): _said(0.702, _SECOND_CARD, _SCALED),
    ("pubmedqa", "google/medgemma-27b-it"): _said(0.772, _SECOND_CARD, _SCALED),
}


def published(exam: Exam, repository: str | None, *, options: int) -> Published | None:
    """The figure of a model, by the repository of its weights; `None` where none is known for certain.

    Args:
        exam: which.
        repository: such as `google/medgemma-4b-it`.
        options: most that a question has; MedQA is also published with five, for which no figure is known.
    """
    if exam == "medqa" and options != 4:
        return None
    return _FIGURES.get((exam, repository or ""))


def interval(passed: int, total: int) -> tuple[float, float]:
    """The 95 % bootstrap interval of a share, 0 to 1.

    Drawing `total` answers anew from those given, each right or wrong, gives a binomial count; its percentiles are
    what endless resampling would come to, so nothing is drawn and nothing depends on a seed. Where all or none are
    right every draw is the same, and the interval is a point.
    """
    if passed in (0, total):
        return (passed / total, passed / total) if total else (0.0, 0.0)
    share = passed / total
    below, low = 0.0, None
    for count in range(total + 1):
        below += math.exp(
            math.lgamma(total + 1)
            - math.lgamma(count + 1)
            - math.lgamma(total - count + 1)
            + count * math.log(share)
            + (total - count) * math.log1p(-share)
        )
        low = count if low is None and below >= 0.025 else low
        if below >= 0.975:
            return (low or 0) / total, count / total
    return (low or 0) / total, 1.0
