"""Orders, statements and administrations of medicines: coded, referenced, contained or text only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chart.extract.statement import When, identity, statement, when_of
from chart.fact import Cell, Coding, Fact, tags_of
from chart.node import Node

MOST_LINES = 8
"""Lines of one order's dosage that are kept."""
Library = Mapping[str, Mapping[str, Any]]
"""Resources that others point at, by ``Type/id``."""


def request_facts(resource: Mapping[str, Any], library: Library) -> list[Fact]:
    """A MedicationRequest; proposals and plans carry the tag of their intent."""
    root = Node.root(resource)
    intent = root.get("intent").text
    tags = {intent} if intent in ("proposal", "plan", "option") else set()
    if root.get("doNotPerform").value is True:
        tags.add("negated")
    return _medicine(resource, library, when_of(root, "authoredOn"), root.get("dosageInstruction"), tags)


def statement_facts(resource: Mapping[str, Any], library: Library) -> list[Fact]:
    """A MedicationStatement: what the patient is said to take."""
    root = Node.root(resource)
    tags = {"statement"}
    if root.get("status").text == "not-taken":
        tags.add("negated")
    return _medicine(resource, library, when_of(root, "effective", "dateAsserted"), root.get("dosage"), tags)


def dispense_facts(resource: Mapping[str, Any], library: Library) -> list[Fact]:
    """A MedicationDispense: what a pharmacy handed over; it says nothing of whether it is taken."""
    root = Node.root(resource)
    when = when_of(root, "whenHandedOver", "whenPrepared")
    found = _medicine(resource, library, when, root.get("dosageInstruction"), set())
    return [replace(fact, kind="dispense") for fact in found]


def administration_facts(resource: Mapping[str, Any], library: Library) -> list[Fact]:
    """A MedicationAdministration: what was given, with the dose."""
    root = Node.root(resource)
    tags = {"negated"} if root.get("status").text == "not-done" else set()
    found = _medicine(resource, library, when_of(root, "effective"), root.get("dosage"), tags)
    return [replace(fact, kind="administration") for fact in found]


def _medicine(resource: Mapping[str, Any], library: Library, when: When, dosage: Node, tags: set[str]) -> list[Fact]:
    root = Node.root(resource)
    name, codes, extra = _named(root, resource, library)
    status = root.get("status")
    lines = root.items("dosageInstruction") or root.items("dosage")
    if len(lines) > 1:
        tags = tags | {"several_dosages"}  # the first line alone would be half of the truth
    repeat = dosage.get("timing", "repeat")
    dose = dosage.get("doseAndRate").choose("dose")[1] if dosage.get("doseAndRate") else dosage.get("dose")
    if dosage.get("asNeededBoolean").value is True or dosage.get("asNeededCodeableConcept"):
        tags = tags | {"as_needed"}
    bounds = repeat.get("boundsPeriod", "end")
    validity = root.get("dispenseRequest", "validityPeriod", "end")
    end = bounds if bounds.moment else validity
    if when.end is None and end.moment:
        when = When(start=when.start, start_cell=when.start_cell, end=end.moment, end_cell=end.cell)
    fact = statement(
        resource,
        kind="medication",
        name=name,
        codes=codes,
        when=when,
        recorded=root.get("authoredOn"),
        status=status.text,
        status_cell=status.cell,
        cells={
            **extra,
            "dosage": dosage.get("text").cell,
            **{f"dosage_{n}": line.get("text").cell for n, line in enumerate(lines[1:MOST_LINES], start=2)},
            "dose": dose.get("value").cell,
            "dose_unit": dose.get("unit").cell or dose.get("code").cell,
            "frequency": repeat.get("frequency").cell,
            "period": repeat.get("period").cell,
            "period_unit": repeat.get("periodUnit").cell,
            "timing": dosage.get("timing", "code").concept_cell(),
            "route": dosage.get("route").concept_cell(),
            "as_needed": dosage.get("asNeededBoolean").cell,
            "reason": root.get("statusReason").concept_cell() or root.get("reasonCode").concept_cell(),
        },
        tags=tags_of(tags),
    )
    return [fact] if fact else []


def _named(
    root: Node, resource: Mapping[str, Any], library: Library
) -> tuple[Cell | None, tuple[Coding, ...], dict[str, Cell | None]]:
    """The name of the medicine; for one by reference the words stand in another resource, which the cell names."""
    suffix, medication = root.choose("medication")
    if suffix != "Reference":
        return medication.concept_cell(), medication.codings(), {}
    target = medication.get("reference")
    display = medication.get("display").cell
    if target.text.startswith("#"):
        for contained in root.items("contained"):
            if contained.get("id").text == target.text[1:]:
                code = contained.get("code")
                return code.concept_cell() or display, code.codings(), {}
    pointed = library.get("/".join(target.text.split("/_history/")[0].split("/")[-2:]))
    if pointed is None:
        return display or target.cell, (), {"unresolved": target.cell}
    code = Node.root(pointed).get("code")
    words = code.concept_cell()
    if words:
        reference, version = identity(pointed)
        words = replace(words, source=f"{reference}/_history/{version}" if version else reference)
    # The name lies in the Medication; the order itself is cited by the reference that leads there.
    return words or display, code.codings(), {"medication": target.cell}
