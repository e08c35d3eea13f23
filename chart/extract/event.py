"""What happened: encounters with their reasons, procedures, immunizations, reports, care plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chart.extract.statement import NO_CELLS, Origin, Said, again, said, told
from chart.extract.when import dated
from chart.fact import Fact, FactKind
from chart.node import UNCODED, Coded, Node
from chart.remembered import remembered

_ENCOUNTERED = dated("Encounter", "period")
_PLANNED = dated("CarePlan", "period", "created")
_DONE = dated("Procedure", "performed")
_GIVEN = dated("Immunization", "occurrence", "recorded")
_REPORTED = dated("DiagnosticReport", "effective", "issued")
_INPATIENT = frozenset({"IMP", "ACUTE", "NONAC"})


def encounter_facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """One fact for the contact and one for each coded reason, tagged ``reason``."""
    return told(origin, _encounter(Node(resource, "Encounter")), when=_ENCOUNTERED(resource))


@remembered("status", "class", "type", "serviceType", "reasonCode")
def _encounter(root: Node) -> tuple[Said, ...]:
    setting, kind = root.get("class"), root.coded("type")
    code, reasons = setting.cell_of("code"), _each(root, "reasonCode")
    where = code.text if code else ""
    tags = {"emergency"} if where == "EMER" else {"inpatient"} if where in _INPATIENT else set()
    name = kind.cell or setting.cell_of("display") or code or root.coded("serviceType").cell
    head = said(
        "encounter",
        name or root.coded("reasonCode").cell,
        kind.codings,
        status=root.cell_of("status"),
        cells={"class": code},
        tags=tags,
    )
    return head + again(head[0], reasons, tags | {"reason"}) if head else ()


def _each(root: Node, name: str) -> list[Coded]:
    return [Coded(cell=one.concept_cell(), codings=one.codings()) for one in root.items(name)]


def care_plan_facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """A care plan, named by its title or category, and one fact for each named activity."""
    return told(origin, _care_plan(Node(resource, "CarePlan")), when=_PLANNED(resource))


@remembered("status", "title", "category", "description", "activity")
def _care_plan(root: Node) -> tuple[Said, ...]:
    category = _last_worded(root)
    name = root.cell_of("title") or category.cell or root.cell_of("description")
    head = said("care_plan", name, category.codings, status=root.cell_of("status"))
    activities = [activity.get("detail").coded("code") for activity in root.items("activity")]
    return head + again(head[0], activities, {"activity"}) if head else ()


def _last_worded(root: Node) -> Coded:
    """The last category that has words of its own, not only a code."""
    worded = [c for c in root.items("category") if c.cell_of("text") or c.get("coding").cell_of("display")]
    return Coded(cell=worded[-1].concept_cell(), codings=worded[-1].codings()) if worded else UNCODED


def procedure_facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """A procedure; one that was not done is tagged ``negated``."""
    return told(origin, _procedure(Node(resource, "Procedure")), when=_DONE(resource))


@remembered("status", "code", "statusReason", "reasonCode")
def _procedure(root: Node) -> tuple[Said, ...]:
    return _coded(root, "procedure", "code")


def immunization_facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """A vaccination; one not given is tagged ``negated``."""
    return told(origin, _immunization(Node(resource, "Immunization")), when=_GIVEN(resource))


@remembered("status", "vaccineCode", "statusReason", "reasonCode")
def _immunization(root: Node) -> tuple[Said, ...]:
    return _coded(root, "immunization", "vaccineCode")


def report_facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """A diagnostic report with its conclusion; reports that only carry a note are left to the note."""
    root = Node(resource, "DiagnosticReport")
    cells = NO_CELLS
    if "conclusion" in resource or "conclusionCode" in resource:
        conclusion = root.cell_of("conclusion") or root.coded("conclusionCode").cell
        cells = {"conclusion": conclusion} if conclusion else NO_CELLS
    return told(origin, _report(root), when=_REPORTED(resource), cells=cells)


@remembered("status", "code", "statusReason", "reasonCode")
def _report(root: Node) -> tuple[Said, ...]:
    return _coded(root, "report", "code")


def _coded(root: Node, kind: FactKind, element: str) -> tuple[Said, ...]:
    status, code = root.cell_of("status"), root.coded(element)
    return said(
        kind,
        code.cell,
        code.codings,
        status=status,
        cells={"reason": root.coded("statusReason").cell or root.coded("reasonCode").cell},
        tags={"negated"} if status and status.text == "not-done" else (),
    )
