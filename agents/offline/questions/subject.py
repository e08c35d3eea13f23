"""What a question is about: facts of the chart, or something that can be said to be absent from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.offline.questions.lexicon import FACT_KINDS, Kind, ways_of
from chart.appraisal import Appraisal
from chart.fact import Fact

RESOURCE: dict[Kind, str] = {
    "result": "Observation",
    "medication": "MedicationRequest",
    "problem": "Condition",
    "allergy": "AllergyIntolerance",
    "immunization": "Immunization",
    "procedure": "Procedure",
    "encounter": "Encounter",
    "report": "DiagnosticReport",
    "care_plan": "CarePlan",
    "imaging": "ImagingStudy",
    "note": "DocumentReference",
}
"""What must have been read before one of a kind can be said to be absent."""


WORDS: dict[Kind, tuple[str, str]] = {
    "result": ("result", "results"),
    "medication": ("medicine", "medicines"),
    "problem": ("problem", "problems"),
    "allergy": ("allergy", "allergies"),
    "immunization": ("vaccination", "vaccinations"),
    "procedure": ("procedure", "procedures"),
    "encounter": ("visit", "visits"),
    "report": ("report", "reports"),
    "care_plan": ("care plan", "care plans"),
    "imaging": ("imaging study", "imaging studies"),
    "note": ("note", "notes"),
}
"""One, and several."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a question is about."""

    kind: Kind | None
    """What kind of thing; ``None`` where the question does not show it."""
    words: str
    """How a sentence names it; empty for all of a kind."""
    facts: tuple[Fact, ...] = ()
    """Everything on record under it, oldest first."""
    measurements: tuple[str, ...] = ()
    """Keys of the measurements that it names."""
    absent: tuple[str, ...] = ()
    """What must be nowhere, where there are no facts, in the words of ``claims.absence``."""
    ingredient: str | None = None
    """The substance, for a medicine."""
    related: tuple[Fact, ...] = ()
    """For a problem that is not listed by that name: entries of the same row of our table."""
    unread: str = ""
    """Words that the rules cannot read, beside a name that they know: then nothing is answered."""

    @property
    def whole(self) -> bool:
        """Whether it is all of a kind."""
        return not self.words


def all_of(kind: Kind, appraisal: Appraisal) -> tuple[Fact, ...]:
    """Everything of a kind that was done or found, oldest first."""
    facts = appraisal.chart.of(*FACT_KINDS[kind])
    left = {"negated", "none_known", "reason", "activity", "no_value"}
    return in_time(tuple(f for f in facts if not f.tags & left))


def kinds_absent(kind: Kind) -> tuple[str, ...]:
    """What must be absent where there is nothing of a kind."""
    return tuple(f"kind:{one}" for one in FACT_KINDS[kind])


def words_absent(kind: Kind, topic: Sequence[str]) -> tuple[str, ...]:
    """Each way of saying it must be absent."""
    ways: list[tuple[str, ...]] = [()]
    for word in topic:
        ways = [(*before, *option) for before in ways for option in ways_of(word, kind)]
    return tuple(f"worded:{kind}:{'+'.join(way)}" for way in ways)


def in_time(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Oldest first; what has no date before all else."""
    return tuple(sorted(facts, key=lambda f: f.when.start.timestamp() if f.when else float("-inf")))
