"""`fhir_server`: each test runs on every server; what a server is known to do otherwise must fail there."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.servers.differences import DIFFERENCES
from tests.servers.running import MAKERS, FhirServer, Maker, running
from tools.fhir.errors import FhirError


@pytest.fixture(scope="session", params=MAKERS)
def fhir_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirServer]:
    """A server that all tests of a file share: each makes ids of its own."""
    maker: Maker = request.param
    with running(maker, tmp_path_factory.mktemp(maker)) as server:
        yield server


@pytest.fixture
def patient(fhir_server: FhirServer) -> str:
    """The id of a patient of this test's own, who is on the server."""
    name = str(uuid4())
    identifier = [{"system": "urn:test:mrn", "value": name}]
    fhir_server.put({"resourceType": "Patient", "id": name, "identifier": identifier, "gender": "female"})
    return name


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the known differences."""
    for item in items:
        if isinstance(item, pytest.Function) and "fhir_server" in item.fixturenames:
            reason = known(item)
            if reason is not None:
                item.add_marker(
                    pytest.mark.xfail(
                        reason=reason, strict=True, raises=(AssertionError, pytest.fail.Exception, FhirError)
                    )
                )


def known(item: pytest.Function) -> str | None:
    """Why a test fails on its server, where that is known."""
    parameters: dict[str, Any] = item.callspec.params
    differences = DIFFERENCES[parameters["fhir_server"]]
    rest = [str(value) for name, value in parameters.items() if name != "fhir_server"]
    return differences.get(f"{item.originalname}[{'-'.join(rest)}]" if rest else item.originalname)
