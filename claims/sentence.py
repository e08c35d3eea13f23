"""Building a claim piece by piece, so that nothing is said without its citation."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal

from chart.appraisal import Appraisal
from chart.fact import Fact
from chart.measurement import Measurement
from chart.series import Point
from chart.units import shown
from claims.claim import LONGEST, Citation, Claim, ClaimKind, Computed, Operation, Quote, cite
from claims.compute import computed

OLD_DAYS = 365
"""A value older than this is shown with its age."""


class Sentence:
    """A sentence in the making: words, and with each word what it stands on.

    Args:
        appraisal: the chart it speaks of.
        told: ids of results whose value another sentence prints; here they are only named and dated.
    """

    def __init__(self, appraisal: Appraisal, *, told: AbstractSet[str] = frozenset()) -> None:
        self._appraisal = appraisal
        self._told = told
        self._text: list[str] = []
        self._citations: list[Citation] = []
        self._computed: list[Computed] = []
        self._absent: list[str] = []
        self._quotes: list[Quote] = []
        self._coverage: str | None = None
        self._guideline: str | None = None

    def knows(self, point: Point) -> bool:
        """Whether another sentence prints this value."""
        return point.fact.id in self._told

    def say(self, text: str) -> Sentence:
        """Add words that state nothing of the chart by themselves."""
        self._text.append(text)
        return self

    def cite(self, fact: Fact, *roles: str) -> Sentence:
        """Cite cells of a fact; roles that it lacks are passed over."""
        for role in roles:
            cell = fact.cells.get(role)
            if cell and (citation := cite(fact, cell)) not in self._citations:
                self._citations.append(citation)
        return self

    def name(self, fact: Fact, words: str = "") -> Sentence:
        """Name a fact in the record's words or in shorter ones."""
        return self.say(words or fact.name).cite(fact, "name")

    def date(self, fact: Fact, role: str = "when", *, year: bool = True) -> Sentence:
        """The date of a fact as a clinician writes it; nothing when it has none."""
        moment = {"when": fact.when, "ended": fact.ended, "recorded": fact.recorded}[role]
        if moment is None:
            return self
        own = role if role in fact.cells else "recorded"
        return self.say(moment.words(year=year)).cite(fact, own)

    def hour(self, fact: Fact) -> Sentence:
        """The date with the time of day in the record's own zone, where it has one: on a ward hours count."""
        self.date(fact)
        if fact.when and fact.when.precision == "second" and "when" in fact.cells:
            self.say(f" {fact.when.text.partition('T')[2][:5]}")
        return self

    def year(self, fact: Fact) -> Sentence:
        """Only the year of a fact."""
        return (
            self.say(str(fact.when.year)).cite(fact, "when" if "when" in fact.cells else "recorded")
            if fact.when
            else self
        )

    def number(self, point: Point, measurement: Measurement, *, unit: bool = True) -> Sentence:
        """A measured value with its unit."""
        text = shown(measurement.unit) if unit else ""
        digits = measurement.shown(point.value).replace("-", "−")
        joined = f"{digits}{' ' + text if text else ''}"
        return self.say(joined).cite(point.fact, "value", "unit_code" if "unit_code" in point.fact.cells else "unit")

    def measured(self, point: Point, measurement: Measurement, *, named: bool = True, unit: bool = True) -> Sentence:
        """``LDL 129 mg/dL (14 May 2021)``, with the value's age when it is over a year old."""
        if named:
            self.name(point.fact, measurement.name).say(" ")
        if self.knows(point):
            return self.say("(").date(point.fact).say(")")
        self.number(point, measurement, unit=unit).say(" (").date(point.fact)
        age = (self._appraisal.chart.today - point.day).days
        if age > OLD_DAYS:
            self.say(", ").calculate("months_since", [point.fact]).say(" months ago")
        elif self._appraisal.stay and age > 1:
            self.say(", ").calculate("days_since", [point.fact]).say(" days ago")
        return self.say(")")

    def calculate(
        self, op: Operation, facts: Sequence[Fact], *, places: int | None = None, signed: bool = False
    ) -> Sentence:
        """Add a computed number without its unit."""
        one = computed(op, facts, self._appraisal, places=places)
        if one not in self._computed:
            self._computed.append(one)
        value = Decimal(one.value)
        sign = ("+" if value > 0 else "−" if value < 0 else "") if signed else "−" if value < 0 else ""
        return self.say(f"{sign}{abs(value):f}")

    def also(self, op: Operation, facts: Sequence[Fact]) -> Sentence:
        """Stand on a computation whose number the sentence says once for several."""
        one = computed(op, facts, self._appraisal)
        if one not in self._computed:
            self._computed.append(one)
        return self

    def quote(self, note: Fact, path: str, text: str) -> Sentence:
        """Repeat words of a note in quotation marks."""
        self._quotes.append(Quote(fact=note.id, reference=note.citation, path=path, text=text))
        return self.say(f"“{text}”")

    def absent(self, words: str, coverage: str, *what: str) -> Sentence:
        """Say that something was looked for and is not there."""
        self._absent.extend(w for w in what if w not in self._absent)
        self._coverage = coverage
        return self.say(words)

    def recommend(self, guideline: str, title: str) -> Sentence:
        """Say a recommendation's title, word for word; ``guideline`` is its ``id|version``."""
        self._guideline = guideline
        return self.say(title)

    @property
    def empty(self) -> bool:
        """Whether nothing has been said yet."""
        return not self._text

    def claim(self, claim_id: str, *, kind: ClaimKind | None = None, salience: int = 3) -> Claim:
        """The finished claim; its kind follows from what it stands on unless given."""
        found: ClaimKind = (
            "computed" if self._computed else "absence" if self._absent and not self._citations else "fact"
        )
        return Claim(
            id=claim_id,
            text=_fitting(_capital(" ".join("".join(self._text).split()))),
            kind=kind or found,
            salience=salience,
            citations=tuple(self._citations),
            computed=self._computed[0] if self._computed else None,
            also_computed=tuple(self._computed[1:]),
            coverage=self._coverage,
            absent=tuple(self._absent),
            quotes=tuple(self._quotes),
            guideline=self._guideline,
        )


def _fitting(text: str) -> str:
    """A sentence that is longer than one may be ends early, and says so; what it stands on stays beside it."""
    return text if len(text) <= LONGEST else text[: LONGEST - 2].rpartition(" ")[0] + " …"


def _capital(text: str) -> str:
    """A sentence begins with a capital, unless its first word is written otherwise (``eGFR``, ``pH``)."""
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.islower() else text
