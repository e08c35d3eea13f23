"""The appraisal's rule tables: monitoring, therapy after events, contradictions and pairs, as frozen rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from chart.courses import Course
from chart.site_tables import read_table


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One row; what its keys mean stands in ``tables/rules.toml``."""

    row: Mapping[str, Any]
    """The row as the table has it."""

    def applies_to(self, course: Course, side: str = "") -> bool:
        """Whether the course's drug is one the row names by class or ingredient (``side``: ``one_`` or ``other_``)."""
        classes = self.row.get("class" if not side else side.rstrip("_"), ())
        named = self.row.get(f"{side}ingredient", ())
        return bool(course.drug.classes & set(classes) or course.drug.substances & set(named))

    def named(self, course: Course) -> str:
        """The class of the course that the row names, for the sentence."""
        return next((c for c in self.row.get("class", ()) if c in course.drug.classes), course.drug.short)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """All rows by table."""

    monitoring: tuple[Rule, ...]
    """Class of drug → measurements and interval in months."""
    after: tuple[Rule, ...]
    """Event or disease → classes of therapy."""
    contradicts: tuple[Rule, ...]
    """Drug in use and a result that speaks against it."""
    avoid: tuple[Rule, ...]
    """Drug in use and a condition or an age that speaks against it."""
    pairs: tuple[Rule, ...]
    """Two drugs that harm together."""
    renal: tuple[Rule, ...]
    """Drugs that are not begun below a filtration rate."""
    repeat: tuple[Rule, ...]
    """Results that should have been measured again."""
    expected: tuple[Rule, ...]
    """What a problem asks to have on record."""
    rescue: tuple[Rule, ...]
    """Drugs to have at hand for an allergy."""
    regular: tuple[Rule, ...]
    """Drugs that work only when taken regularly."""
    reasons: tuple[Rule, ...]
    """What a class of drug is usually given for."""
    quiet: re.Pattern[str]
    """Names of procedures that say nothing by themselves, in lower case."""
    said: Mapping[str, str]
    """What a clinician calls a procedure whose coded name nobody says, by that name's beginning in lower case."""

    def called(self, name: str) -> str:
        """What a clinician calls a procedure: the table's words, else its own name."""
        lower = name.lower()
        return next((words for begins, words in self.said.items() if lower.startswith(begins)), name)


@lru_cache(maxsize=4)
def rules(site: Path | None = None) -> Rules:
    """The rule tables, read once."""
    table = read_table("rules", site)
    return Rules(
        monitoring=tuple(Rule(row=row) for row in table["monitoring"]),
        after=tuple(Rule(row=row) for row in table["after"]),
        contradicts=tuple(Rule(row=row) for row in table["contradicts"]),
        avoid=tuple(Rule(row=row) for row in table["avoid"]),
        pairs=tuple(Rule(row=row) for row in table["pair"]),
        renal=tuple(Rule(row=row) for row in table["renal"]),
        repeat=tuple(Rule(row=row) for row in table["repeat"]),
        expected=tuple(Rule(row=row) for row in table["expected"]),
        rescue=tuple(Rule(row=row) for row in table["rescue"]),
        regular=tuple(Rule(row=row) for row in table["regular"]),
        reasons=tuple(Rule(row=row) for row in table["reason"]),
        said=table["said"],
        quiet=re.compile("|".join(table["quiet"]["words"])),
    )
