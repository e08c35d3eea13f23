"""The entries of a story: problems, allergies, medicines, results, documents and care, as a clinician writes them."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fhir_fixtures.dose import DoseText
from fhir_fixtures.moment import Moment, Time
from fhir_fixtures.reading import ReadingLine
from fhir_fixtures.vocabulary import (
    Allergen,
    Note,
    Panel,
    Problem,
    Procedure,
    Reaction,
    Route,
    Timing,
    Vaccine,
    vocabulary,
)
from fhir_fixtures.wording import Text

Verification = Literal["unconfirmed", "provisional", "differential", "confirmed", "refuted", "entered-in-error"]


class Entry(BaseModel):
    """A part of a story: frozen, and no field that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Condition(Entry):
    """A problem."""

    name: Problem | None = None
    """From the vocabulary; or None and `text`."""
    text: Text | None = None
    """Words instead of, or beside, the code."""
    onset: Moment | None = None
    abated: Moment | None = None
    recorded: Moment | None = None
    status: Literal["active", "recurrence", "relapse", "inactive", "remission", "resolved"] | None = None
    """Clinical status; None is resolved where abated, else active."""
    verification: Verification = "confirmed"
    """entered-in-error drops the clinical status, as FHIR demands."""
    kind: Literal["problem-list-item", "encounter-diagnosis"] = "problem-list-item"
    note: Text | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.name is None and self.text is None:
            raise ValueError("give the problem a `name` or a `text`")
        if self.abated and self.status in ("active", "recurrence", "relapse"):
            raise ValueError(f"a problem that has `abated` can't be {self.status}")
        return self


class Allergy(Entry):
    """An allergy, intolerance, or the statement that there is none."""

    to: Allergen | None = None
    """From the vocabulary's ingredients or allergens; or None and `text`."""
    text: Text | None = None
    onset: Moment | None = None
    recorded: Moment | None = None
    category: Literal["food", "medication", "environment", "biologic"] | None = None
    criticality: Literal["low", "high", "unable-to-assess"] | None = None
    reactions: tuple[Reaction, ...] = ()
    severity: Literal["mild", "moderate", "severe"] | None = None
    """Of the reactions."""
    status: Literal["active", "inactive", "resolved"] = "active"
    verification: Literal["unconfirmed", "confirmed", "refuted", "entered-in-error"] = "confirmed"
    note: Text | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.to is None and self.text is None:
            raise ValueError("say what the allergy is `to`, or give a `text`")
        return self


class Medication(Entry):
    """One course of a medicine."""

    drug: Text
    """From the vocabulary, but for `shape: text`."""
    shape: Literal["coded", "reference", "contained", "text"] = "coded"
    """How the resource names the drug."""
    kind: Literal["order", "statement"] = "order"
    """MedicationRequest or MedicationStatement."""
    dose: DoseText | None = None
    timing: Timing | None = None
    as_needed: bool = False
    route: Route | None = None
    sig: Text | None = None
    """The dosage in words only."""
    started: Moment
    """Date of the first order."""
    renewed: tuple[Moment, ...] = ()
    """Each is an order of its own; the earlier ones are completed."""
    stopped: Moment | None = None
    status: Literal["active", "on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft"] | None = None
    """Of the last order; None is stopped where `stopped` is given, else active."""
    do_not: bool = False
    """An order not to give it."""
    refills: Annotated[int, Field(ge=0)] | None = None
    reason: Problem | None = None
    by: Text | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.shape != "text" and self.drug not in vocabulary().drugs:
            raise ValueError(f"the drug '{self.drug}' is not in vocabulary.yaml; add it, or write `shape: text`")
        if self.kind == "statement" and (self.renewed or self.do_not or self.refills is not None):
            raise ValueError("a statement has no `renewed`, `do_not` or `refills`")
        if self.sig is not None and (self.dose or self.timing):
            raise ValueError("write either `sig` or `dose` and `timing`")
        return self


class Given(Entry):
    """Administrations of one medicine."""

    drug: Text
    dose: DoseText
    route: Route | None = None
    times: tuple[Time, ...]
    """Each is a MedicationAdministration."""
    status: Literal["in-progress", "not-done", "on-hold", "completed", "entered-in-error", "stopped"] = "completed"
    why_not: Text | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.drug not in vocabulary().drugs:
            raise ValueError(f"the drug '{self.drug}' is not in vocabulary.yaml; add it")
        return self


class Series(Entry):
    """The results of one measurement."""

    values: tuple[ReadingLine, ...]
    """One line each: when, value, unit, (status)."""
    range: Annotated[str, Field(pattern=r"^(-?\d+(\.\d+)?)?\.\.(-?\d+(\.\d+)?)?$")] | None = None
    """Reference range `3.5..5.1` in the unit of each result; either side may be open."""
    note: Text | None = None
    """A comment on every result of the series."""


class Report(Entry):
    """A DiagnosticReport over results of the same day."""

    name: Panel
    on: Moment
    results: tuple[Text, ...]
    """Names of measurements; each must have a result at `on`."""
    status: Literal["registered", "partial", "preliminary", "final", "amended", "corrected", "entered-in-error"] = (
        "final"
    )
    conclusion: Text | None = None
    by: Text | None = None


class NoteText(Entry):
    """A note, as a DocumentReference."""

    on: Moment
    """The day of an encounter, or a time."""
    type: Note
    by: Text | None = None
    """None is the encounter's practitioner."""
    format: Literal["text", "html"] = "text"
    status: Literal["preliminary", "final", "amended", "entered-in-error"] = "final"
    text: Text


class Immunization(Entry):
    """A vaccine and its dates."""

    vaccine: Vaccine
    on: tuple[Moment, ...]
    status: Literal["completed", "entered-in-error", "not-done"] = "completed"
    why_not: Text | None = None


class ProcedureDone(Entry):
    """A procedure."""

    name: Procedure
    on: Moment
    status: Literal["preparation", "in-progress", "not-done", "stopped", "completed", "entered-in-error"] = "completed"
    outcome: Text | None = None
    by: Text | None = None


class Order(Entry):
    """A ServiceRequest."""

    name: Procedure
    on: Moment
    status: Literal["draft", "active", "on-hold", "revoked", "completed", "entered-in-error"] = "active"
    do_not: bool = False
    note: Text | None = None
    by: Text | None = None


class CarePlan(Entry):
    """A plan of care."""

    title: Text
    started: Moment
    ended: Moment | None = None
    status: Literal["draft", "active", "on-hold", "revoked", "completed"] = "active"
    activities: tuple[Text, ...] = ()
    by: Text | None = None
