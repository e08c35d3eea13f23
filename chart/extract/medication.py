"""Orders, statements and administrations of medicines: coded, referenced, contained or text only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chart.extract.statement import Origin, Said, identity, said, told
from chart.extract.when import NEVER, When, dated, point_of, when_of
from chart.fact import Cell, Coding, Fact, FactKind, tags_of
from chart.node import Coded, Node
from chart.remembered import remembered

_ORDERED = dated("MedicationRequest", "authoredOn")
MOST_LINES = 8
"""Lines of one order's dosage that are kept."""
Library = Mapping[str, Mapping[str, Any]]
"""Resources that others point at, by ``Type/id``."""
Named = tuple[Cell | None, tuple[Coding, ...], Mapping[str, Cell | None]]
"""The name of a medicine, its codes, and the cells that say where it is named."""


def request_facts(resource: Mapping[str, Any], library: Library, origin: Origin) -> list[Fact]:
    """A MedicationRequest; proposals and plans carry the tag of their intent."""
    root = Node(resource, "MedicationRequest")
    first = root.shape.choice("medication")
    if first == "medicationCodeableConcept" and isinstance(resource[first], dict):
        stated, ends = _request_by_code(root)
    else:
        stated, ends = _request(root, _named(root, library))
    return _told(root, origin, stated, _ORDERED(resource), ends)


@remembered(
    "status",
    "intent",
    "doNotPerform",
    "medicationCodeableConcept",
    "dosageInstruction",
    "dosage",
    "statusReason",
    "reasonCode",
)
def _request_by_code(root: Node) -> tuple[tuple[Said, ...], When]:
    return _request(root, _named(root, {}))


def _request(root: Node, named: Named) -> tuple[tuple[Said, ...], When]:
    """What it states, and until when the dosage goes."""
    dosage, intent = _ordered(root), root.text_of("intent")
    tags = {intent} if intent in ("proposal", "plan", "option") else set()
    if root.has("doNotPerform") and root.get("doNotPerform").value is True:
        tags.add("negated")
    return _stated(root, "medication", named, dosage, tags), dosage.ends


def statement_facts(resource: Mapping[str, Any], library: Library, origin: Origin) -> list[Fact]:
    """A MedicationStatement: what the patient is said to take."""
    root = Node.root(resource)
    tags = {"statement"}
    if root.text_of("status") == "not-taken":
        tags.add("negated")
    return _medicine(
        root, origin, "medication", library, when_of(root, "effective", "dateAsserted"), _taken(root), tags
    )


def dispense_facts(resource: Mapping[str, Any], library: Library, origin: Origin) -> list[Fact]:
    """A MedicationDispense: what a pharmacy handed over; it says nothing of whether it is taken."""
    root = Node.root(resource)
    when = when_of(root, "whenHandedOver", "whenPrepared")
    return _medicine(root, origin, "dispense", library, when, _ordered(root), set())


def administration_facts(resource: Mapping[str, Any], library: Library, origin: Origin) -> list[Fact]:
    """A MedicationAdministration: what was given, with the dose."""
    root = Node.root(resource)
    tags = {"negated"} if root.text_of("status") == "not-done" else set()
    return _medicine(root, origin, "administration", library, when_of(root, "effective"), _taken(root), tags)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dosage:
    """How a medicine is to be taken, as far as its first line goes."""

    cells: Mapping[str, Cell]
    """Its literals by role."""
    tags: frozenset[str]
    """``several_dosages`` where the first line alone would be half of the truth, ``as_needed``."""
    ends: When
    """Until when, where the timing says."""


