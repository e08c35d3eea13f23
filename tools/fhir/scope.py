"""One round, one patient: builds the patient parameter, refuses any other, and refuses answers about anybody else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tools.fhir.capabilities import Capabilities
from tools.fhir.errors import FhirNotFound, WrongPatient
from tools.fhir.query import Params, is_id
from tools.fhir.resource_types import BY_SUBJECT, OWNED, SHARED
from tools.fhir.wire import Json, Resource

_SOMETIMES_OWNED = frozenset({"Device", "Provenance"})
"""Shared types that can be searched by patient all the same."""

SEARCHABLE = OWNED | _SOMETIMES_OWNED
"""Types that can be searched for one patient."""

_SUBJECT_FIELDS = ("subject", "patient", "beneficiary", "individual", "for")
_NAMES_A_PATIENT = frozenset({"patient", "subject", "beneficiary", "individual", "actor", "_has", "_filter", "_query"})

Verdict = Literal["own", "other", "unclear"]
"""Whose a reference is: this patient's, somebody else's, or not to be told (contained, by identifier, none)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PatientScope:
    """Holds every search, read and answer to one patient."""

    patient_id: str
    """The patient's logical id, without `Patient/`."""
    base_url: str | None = None
    """The server's base URL, under which absolute references are this server's; None allows relative ones only."""

    def __post_init__(self) -> None:
        """Refuse an id that can't be one, so that it never reaches a path."""
        if not is_id(self.patient_id):
            raise FhirNotFound

    def params(self, resource_type: str, asked: Params, capabilities: Capabilities) -> list[tuple[str, str]]:
        """The search parameters asked for, with the patient's own put first.

        Raises:
            WrongPatient: a parameter names a patient itself, or the type is not searched by patient.
        """
        forbidden = _NAMES_A_PATIENT | ({"_id"} if resource_type == "Patient" else set())
        if any(_root(name) in forbidden for name, _ in asked):
            msg = "A search may not name its own patient: leave that to the round's scope."
            raise WrongPatient(msg)
        return [(self.param(resource_type, capabilities), self.patient_id), *asked]

    def param(self, resource_type: str, capabilities: Capabilities) -> str:
        """The parameter that holds a search of this type to the patient; raises as `params` does."""
        if resource_type == "Patient":
            return "_id"
        if resource_type not in OWNED | _SOMETIMES_OWNED:
            msg = f"{resource_type} is not searched by patient: follow references to it instead."
            raise WrongPatient(msg)
        if resource_type in BY_SUBJECT or (
            not capabilities.offers_param(resource_type, "patient")
            and capabilities.offers_param(resource_type, "subject")
        ):
            return "subject"
        return "patient"

    def admits(self, resource: Resource) -> bool:
        """True for the patient's own resources and shared ones; False for anybody else's and where it is unclear."""
        kind = resource.get("resourceType")
        if kind == "Patient":
            return resource.get("id") == self.patient_id
        if kind not in OWNED and kind not in SHARED:
            return False
        verdicts = set(self._verdicts(resource))
        foreign_inside = any("other" in set(self._verdicts(inner)) for inner in _dicts(resource.get("contained")))
        if "other" in verdicts or foreign_inside:
            return False
        return "own" in verdicts if kind in OWNED else "unclear" not in verdicts

    def admit(self, resource: Resource) -> Resource:
        """The resource itself.

        Raises:
            WrongPatient: it is not this patient's.
        """
        if not self.admits(resource):
            raise WrongPatient
        return resource

    def admit_binary(self, binary: Resource) -> None:
        """Let a Binary pass unless its security context is somebody else's.

        Raises:
            WrongPatient: it is.
        """
        context = binary.get("securityContext")
        text = context.get("reference") if isinstance(context, dict) else None
        if isinstance(text, str) and "Patient/" in text and self._verdict({"reference": text}) != "own":
            raise WrongPatient

    def split(self, resources: Sequence[Resource]) -> tuple[tuple[Resource, ...], int]:
        """The resources admitted, and how many were refused."""
        kept = tuple(resource for resource in resources if self.admits(resource))
        return kept, len(resources) - len(kept)

    def _verdicts(self, resource: Resource) -> Iterator[Verdict]:
        for name in _SUBJECT_FIELDS:
            value = resource.get(name)
            for reference in value if isinstance(value, list) else [value]:
                if isinstance(reference, dict):
                    yield self._verdict(reference)
        if resource.get("resourceType") == "Appointment":
            for participant in _dicts(resource.get("participant")):
                actor = participant.get("actor")
                if isinstance(actor, dict) and "Patient/" in str(actor.get("reference")):
                    yield self._verdict(actor)

    def _verdict(self, reference: Resource) -> Verdict:
        text = reference.get("reference")
        if not isinstance(text, str) or text.startswith("#"):
            return "unclear"
        if self.base_url and text.startswith(f"{self.base_url.rstrip('/')}/"):
            text = text[len(self.base_url.rstrip("/")) + 1 :]
        own = f"Patient/{self.patient_id}"
        return "own" if text == own or text.startswith(f"{own}/_history/") else "other"


def _root(name: str) -> str:
    return name.split(":")[0].split(".")[0]


def _dicts(items: Json) -> list[Resource]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
