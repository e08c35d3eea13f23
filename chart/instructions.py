"""Text anywhere in a record that addresses a program and not a reader: in notes, names, results, labels, comments."""

from __future__ import annotations

import re
from datetime import datetime

from chart.addressed import reads_like_instruction
from chart.chart import Chart
from chart.fact import Fact
from chart.finding import Finding

_SHORTEST = 12
"""Characters below which no words can instruct; codes, dates and numbers are passed over."""
_RUNNING = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|to|that|this|it|you|your|please|must|should|shall|will|do|who|nobody)\b",
    re.I,
)
_LONGEST_NAME = 7
"""Words of a text up to which it is taken for a name."""


def instructions(chart: Chart) -> list[Finding]:
    """A finding for the notes that hold such text, and one for the other entries that do."""
    notes = [n.fact for n in chart.notes if reads_like_instruction(n.text)]
    known: dict[str, bool] = {}
    entries = [
        f
        for f in (chart.patient, *chart.facts)
        if f not in notes and any(_instructs(text, known) for text in texts_of(f))
    ]
    found = []
    if notes:
        found.append(Finding(kind="instruction_in_note", key="notes", when=_start(notes[-1]), facts=tuple(notes)))
    if entries:
        # The patient's own date is the birth, which is not when such a text was written.
        when = None if entries[-1] is chart.patient else _start(entries[-1])
        found.append(Finding(kind="instruction_in_entry", key="entries", when=when, facts=tuple(entries)))
    return found


def texts_of(fact: Fact) -> tuple[str, ...]:
    """The words of a fact's own literals that are long enough to say something."""
    return tuple(text for text in fact.texts if len(text) >= _SHORTEST and " " in text)


def runs_on(fact: Fact) -> bool:
    """Whether an entry that is no note holds running text, which could say anything, and not names and values alone."""
    return any(len(text.split()) > _LONGEST_NAME and _RUNNING.search(text) for text in texts_of(fact))


def _instructs(text: str, known: dict[str, bool]) -> bool:
    if text not in known:
        known[text] = reads_like_instruction(text)
    return known[text]


def _start(fact: Fact) -> datetime | None:
    return fact.when.start if fact.when else None
