"""What a round may ask for beyond the must-look set: orders, imaging, family history, goals, devices, teams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chart.extract.statement import Origin, Said, again, said, told
from chart.extract.when import when_of
from chart.fact import Fact
from chart.node import Node
from chart.remembered import remembered


def order_facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """A ServiceRequest; one that says not to do something is tagged ``negated``, a proposal by its intent."""
    root = Node.root(resource)
    return told(origin, _order(root), when=when_of(root, "authoredOn", "occurrence"))


@remembered("status", "intent", "doNotPerform", "code", "reasonCode")
def _order(root: Node) -> tuple[Said, ...]:
    code, intent = root.coded("code"), root.text_of("intent")
    tags = {intent} if intent in ("proposal", "plan", "option") else set()
    if root.get("doNotPerform").value is True:
        tags.add("negated")
    cells = {"reason": root.coded("reasonCode").cell}
    return said("order", code.cell, code.codings, status=root.cell_of("status"), cells=cells, tags=tags)


def imaging_facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """An ImagingStudy, named by its description, procedure or modality; the body site is a cell."""
    root = Node.root(resource)
    series, procedure = root.get("series"), root.coded("procedureCode")
    modality = series.get("modality") if series.has("modality") else root.get("modality")
    words = (root.cell_of("description"), procedure.cell, modality.cell_of("display"))
    stated = said(
        "imaging",
        next((cell for cell in words if cell), modality.cell_of("code")),
        procedure.codings,
        status=root.cell_of("status"),
        cells={
            "modality": modality.cell_of("code"),
            "body_site": series.get("bodySite").cell_of("display"),
            "laterality": series.get("laterality").cell_of("display"),
        },
    )
    return told(origin, stated, when=when_of(root, "started"))


def family_facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """One fact for each condition of a relative; a relative without conditions is one fact by the relationship."""
    root = Node.root(resource)
    relation = root.coded("relationship")
    cells = {"relationship": relation.cell}
    head = said("family", relation.cell, relation.codings, status=root.cell_of("status"), cells=cells)
    conditions = [condition.coded("code") for condition in root.items("condition")]
    return told(origin, again(head[0], conditions, ()) or head if head else (), when=when_of(root, "date"))


def goal_facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """A Goal by its description, with its due date."""
    root = Node.root(resource)
    description, target = root.coded("description"), root.get("target")
    cells = {"due": target.choose("due")[1].cell if target else None}
    status = root.cell_of("lifecycleStatus")
    stated = said("goal", description.cell, description.codings, status=status, cells=cells)
    return told(origin, stated, when=when_of(root, "start", "statusDate"))


def device_facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """A Device in or on the patient."""
    root = Node.root(resource)
    kind = root.coded("type")
    name = kind.cell or root.get("deviceName").cell_of("name") or root.cell_of("modelNumber")
    stated = said("device", name, kind.codings, status=root.cell_of("status"))
    return told(origin, stated, when=when_of(root, "manufactureDate"))


def care_team_facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """A CareTeam by its name, category or the first role in it."""
    root = Node.root(resource)
    category = root.coded("category")
    name = root.cell_of("name") or category.cell or root.get("participant").coded("role").cell
    stated = said("care_team", name, category.codings, status=root.cell_of("status"))
    return told(origin, stated, when=when_of(root, "period"))


def specimen_facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """A Specimen by its type, dated by its collection."""
    root = Node.root(resource)
    kind, collection = root.coded("type"), root.get("collection")
    when = when_of(collection, "collected") if collection else when_of(root, "receivedTime")
    return told(origin, said("specimen", kind.cell, kind.codings, status=root.cell_of("status")), when=when)
