"""The outcomes as a table for other programs: a line an entry, and nothing that is a patient's."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from review.outcomes import Outcome
from store.columns import instant_text
from store.seeded import SeededRow as Seeded

COLUMNS = (
    "item",
    "entry",
    "task",
    "resource",
    "tier",
    "author",
    "guidelines",
    "verdict",
    "reason",
    "decided",
    "seconds",
    "seconds_to_read",
    "hurried",
    "changed",
)
"""Age, sex and language are not among them: with a date and a ward, a line would tell who it is about."""


def rows(found: Iterable[Outcome]) -> Iterable[list[Any]]:
    """The lines, by `COLUMNS`."""
    for one in found:
        yield [
            one.item_id,
            one.entry,
            one.task,
            one.kind,
            one.tier,
            one.author,
            " ".join(one.guidelines),
            one.verdict,
            one.code or "",
            instant_text(one.at),
            round(one.seconds),
            round(one.least),
            int(one.hurried),
            round(one.changed, 3),
        ]


SEEDED = ("round", "copy_of", "kind", "entry", "result", "seeded", "decided")
"""The columns of the table of known errors."""


def seeded_table(found: Iterable[Seeded]) -> str:
    """The known errors as CSV, a line each; nothing of what they say."""
    lines = (
        [
            one.run_id,
            one.copy_of,
            one.kind,
            one.entry,
            one.result or "",
            instant_text(one.created),
            instant_text(one.decided) if one.decided else "",
        ]
        for one in found
    )
    return _csv(SEEDED, lines)


def table(found: Iterable[Outcome]) -> str:
    """CSV with a header, lines ended as RFC 4180 has it."""
    return _csv(COLUMNS, rows(found))


def _csv(columns: Iterable[str], lines: Iterable[list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(lines)
    return text.getvalue()
