"""What a problem is: the rows of the problem table, and which of them a chart's words or codes mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from chart.fact import Fact
from chart.site_tables import read_table

SNOMED = "http://snomed.info/sct"
_ICD10 = "icd-10"
_SUFFIX = re.compile(
    r"\s*\((disorder|finding|situation|procedure|morphologic abnormality|qualifier value|regime/therapy|event|substance"
    r"|product|observable entity|record artifact|environment|person|organism|body structure)\)\s*$",
    re.I,
)

_VISIT = re.compile(r"^(encounter|visit) (for|with) (?=.)", re.I)


@dataclass(frozen=True, kw_only=True, slots=True)
class Concept:
    """One row of the problem table."""

    key: str
    """Stable name."""
    short: str
    """What a clinician calls it."""
    kind: str
    """``chronic event acute symptom social directive``, or ``other`` for a problem outside the table."""
    words: tuple[re.Pattern[str], ...]
    """How charts name it."""
    snomed: frozenset[str]
    """Its SNOMED CT codes."""
    icd10: tuple[str, ...]
    """ICD-10 prefixes."""
    shows: tuple[str, ...]
    """Measurement keys that show its state, the controlling one first."""
    rules: Mapping[str, Any]
    """``borne_out``, ``target``, ``superseded_by``, ``folded_by``, ``says``, ``degrees`` as the table has them."""


OTHER = Concept(key="other", short="", kind="other", words=(), snomed=frozenset(), icd10=(), shows=(), rules={})


def degree_of(concept: Concept, value: Decimal) -> str | None:
    """The table's words for how far the controlling value goes, such as ``Obesity class II``; ``None`` without any."""
    reached = [d for d in concept.rules.get("degrees", ()) if value >= Decimal(str(d["at_least"]))]
    return str(reached[-1]["says"]) if reached else None


def plain_name(name: str) -> str:
    """A terminology display as words: ``Anemia (disorder)`` → ``Anemia``, ``Encounter for check-up`` → ``check-up``."""
    plain = _SUFFIX.sub("", name).strip()
    return _VISIT.sub("", plain).strip(" '\"") or plain


@lru_cache(maxsize=4)
def concepts(site: Path | None = None) -> tuple[Concept, ...]:
    """The problem table, in its order; the first that matches wins."""
    return tuple(
        Concept(
            key=key,
            short=row["short"],
            kind=row["kind"],
            words=tuple(re.compile(w) for w in row.get("words", ())),
            snomed=frozenset(row.get("snomed", ())),
            icd10=tuple(row.get("icd10", ())),
            shows=tuple(row.get("shows", ())),
            rules=row,
        )
        for key, row in read_table("problems", site).items()
        if key != "source"
    )


def concept_of(fact: Fact, table: Sequence[Concept]) -> Concept:
    """The concept of a coded or worded problem: codes first, then words; ``OTHER`` when the table has none."""
    for concept in table:
        for coding in fact.codes:
            if coding.system == SNOMED and coding.code in concept.snomed:
                return concept
            if _ICD10 in coding.system and coding.code.startswith(concept.icd10 or ("\0",)):
                return concept
    lower = fact.name.lower()
    return next((c for c in table if any(w.search(lower) for w in c.words)), OTHER)
