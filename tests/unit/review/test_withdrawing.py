"""How each type says that it was entered in error: an element that it has, a code that it may have."""

from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from review.errors import CannotUndo
from review.withdrawing import marks, withdrawn
from tools.fhir.write_policy import WritePolicy


@pytest.mark.parametrize("kind", marks())
def test_the_mark_is_one_of_the_type(kind: str) -> None:
    fields = get_fhir_model_class(kind).model_fields
    ((name, value),) = marks()[kind]["set"].items()
    if isinstance(value, str):
        extra: Any = fields[name].json_schema_extra
        known = extra["enum_values"]
        assert value in known or "+" in known, "a code that the type does not have"
    else:
        assert value["coding"][0]["system"].startswith("http://terminology.hl7.org/CodeSystem/")
    assert set(marks()[kind].get("remove", ())) <= fields.keys()


@pytest.mark.parametrize("kind", sorted(kind for kind, rule in WritePolicy.own().rules.items() if rule.withdrawn))
def test_what_may_be_written_can_be_taken_back(kind: str) -> None:
    mark = marks()[kind]["set"]
    assert mark.get("status", "entered-in-error") in WritePolicy.own().rules[kind].withdrawn


def test_a_problem_loses_the_status_that_may_not_stand_beside_it() -> None:
    problem = {
        "resourceType": "Condition",
        "id": "c",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "subject": {"reference": "Patient/p"},
    }
    found = withdrawn(problem)
    assert found.keys() == problem.keys() - {"clinicalStatus"}
    assert found["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    assert "clinicalStatus" in problem, "what was read is not changed"
    get_fhir_model_class("Condition").model_validate(found)


def test_a_type_without_such_a_mark_is_refused() -> None:
    with pytest.raises(CannotUndo, match="Provenance"):
        withdrawn({"resourceType": "Provenance", "id": "p"})
