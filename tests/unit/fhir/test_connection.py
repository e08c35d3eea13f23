from typing import Any

import pytest

from tests.unit.fhir.conftest import Reach
from tests.unit.fhir.fake_fhir import FakeFhir
from tools.fhir.auth import NoAuth
from tools.fhir.connection import Connection
from tools.fhir.errors import FhirRefused
from tools.fhir.limits import Limits
from tools.fhir.origin import Origin


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT", "POST"])
async def test_a_reading_connection_sends_nothing_else(method: Any, reach: Reach, quick: Limits) -> None:
    app = FakeFhir()
    base, transport = await reach(app)
    methods = frozenset({"GET"})
    async with Connection(base, methods=methods, auth=NoAuth(), limits=quick, transport=transport) as connection:  # type: ignore[arg-type]
        with pytest.raises(FhirRefused, match="not allowed"):
            await connection.send(method, connection.origin.url("Patient/p"), repeatable=True)
    assert app.seen == []


def test_an_origin_without_a_path_and_with_its_usual_port() -> None:
    origin = Origin.of("https://fhir.test:443/")
    here = origin.url("Patient")
    assert str(origin.follow("https://FHIR.test/Patient?page=2", here)) == "https://fhir.test/Patient?page=2"
    assert str(origin.follow("?page=3", here)).endswith("/Patient?page=3")
