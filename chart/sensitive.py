"""Sensitive data: found by label and by class, left out by policy before anybody words, prompts or exports."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

from chart.fact import Fact
from chart.measurement import read_table

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


@lru_cache(maxsize=4)
def sensitive_classes(site: Path | None = None) -> tuple[SensitiveClass, ...]:
    """The table, read once."""
    return tuple(
        SensitiveClass(
            key=key,
            title=row["title"],
            labels=frozenset(row["labels"]),
            words=tuple(re.compile(w, re.I) for w in row["words"]),
            by_label=_action(row["by_label"]),
            by_words=_action(row["by_words"]),
            ages=(row["from"], row["to"]) if "from" in row else None,
        )
        for key, row in read_table("sensitive.toml", site).items()
        if key != "source"
    )


def _action(word: str) -> Action:
    """An action; anything unknown withholds, because a typing error must not disclose."""
    return cast("Action", word) if word in ("show", "mask", "withhold") else "withhold"


def judge(
    fact: Fact, resource: Mapping[str, Any], classes: tuple[SensitiveClass, ...], *, age: int | None
) -> tuple[Action, str]:
    """What to do with a fact, and the title of the class that says so; the strictest class wins."""
    labels = _labels(resource)
    found: tuple[Action, str] = ("show", "")
    for one in classes:
        if not _of_age(one, age):
            continue
        if labels & one.labels:
            found = _stricter(found, (one.by_label, one.title))
        elif one.by_words != "show" and any(w.search(fact.name) for w in one.words):
            found = _stricter(found, (one.by_words, one.title))
    return found


def in_text(text: str, classes: tuple[SensitiveClass, ...], *, age: int | None) -> tuple[str, ...]:
    """The titles of the classes whose words stand in a text, of those that the table acts on by words alone."""
    return tuple(
        one.title
        for one in classes
        if one.by_words != "show" and _of_age(one, age) and any(w.search(text) for w in one.words)
    )


def _of_age(one: SensitiveClass, age: int | None) -> bool:
    return one.ages is None or (age is not None and one.ages[0] <= age < one.ages[1])


def _stricter(one: tuple[Action, str], other: tuple[Action, str]) -> tuple[Action, str]:
    rank = {"show": 0, "mask": 1, "withhold": 2}
    return other if rank[other[0]] > rank[one[0]] else one


def _labels(resource: Mapping[str, Any]) -> frozenset[str]:
    meta = resource.get("meta")
    security = meta.get("security") if isinstance(meta, Mapping) else None
    if not isinstance(security, list):
        return frozenset()
    return frozenset(str(s.get("code")) for s in security if isinstance(s, Mapping))


def keep_back(
    drafts: Sequence[Fact],
    library: dict[str, Mapping[str, Any]],
    classes: tuple[SensitiveClass, ...],
    age: int | None,
) -> tuple[dict[str, int], list[Fact]]:
    """Take out what policy masks or withholds: the facts and the resources behind them, so no citation leads there."""
    masked: Counter[str] = Counter()
    kept: list[Fact] = []
    gone: set[str] = set()
    for fact in drafts:
        action, title = judge(fact, library[fact.reference], classes, age=age)
        if action == "show":
            kept.append(fact)
            continue
        gone.add(fact.reference)
        if action == "mask":
            masked[title] += 1
    for reference in gone:
        library.pop(reference, None)
    return dict(masked), [f for f in kept if f.reference not in gone]
