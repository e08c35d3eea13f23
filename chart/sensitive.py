"""Sensitive data: what counts as such, by label and by class, and what a site's policy does with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from chart.site_tables import read_table

Action = Literal["show", "mask", "withhold"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SensitiveClass:
    """One row of the table."""

    key: str
    """Stable name."""
    title: str
    """How it is said on a page."""
    labels: frozenset[str]
    """Codes in ``meta.security``."""
    words: tuple[re.Pattern[str], ...]
    """What names and drugs it covers."""
    by_label: Action
    """What happens to a resource that carries a label."""
    by_words: Action
    """What happens to one that only looks sensitive."""
    ages: tuple[int, int] | None
    """Only at these ages, from ≤ age < to."""

    def holds_at(self, age: int | None) -> bool:
        """Whether it holds for a patient of so many years; one whose age nobody knows has no class by age."""
        return self.ages is None or (age is not None and self.ages[0] <= age < self.ages[1])


@lru_cache(maxsize=4)
def sensitive_classes(site: Path | None = None) -> tuple[SensitiveClass, ...]:
    """The table, read once."""
    return tuple(
        SensitiveClass(
            key=key,
            title=row["title"],
            labels=frozenset(row["labels"]),
            words=tuple(re.compile(w, re.I) for w in row["words"]),
            by_label=row["by_label"],
            by_words=row["by_words"],
            ages=(row["from"], row["to"]) if "from" in row else None,
        )
        for key, row in read_table("sensitive", site).items()
        if key != "source"
    )


_SHOWN: tuple[Action, str] = ("show", "")
_UNLABELLED: frozenset[str] = frozenset()


def labelled(resource: Mapping[str, Any], classes: tuple[SensitiveClass, ...]) -> tuple[Action, str]:
    """What to do with a resource by its labels, and the title of the class that says so; the strictest class wins."""
    labels = _labels(resource)
    if not labels:
        return _SHOWN
    found = _SHOWN
    for one in classes:
        if labels & one.labels:
            found = stricter(found, (one.by_label, one.title))
    return found


def judge_words(text: str, classes: tuple[SensitiveClass, ...]) -> tuple[Action, str]:
    """What to do with words, and the title of the class that says so; the strictest class wins."""
    found: tuple[Action, str] = ("show", "")
    for one in classes:
        if any(w.search(text) for w in one.words):
            found = stricter(found, (one.by_words, one.title))
    return found


def in_text(text: str, classes: tuple[SensitiveClass, ...], *, age: int | None) -> tuple[str, ...]:
    """The titles of the classes whose words stand in a text, of those that the table acts on by words alone."""
    return tuple(
        one.title
        for one in classes
        if one.by_words != "show" and one.holds_at(age) and any(w.search(text) for w in one.words)
    )


def stricter(one: tuple[Action, str], other: tuple[Action, str]) -> tuple[Action, str]:
    """The one of two that shows less."""
    rank = {"show": 0, "mask": 1, "withhold": 2}
    return other if rank[other[0]] > rank[one[0]] else one


def _labels(resource: Mapping[str, Any]) -> frozenset[str]:
    meta = resource.get("meta")
    # Nearly every one is a dictionary, which is told ten times sooner than a mapping.
    security = meta.get("security") if isinstance(meta, dict) or isinstance(meta, Mapping) else None  # noqa: SIM101
    if not isinstance(security, list):
        return _UNLABELLED
    return frozenset(str(s.get("code")) for s in security if isinstance(s, Mapping))
