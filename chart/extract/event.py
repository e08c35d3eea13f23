"""What happened: encounters with their reasons, procedures, immunizations, reports, care plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chart.extract.statement import statement, when_of
from chart.fact import Fact, tags_of
from chart.node import Node

_INPATIENT = frozenset({"IMP", "ACUTE", "NONAC"})


def encounter_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """One fact for the contact and one for each coded reason, tagged ``reason``."""
    root = Node.root(resource)
    status = root.get("status")
    setting = root.get("class", "code")
    tags = set()
    if setting.text == "EMER":
        tags.add("emergency")
    elif setting.text in _INPATIENT:
        tags.add("inpatient")
    kind = root.get("type")
    head = statement(
        resource,
        kind="encounter",
        name=kind.concept_cell()
        or root.get("class", "display").cell
        or setting.cell
        or root.get("serviceType").concept_cell()
        or root.get("reasonCode").concept_cell(),
        codes=kind.codings(),
        when=when_of(root, "period"),
        status=status.text,
        status_cell=status.cell,
        cells={"class": setting.cell},
        tags=tags_of(tags),
    )
    if head is None:
        return []
    found = [head]
    for reason in root.items("reasonCode"):
        name = reason.concept_cell()
        if name:
            found.append(
                replace(
                    head,
                    name=" ".join(name.text.split()),
                    codes=reason.codings(),
                    cells={**head.cells, "name": name},
                    tags=head.tags | {"reason"},
                )
            )
    return found


def procedure_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A procedure; one that was not done is tagged ``negated``."""
    return _coded(resource, "procedure", "code", ("performed",))


def immunization_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A vaccination; one not given is tagged ``negated``."""
    return _coded(resource, "immunization", "vaccineCode", ("occurrence", "recorded"))


def report_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A diagnostic report with its conclusion; reports that only carry a note are left to the note."""
    return _coded(resource, "report", "code", ("effective", "issued"), conclusion="conclusion")


def care_plan_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A care plan, named by its title or category, and one fact for each named activity."""
    root = Node.root(resource)
    status = root.get("status")
    categories = [c for c in root.items("category") if c.get("text").cell or c.get("coding", "display").cell]
    name = root.get("title").cell or (categories[-1].concept_cell() if categories else None)
    head = statement(
        resource,
        kind="care_plan",
        name=name or root.get("description").cell,
        codes=categories[-1].codings() if categories else (),
        when=when_of(root, "period", "created"),
        status=status.text,
        status_cell=status.cell,
    )
    if head is None:
        return []
    found = [head]
    for activity in root.items("activity"):
        code = activity.get("detail", "code")
        words = code.concept_cell()
        if words:
            found.append(
                replace(
                    head,
                    name=" ".join(words.text.split()),
                    codes=code.codings(),
                    cells={**head.cells, "name": words},
                    tags=frozenset({"activity"}),
                )
            )
    return found


def _coded(
    resource: Mapping[str, Any],
    kind: Any,  # noqa: ANN401 - a FactKind literal
    element: str,
    dates: tuple[str, ...],
    **cells: str,
) -> list[Fact]:
    root = Node.root(resource)
    status, code = root.get("status"), root.get(element)
    fact = statement(
        resource,
        kind=kind,
        name=code.concept_cell(),
        codes=code.codings(),
        when=when_of(root, *dates),
        status=status.text,
        status_cell=status.cell,
        cells={
            "reason": root.get("statusReason").concept_cell() or root.get("reasonCode").concept_cell(),
            **{role: root.get(name).cell or root.get(f"{name}Code").concept_cell() for role, name in cells.items()},
        },
        tags=tags_of({"negated"} if status.text == "not-done" else ()),
    )
    return [fact] if fact else []
