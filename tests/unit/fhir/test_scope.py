from typing import Any

import pytest

from tools.fhir.capabilities import Capabilities
from tools.fhir.errors import FhirNotFound, WrongPatient
from tools.fhir.resource_types import OWNED
from tools.fhir.scope import PatientScope

SCOPE = PatientScope(patient_id="p1", base_url="https://fhir.test/r4/")
ANYTHING = Capabilities(known=False)
OURS = {"reference": "Patient/p1"}
THEIRS = {"reference": "Patient/p2"}


def of(kind: str, **fields: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": "x", **fields}


@pytest.mark.parametrize(
    "resource",
    [
        of("Observation", subject=OURS),
        of("Observation", subject={"reference": "Patient/p1/_history/3"}),
        of("Observation", subject={"reference": "https://fhir.test/r4/Patient/p1"}),
        of("AllergyIntolerance", patient=OURS),
        of("Coverage", beneficiary=OURS),
        of("Task", **{"for": OURS}),
        of("Account", subject=[OURS]),
        of("Appointment", participant=[{"actor": {"reference": "Practitioner/d"}}, {"actor": OURS}]),
        of("Observation", subject=OURS, performer=[THEIRS]),
        of("Practitioner"),
        of("Medication"),
        of("Device"),
        of("Device", patient=OURS),
        {"resourceType": "Patient", "id": "p1"},
    ],
)
def test_own_and_shared_resources_are_admitted(resource: dict[str, Any]) -> None:
    assert SCOPE.admit(resource) is resource


@pytest.mark.parametrize(
    "resource",
    [
        of("Observation", subject=THEIRS),
        of("Observation"),
        of("Observation", subject={"reference": "Patient/p11"}),
        of("Observation", subject={"reference": "patient/p1"}),
        of("Observation", subject={"reference": "https://elsewhere.test/r4/Patient/p1"}),
        of("Observation", subject={"reference": "#p"}, contained=[{"resourceType": "Patient", "id": "p"}]),
        of("Observation", subject={"identifier": {"value": "p1"}}),
        of("Observation", subject={"reference": "Group/p1"}),
        of("Observation", subject="Patient/p1"),
        of("Observation", subject=OURS, contained=[of("Observation", subject=THEIRS)]),
        of("DeviceUseStatement", subject=OURS, patient=THEIRS),
        of("Account", subject=[OURS, THEIRS]),
        of("Appointment", participant=[{"actor": OURS}, {"actor": THEIRS}]),
        of("Device", patient=THEIRS),
        of("RelatedPerson", patient=THEIRS),
        of("Person"),
        of("Bundle"),
        of("Binary"),
        {"resourceType": "Patient", "id": "p2"},
        {"id": "p1"},
    ],
)
def test_all_else_is_refused(resource: dict[str, Any]) -> None:
    with pytest.raises(WrongPatient):
        SCOPE.admit(resource)
    kept, refused = SCOPE.split([resource, of("Practitioner")])
    assert (len(kept), refused) == (1, 1)


@pytest.mark.parametrize("base", [None, "https://fhir.test/r4"])
def test_absolute_references_count_only_under_the_servers_base(base: str | None) -> None:
    scope = PatientScope(patient_id="p1", base_url=base)
    resource = of("Condition", subject={"reference": "https://fhir.test/r4/Patient/p1"})
    assert scope.admits(resource) is (base is not None)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Observation", "patient"),
        ("Observation", "subject"),
        ("Observation", "subject:Patient"),
        ("Observation", "patient.name"),
        ("Coverage", "beneficiary"),
        ("Observation", "_has:Group:member:_id"),
        ("Observation", "_filter"),
        ("Patient", "_id"),
    ],
)
def test_a_search_may_not_name_its_own_patient(kind: str, name: str) -> None:
    with pytest.raises(WrongPatient):
        SCOPE.params(kind, [("code", "x"), (name, "p2")], ANYTHING)


def test_the_patient_parameter_by_type() -> None:
    assert SCOPE.params("Observation", [("code", "a,b")], ANYTHING) == [("patient", "p1"), ("code", "a,b")]
    assert SCOPE.param("AdverseEvent", ANYTHING) == "subject"
    assert SCOPE.param("Patient", ANYTHING) == "_id"
    assert SCOPE.param("Device", ANYTHING) == "patient"
    for shared in ("Practitioner", "Medication", "Nonsense"):
        with pytest.raises(WrongPatient):
            SCOPE.param(shared, ANYTHING)


def test_a_server_that_lists_only_subject_is_asked_by_subject() -> None:
    listed = {"type": "Observation", "searchParam": [{"name": "subject"}, {"name": "code"}]}
    capabilities = Capabilities.read({"rest": [{"mode": "server", "resource": [listed]}]})
    assert SCOPE.param("Observation", capabilities) == "subject"


@pytest.mark.parametrize("name", ["", "..", "p1,p2", "p1|", "Patient/p1", "p 1", "x" * 65])
def test_an_id_that_can_not_be_one(name: str) -> None:
    with pytest.raises(FhirNotFound):
        PatientScope(patient_id=name)


def test_every_owned_type_without_a_subject_is_refused() -> None:
    assert not [kind for kind in OWNED if SCOPE.admits(of(kind))]
