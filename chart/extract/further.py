"""What a round may ask for beyond the must-look set: orders, imaging, family history, goals, devices, teams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chart.extract.statement import statement, when_of
from chart.fact import Fact
from chart.node import Node


def order_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A ServiceRequest; one that says not to do something is tagged ``negated``, a proposal by its intent."""
    root = Node.root(resource)
    status, code, intent = root.get("status"), root.get("code"), root.get("intent").text
    tags = {intent} if intent in ("proposal", "plan", "option") else set()
    if root.get("doNotPerform").value is True:
        tags.add("negated")
    fact = statement(
        resource,
        kind="order",
        name=code.concept_cell(),
        codes=code.codings(),
        when=when_of(root, "authoredOn", "occurrence"),
        status=status.text,
        status_cell=status.cell,
        cells={"reason": root.get("reasonCode").concept_cell()},
        tags=frozenset(tags),
    )
    return [fact] if fact else []


def imaging_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """An ImagingStudy, named by its description, procedure or modality; the body site is a cell."""
    root = Node.root(resource)
    status, series = root.get("status"), root.get("series")
    procedure = root.get("procedureCode")
    modality = series.get("modality") if series.get("modality") else root.get("modality")
    fact = statement(
        resource,
        kind="imaging",
        name=root.get("description").cell
        or procedure.concept_cell()
        or modality.get("display").cell
        or modality.get("code").cell,
        codes=procedure.codings(),
        when=when_of(root, "started"),
        status=status.text,
        status_cell=status.cell,
        cells={
            "modality": modality.get("code").cell,
            "body_site": series.get("bodySite", "display").cell,
            "laterality": series.get("laterality", "display").cell,
        },
    )
    return [fact] if fact else []


def family_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """One fact for each condition of a relative; a relative without conditions is one fact by the relationship."""
    root = Node.root(resource)
    status, relation = root.get("status"), root.get("relationship")
    head = statement(
        resource,
        kind="family",
        name=relation.concept_cell(),
        codes=relation.codings(),
        when=when_of(root, "date"),
        status=status.text,
        status_cell=status.cell,
        cells={"relationship": relation.concept_cell()},
    )
    if head is None:
        return []
    found = []
    for condition in root.items("condition"):
        code = condition.get("code")
        name = code.concept_cell()
        if name:
            cells = {**head.cells, "name": name}
            found.append(replace(head, name=" ".join(name.text.split()), codes=code.codings(), cells=cells))
    return found or [head]


def goal_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A Goal by its description, with its due date."""
    root = Node.root(resource)
    status, description = root.get("lifecycleStatus"), root.get("description")
    fact = statement(
        resource,
        kind="goal",
        name=description.concept_cell(),
        codes=description.codings(),
        when=when_of(root, "start", "statusDate"),
        status=status.text,
        status_cell=status.cell,
        cells={"due": root.get("target").choose("due")[1].cell if root.get("target") else None},
    )
    return [fact] if fact else []


def device_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A Device in or on the patient."""
    root = Node.root(resource)
    status, kind = root.get("status"), root.get("type")
    fact = statement(
        resource,
        kind="device",
        name=kind.concept_cell() or root.get("deviceName", "name").cell or root.get("modelNumber").cell,
        codes=kind.codings(),
        when=when_of(root, "manufactureDate"),
        status=status.text,
        status_cell=status.cell,
    )
    return [fact] if fact else []


def care_team_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A CareTeam by its name, category or the first role in it."""
    root = Node.root(resource)
    status, category = root.get("status"), root.get("category")
    role = root.get("participant").get("role")
    fact = statement(
        resource,
        kind="care_team",
        name=root.get("name").cell or category.concept_cell() or role.concept_cell(),
        codes=category.codings(),
        when=when_of(root, "period"),
        status=status.text,
        status_cell=status.cell,
    )
    return [fact] if fact else []


def specimen_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A Specimen by its type, dated by its collection."""
    root = Node.root(resource)
    status, kind = root.get("status"), root.get("type")
    fact = statement(
        resource,
        kind="specimen",
        name=kind.concept_cell(),
        codes=kind.codings(),
        when=when_of(root.get("collection"), "collected") if root.get("collection") else when_of(root, "receivedTime"),
        status=status.text,
        status_cell=status.cell,
    )
    return [fact] if fact else []