def _dosage(root: Node, name: str) -> Dosage:
    first = root.get(name)
    lines = root.items("dosageInstruction") or root.items("dosage")
    tags = {"several_dosages"} if len(lines) > 1 else set()
    repeat = first.get("timing", "repeat")
    dose = first.get("doseAndRate").choose("dose")[1] if first.has("doseAndRate") else first.get("dose")
    if first.get("asNeededBoolean").value is True or first.has("asNeededCodeableConcept"):
        tags.add("as_needed")
    cells = {
        "dosage": first.cell_of("text"),
        **{f"dosage_{n}": line.cell_of("text") for n, line in enumerate(lines[1:MOST_LINES], start=2)},
        "dose": dose.cell_of("value"),
        "dose_unit": dose.cell_of("unit") or dose.cell_of("code"),
        "frequency": repeat.cell_of("frequency"),
        "period": repeat.cell_of("period"),
        "period_unit": repeat.cell_of("periodUnit"),
        "timing": first.get("timing").coded("code").cell,
        "route": first.coded("route").cell,
        "as_needed": first.cell_of("asNeededBoolean"),
    }
    return Dosage(
        cells={role: cell for role, cell in cells.items() if cell},
        tags=tags_of(tags),
        ends=point_of(repeat.get("boundsPeriod"), "end"),
    )


@remembered("dosageInstruction", "dosage")
def _ordered(root: Node) -> Dosage:
    return _dosage(root, "dosageInstruction")


@remembered("dosageInstruction", "dosage")
def _taken(root: Node) -> Dosage:
    return _dosage(root, "dosage")


def _medicine(
    root: Node, origin: Origin, kind: FactKind, library: Library, when: When, dosage: Dosage, tags: set[str]
) -> list[Fact]:
    return _told(root, origin, _stated(root, kind, _named(root, library), dosage, tags), when, dosage.ends)


def _stated(root: Node, kind: FactKind, named: Named, dosage: Dosage, tags: set[str]) -> tuple[Said, ...]:
    name, codes, extra = named
    return said(
        kind,
        name,
        codes,
        status=root.cell_of("status"),
        cells={
            **extra,
            **dosage.cells,
            "reason": root.coded("statusReason").cell or root.coded("reasonCode").cell,
        },
        tags=dosage.tags | tags,
    )


def _told(root: Node, origin: Origin, stated: tuple[Said, ...], when: When, ends: When) -> list[Fact]:
    if when.end is None:
        end = ends if ends.start else _valid_until(root)
        when = replace(when, end=end.start, end_cell=end.start_cell) if end.start else when
    return told(origin, stated, when=when, recorded=point_of(root, "authoredOn"))


def _valid_until(root: Node) -> When:
    """The end of the time in which an order may be dispensed."""
    return point_of(root.get("dispenseRequest", "validityPeriod"), "end") if root.has("dispenseRequest") else NEVER


def _named(root: Node, library: Library) -> Named:
    """The name of the medicine; for one by reference the words stand in another resource, which the cell names."""
    suffix, medication = root.choose("medication")
    if suffix == "CodeableConcept":
        code = _by_code(root)
        return code.cell, code.codings, {}
    if suffix != "Reference":
        return medication.concept_cell(), medication.codings(), {}
    target = medication.get("reference")
    display = medication.cell_of("display")
    if target.text.startswith("#"):
        for contained in root.items("contained"):
            if contained.text_of("id") == target.text[1:]:
                code = contained.coded("code")
                return code.cell or display, code.codings, {}
    pointed = library.get("/".join(target.text.split("/_history/")[0].split("/")[-2:]))
    if pointed is None:
        return display or target.cell, (), {"unresolved": target.cell}
    code = Node.root(pointed).coded("code")
    words = code.cell
    if words:
        reference, version = identity(pointed)
        words = replace(words, source=f"{reference}/_history/{version}" if version else reference)
    # The name lies in the Medication; the order itself is cited by the reference that leads there.
    return words or display, code.codings, {"medication": target.cell}


@remembered("medicationCodeableConcept")
def _by_code(root: Node) -> Coded:
    medication = root.choose("medication")[1]
    return Coded(cell=medication.concept_cell(), codings=medication.codings())
