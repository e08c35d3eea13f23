"""What every answer is written with: numbered claims, results as values, and absences that one has looked for."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from agents.offline.questions.subject import RESOURCE, WORDS, Subject
from agents.offline.questions.understanding import Asked
from agents.reasoner import Material
from chart.concept import plain_name
from chart.fact import Fact
from chart.measurement import Measurement
from chart.series import Point
from chart.units import shown
from claims.claim import Claim
from claims.sentence import Sentence


class NotAnswered(LookupError):
    """The chart does not answer the question; the message says what is missing."""


class Page:
    """The claims of one answer.

    Args:
        material: the chart and what was read of it.
        asked: the question.
    """

    def __init__(self, material: Material, asked: Asked) -> None:
        self.material = material
        self.asked = asked
        self.claims: list[Claim] = []
        self._ids = (f"q{n}" for n in itertools.count(1))

    @property
    def subject(self) -> Subject:
        """What is asked about."""
        return self.asked.subject

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What is on record about it in the time that is asked about, oldest first."""
        period = self.asked.period
        return tuple(f for f in self.subject.facts if period is None or period.holds(f))

    def sentence(self, words: str = "") -> Sentence:
        """A sentence that begins with some words."""
        return Sentence(self.material.appraisal).say(words)

    def add(self, sentence: Sentence, *, salience: int = 2) -> None:
        """Put a finished sentence on the page."""
        self.claims.append(sentence.claim(next(self._ids), salience=salience))

    def absent(self, lead: str = "") -> None:
        """Say that nothing of it is on record, once for each thing that was looked for.

        Raises:
            NotAnswered: it was not looked for, or could not be read.
        """
        subject, span = self.subject, f"@{self.asked.period.key}" if self.asked.period else ""
        if subject.kind is None or not subject.absent:
            raise NotAnswered(f"Nothing in the chart goes by that name ({subject.words or 'no name was given'}).")
        look = self.material.looked_at(RESOURCE[subject.kind])
        if look is None:
            raise NotAnswered(
                f"The {RESOURCE[subject.kind]} entries were not read in full, so nothing is said about it."
            )
        when = " in that time" if self.asked.period else ""
        unknown = all(what.startswith("worded:") for what in subject.absent) and subject.kind in ("result", "problem")
        named = f"{WORDS[subject.kind][0]} named {_without_digits(subject.words)}" if unknown else called(subject)
        said = f"{lead}no {named} on record{when}."
        self.add(self.sentence().absent(said, look, *(f"{what}{span}" for what in subject.absent)))


def called(subject: Subject, *, count: int = 1) -> str:
    """How a sentence names what is asked about; words with digits, which nothing could back, are left out."""
    one, several = WORDS[subject.kind or "result"]
    noun = one if count == 1 else several
    words = _without_digits(subject.words)
    if not words:
        return noun
    if subject.kind in ("result", "report"):
        return words if count == 1 else f"{words} {several}"
    if subject.kind == "medication":
        return f"{words} order" if count == 1 else f"{words} orders"
    if subject.kind == "allergy" and "allerg" not in words.lower():
        return f"{noun} to {words}"
    own = noun.split()[-1].rstrip("s") in words.lower()
    return f"{words} {noun}" if subject.kind in ("immunization", "encounter") and not own else words


def _without_digits(words: str) -> str:
    kept = " ".join(w for w in words.split() if not w[:1].isdigit())
    return kept if kept == words or not kept else f"{kept} …"


def say_result(s: Sentence, page: Page, fact: Fact, *, named: bool = True) -> Sentence:
    """A result with its date: in the table's unit where the table knows it, else as it stands."""
    known, point = measured(page, fact)
    if known is None or point is None:
        return _as_written(s, fact, named=named)
    other = _diastolic(page, fact) if len(page.subject.measurements) > 1 else None
    if other is None:
        return s.measured(point, known, named=named)
    below, lower = other
    if named:
        s.name(fact, "BP").say(" ")
    s.number(point, known, unit=False).say("/")
    return s.measured(lower, below, named=False)


def measured(page: Page, fact: Fact) -> tuple[Measurement | None, Point | None]:
    """What a fact measures, and its value as a point of its series, doubted or not; ``None`` for what has no number."""
    appraisal = page.material.appraisal
    known = appraisal.table.measured_by(fact)
    if known is None or fact.when is None:
        return None, None
    points = appraisal.series[known.key].points if known.key in appraisal.series else ()
    point = next((p for p in points if p.fact.id == fact.id), None)
    value = known.value_of(fact)
    if point is None and value is not None:
        point = Point(fact=fact, when=fact.when, value=value)
    return known, point


def _diastolic(page: Page, fact: Fact) -> tuple[Measurement, Point] | None:
    for one in page.subject.facts:
        if one.reference == fact.reference and one.id != fact.id:
            known, point = measured(page, one)
            if known is not None and point is not None:
                return known, point
    return None


def _as_written(s: Sentence, fact: Fact, *, named: bool) -> Sentence:
    if named:
        s.name(fact, plain_name(fact.name)).say(": ")
    cell = fact.cells.get("value")
    if cell is None:
        s.say("no value on record" if "absent" not in fact.cells else fact.cells["absent"].text).cite(fact, "absent")
    else:
        comparator = fact.cells["comparator"].text if "comparator" in fact.cells else ""
        unit = f" {shown(fact.unit)}" if fact.unit and not fact.unit.startswith("{") else ""
        words = plain_name(cell.text) if isinstance(fact.value, str) else cell.text
        s.say(f"{comparator}{words}{unit}").cite(fact, "comparator", "value", "unit_code", "unit")
    return s.say(" (").date(fact).say(")") if fact.when else s


def distinct(facts: Sequence[Fact]) -> list[Fact]:
    """One fact of each resource, in order."""
    return list({f.reference: f for f in reversed(facts)}.values())[::-1]
