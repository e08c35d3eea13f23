"""What a round may ask for beyond the must-look set: orders, imaging, family history, goals, devices, teams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chart.extract.statement import When, statement, when_of
from chart.fact import Cell, Fact, FactKind, tags_of
from chart.node import Node


def _stated(
    resource: Mapping[str, Any],
    kind: FactKind,
    *,
    name: Cell | None,
    code: Node,
    when: When,
    status: str = "status",
    cells: Mapping[str, Cell | None] | None = None,
    tags: frozenset[str] = frozenset(),
) -> list[Fact]:
    """One fact with the resource's plain status, or none when it does not say what it is about."""
    found = Node.root(resource).get(status)
    fact = statement(
        resource,
        kind=kind,
        name=name,
        codes=code.codings(),
        when=when,
        status=found.text,
        status_cell=found.cell,
        cells=cells,
        tags=tags,
    )
    return [fact] if fact else []


def order_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A ServiceRequest; one that says not to do something is tagged ``negated``, a proposal by its intent."""
    root = Node.root(resource)
    code, intent = root.get("code"), root.get("intent").text
    tags = {intent} if intent in ("proposal", "plan", "option") else set()
    if root.get("doNotPerform").value is True:
        tags.add("negated")
    return _stated(
        resource,
        "order",
        name=code.concept_cell(),
        code=code,
        when=when_of(root, "authoredOn", "occurrence"),
        cells={"reason": root.get("reasonCode").concept_cell()},
        tags=tags_of(tags),
    )


def imaging_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """An ImagingStudy, named by its description, procedure or modality; the body site is a cell."""
    root = Node.root(resource)
    series, procedure = root.get("series"), root.get("procedureCode")
    modality = series.get("modality") if series.get("modality") else root.get("modality")
    words = (root.get("description").cell, procedure.concept_cell(), modality.get("display").cell)
    return _stated(
        resource,
        "imaging",
        name=next((cell for cell in words if cell), modality.get("code").cell),
        code=procedure,
        when=when_of(root, "started"),
        cells={
            "modality": modality.get("code").cell,
            "body_site": series.get("bodySite", "display").cell,
            "laterality": series.get("laterality", "display").cell,
        },
    )


def family_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """One fact for each condition of a relative; a relative without conditions is one fact by the relationship."""
    root = Node.root(resource)
    relation = root.get("relationship")
    cells = {"relationship": relation.concept_cell()}
    name = relation.concept_cell()
    heads = _stated(resource, "family", name=name, code=relation, when=when_of(root, "date"), cells=cells)
    found = []
    for head in heads:
        for condition in root.items("condition"):
            code = condition.get("code")
            words = code.concept_cell()
            if words:
                own = {**head.cells, "name": words}
                found.append(replace(head, name=" ".join(words.text.split()), codes=code.codings(), cells=own))
    return found or heads


def goal_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A Goal by its description, with its due date."""
    root = Node.root(resource)
    description, target = root.get("description"), root.get("target")
    return _stated(
        resource,
        "goal",
        name=description.concept_cell(),
        code=description,
        when=when_of(root, "start", "statusDate"),
        status="lifecycleStatus",
        cells={"due": target.choose("due")[1].cell if target else None},
    )


def device_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A Device in or on the patient."""
    root = Node.root(resource)
    kind = root.get("type")
    name = kind.concept_cell() or root.get("deviceName", "name").cell or root.get("modelNumber").cell
    return _stated(resource, "device", name=name, code=kind, when=when_of(root, "manufactureDate"))


def care_team_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A CareTeam by its name, category or the first role in it."""
    root = Node.root(resource)
    category = root.get("category")
    name = root.get("name").cell or category.concept_cell() or root.get("participant", "role").concept_cell()
    return _stated(resource, "care_team", name=name, code=category, when=when_of(root, "period"))


def specimen_facts(resource: Mapping[str, Any]) -> list[Fact]:
    """A Specimen by its type, dated by its collection."""
    root = Node.root(resource)
    kind, collection = root.get("type"), root.get("collection")
    when = when_of(collection, "collected") if collection else when_of(root, "receivedTime")
    return _stated(resource, "specimen", name=kind.concept_cell(), code=kind, when=when)
