"""The services: when each is asked, and the fewest searches that tell what it needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chart.measurement import measurements
from chart.pregnancy import CODES as PREGNANCY_CODES
from chart.rules import rules
from preround.cds_hooks.messages import Hook

_OF = "?patient={{context.patientId}}"
_MEDICINES = "&_include=MedicationRequest:medication"
ALWAYS = ("patient", "allergies", "conditions", "medications")
"""Keys without which nothing is said about anybody."""
_ORDERED = "&status=active,on-hold"
_RESULTS = "&_sort=-date&_count=200"
_PAGE = "&_count=1000"
"""A server gives one page to a prefetch; of a page that was cut, nothing can be said to be missing from the chart."""
TYPES: Mapping[str, str] = {
    "patient": "Patient",
    "allergies": "AllergyIntolerance",
    "conditions": "Condition",
    "medications": "MedicationRequest",
    "statements": "MedicationStatement",
    "observations": "Observation",
    "procedures": "Procedure",
    "immunizations": "Immunization",
    "encounters": "Encounter",
    "orders": "ServiceRequest",
    "reports": "DiagnosticReport",
}
"""The type behind each key of a prefetch template."""
_CHART = tuple(TYPES)
_ORDERS = (*ALWAYS, "statements", "observations", "orders")
_HINT = (
    "Give what the prefetch templates ask for, or a fhirServer that this site allows with a fhirAuthorization; answers "
    "412 where it has neither."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One CDS service."""

    id: str
    """Its address below `/cds-services`."""
    hook: Hook
    """When it is asked."""
    title: str
    """For lists."""
    description: str
    """What it answers."""
    keys: tuple[str, ...]
    """What it needs to know, by key of its prefetch templates."""
    checks_orders: bool
    """Whether it looks at drafts in the client; else at what is due for the patient."""

    def described(self, codes: str) -> dict[str, Any]:
        """The service as discovery shows it; `codes` are those of `order_codes`."""
        return {
            "id": self.id,
            "hook": self.hook,
            "title": self.title,
            "description": self.description,
            "prefetch": {key: template(key, self, codes) for key in self.keys},
            "usageRequirements": _HINT,
        }


SERVICES: tuple[Service, ...] = (
    Service(
        id="preround-patient-view",
        hook="patient-view",
        title="What is due, and what waits for a signature",
        description="Recommendations in force that are due for this patient, critical results, and drafts in the "
        "review queue.",
        keys=_CHART,
        checks_orders=False,
    ),
    Service(
        id="preround-encounter-start",
        hook="encounter-start",
        title="What is due at the start of an encounter",
        description="The same as for patient-view, at the moment when an encounter begins.",
        keys=_CHART,
        checks_orders=False,
    ),
    Service(
        id="preround-order-select",
        hook="order-select",
        title="Selected orders beside the chart",
        description="Allergies, medicines in use, results, kidney function, conditions, age and orders under way that "
        "speak against what was just selected.",
        keys=_ORDERS,
        checks_orders=True,
    ),
    Service(
        id="preround-order-sign",
        hook="order-sign",
        title="Orders beside the chart, before they are signed",
        description="The same for every order that is about to be signed. Rules only: no model is asked.",
        keys=_ORDERS,
        checks_orders=True,
    ),
)


def template(key: str, service: Service, codes: str) -> str:
    """The prefetch template of one key."""
    if key == "patient":
        return "Patient/{{context.patientId}}"
    kind = TYPES[key]
    if key == "observations" and service.checks_orders:
        return f"{kind}{_OF}&code={codes}{_RESULTS}"
    more = {"medications": _MEDICINES, "orders": _ORDERED if service.checks_orders else ""}.get(key, "")
    return f"{kind}{_OF}{more}{_PAGE}"


def order_codes(site_tables: Path | None) -> str:
    """The LOINC codes of the results that speak against a medicine, as a token search takes them."""
    table, book = measurements(site_tables), rules(site_tables)
    wanted = {str(rule.row["measurement"]) for rule in book.contradicts} | {"egfr", "creatinine"}
    codes = {code for code, key in table.by_loinc.items() if key in wanted} | PREGNANCY_CODES
    return ",".join(sorted(codes))
