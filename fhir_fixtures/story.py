"""A patient's story: the fields a clinician writes, and what they may hold."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from fhir_fixtures.entries import (
    Allergy,
    CarePlan,
    Condition,
    Entry,
    Given,
    Immunization,
    Medication,
    NoteText,
    Order,
    ProcedureDone,
    Report,
    Series,
)
from fhir_fixtures.film import Film
from fhir_fixtures.moment import Moment, Offset, Time, with_offset
from fhir_fixtures.vocabulary import MeasurementName, Problem, Visit
from fhir_fixtures.wording import Text

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


def _regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"'{pattern}' is no regular expression: {error}") from error
    return pattern


Pattern = Annotated[Text, AfterValidator(_regex)]
"""A regular expression, searched with re.IGNORECASE and re.MULTILINE in the text of a page."""


class Expect(Entry):
    """What a good page about this patient says and does not say."""

    must_say: tuple[Pattern, ...]
    """Each must be found."""
    must_not_say: tuple[Pattern, ...]
    """None may be found."""

    def misses(self, page: str) -> list[str]:
        """What is wrong with a page: one line for each pattern that is missing or forbidden, none where all is well.

        Args:
            page: the page as plain text, one claim or heading a line.
        """
        flags = re.IGNORECASE | re.MULTILINE
        missing = [f"missing: {one}" for one in self.must_say if not re.search(one, page, flags)]
        forbidden = [
            f"forbidden: {one} found as '{match[0]}'"
            for one in self.must_not_say
            if (match := re.search(one, page, flags))
        ]
        return missing + forbidden


class Person(Entry):
    """The invented patient."""

    name: Annotated[str, Field(pattern=r"^Testpatient, \S")]
    """`Testpatient, Given names`: nobody can take it for a real person."""
    sex: Literal["female", "male", "other", "unknown"]
    """Administrative sex."""
    born: Moment
    """Birth date, as precise as known."""
    died: Moment | None = None
    """Time of death."""
    mrn: Text
    """Medical record number, invented."""
    town: Text = "Sampletown"
    """Town of the example address."""


class Practitioner(Entry):
    """An invented clinician."""

    name: Annotated[str, Field(pattern=r"^Example, \S")]
    """`Example, Given names`."""
    role: Text = "physician"
    """Qualification, as text."""


class Encounter(Entry):
    """One visit or stay."""

    at: Time
    """Start."""
    to: Time | None = None
    """End; None ends an outpatient visit after 30 minutes and leaves a stay open."""
    kind: Literal["ambulatory", "emergency", "inpatient", "virtual"] = "ambulatory"
    """Class."""
    type: Visit
    """What kind of visit."""
    reasons: tuple[Problem, ...] = ()
    """Coded reasons, from the vocabulary's problems."""
    why: Text | None = None
    """The reason in words."""
    by: Key
    """A practitioner's key."""
    status: Literal["planned", "in-progress", "finished", "cancelled", "entered-in-error"] = "finished"
    """FHIR encounter status."""


def _series(value: object) -> object:
    return {"values": value} if isinstance(value, list) else value


class Story(Entry):
    """One patient's chart."""

    story: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
    """Short slug; every id begins with `fx-` and it."""
    as_of: Time
    """Clinical now of this story, for whoever runs a round on it."""
    offset: Offset = "-05:00"
    """Offset from UTC of every time that writes none."""
    teaches: Text
    """What this chart is for, in words."""
    expect: Expect
    """What must and must not be said."""
    patient: Person
    practitioners: dict[Key, Practitioner]
    """By the key that `by:` uses."""
    encounters: tuple[Encounter, ...] = ()
    problems: tuple[Condition, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    medications: tuple[Medication, ...] = ()
    given: tuple[Given, ...] = ()
    """Single administrations, inpatient."""
    results: dict[MeasurementName, Annotated[Series, BeforeValidator(_series)]] = Field(default_factory=dict)
    """Labs, vitals and answers: a list of lines, or a mapping with `values`."""
    reports: tuple[Report, ...] = ()
    notes: tuple[NoteText, ...] = ()
    immunizations: tuple[Immunization, ...] = ()
    procedures: tuple[ProcedureDone, ...] = ()
    orders: tuple[Order, ...] = ()
    care_plans: tuple[CarePlan, ...] = ()
    films: tuple[Film, ...] = ()
    """Studies with pictures, which `python -m fhir_fixtures --films` draws."""
    raw: tuple[dict[str, Any], ...] = ()
    """Plain FHIR resources, as they are and not validated; each id begins with `fx-<story>-raw-`."""

    @property
    def now(self) -> datetime:
        """Clinical now as an aware datetime."""
        return datetime.fromisoformat(with_offset(self.as_of, self.offset))
