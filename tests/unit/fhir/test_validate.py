"""`$validate`: what the server says of a resource that it does not store; and which types a server would take."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.fhir.conftest import Reach
from tests.unit.fhir.fake_fhir import FakeFhir, body, hang, outcome, status
from tools.fhir import wire
from tools.fhir.capabilities import Capabilities
from tools.fhir.client import FhirClient
from tools.fhir.errors import FhirError, FhirGarbled, FhirRefused, FhirUnreachable
from tools.fhir.limits import Limits

ORDER = {"resourceType": "ServiceRequest", "status": "draft", "subject": {"reference": "Patient/p1"}}


def issues(*severities: str) -> dict[str, Any]:
    listed = [{"severity": one, "code": "invalid", "diagnostics": f"{one} about p1"} for one in severities]
    return {"resourceType": "OperationOutcome", "issue": listed}


async def said(app: FakeFhir, reach: Reach, quick: Limits) -> list[str]:
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        found = [str(one) for one in await client.validate(ORDER)]
    assert app.store == {}, "nothing is stored"
    assert app.sent("POST") == ["/fhir/ServiceRequest/$validate"]
    return found


@pytest.mark.parametrize("code", [200, 400, 412, 422])
async def test_the_gravest_first_without_the_patient(code: int, reach: Reach, quick: Limits) -> None:
    app = FakeFhir()
    app.faults = [body(wire.dump(issues("information", "warning", "error", "fatal")), code=code)]
    assert await said(app, reach, quick) == ["fatal: fatal about …", "error: error about …", "warning: warning about …"]


async def test_an_outcome_inside_parameters(reach: Reach, quick: Limits) -> None:
    app = FakeFhir()
    found = {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": issues("error")}]}
    app.faults = [body(wire.dump(found))]
    assert await said(app, reach, quick) == ["error: error about …"]


async def test_all_is_well(reach: Reach, quick: Limits) -> None:
    app = FakeFhir()
    app.faults = [body(wire.dump(outcome("All OK", "information")))]
    assert await said(app, reach, quick) == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (status(404), FhirError),
        (status(403), FhirRefused),
        (body(b"<html>"), FhirGarbled),
        (body(wire.dump(ORDER)), FhirGarbled),
        (hang(1), FhirUnreachable),
    ],
    ids=["not there", "not allowed", "a page", "the resource", "no answer"],
)
async def test_a_server_that_does_not_say(fault: Any, error: type[FhirError], reach: Reach, quick: Limits) -> None:
    app = FakeFhir()
    app.faults = [fault] * quick.attempts
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        with pytest.raises(error):
            await client.validate(ORDER)


@pytest.mark.parametrize(
    ("listed", "takes", "by_id"),
    [
        ({"updateCreate": True}, True, True),
        ({"conditionalCreate": True}, True, False),
        ({"updateCreate": True, "interaction": [{"code": "update"}]}, True, True),
        ({"updateCreate": True, "interaction": [{"code": "read"}]}, False, False),
        ({"conditionalCreate": True, "interaction": [{"code": "read"}, {"code": "create"}]}, True, False),
        ({"conditionalCreate": True, "interaction": [{"code": "update"}]}, False, False),
        ({"interaction": [{"code": "create"}, {"code": "update"}]}, False, False),
    ],
)
def test_which_types_a_server_takes(listed: dict[str, Any], takes: bool, by_id: bool) -> None:
    resource = {"type": "Composition", **listed}
    capabilities = Capabilities.read({"rest": [{"mode": "server", "resource": [resource]}]})
    assert capabilities.offers_write("Composition") is takes
    assert capabilities.chooses_id("Composition") is by_id
    assert not capabilities.offers_write("Task")
    assert Capabilities(known=False).offers_write("Composition")
