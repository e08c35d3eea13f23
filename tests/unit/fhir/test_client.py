import time
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest

from tests.unit.fhir.conftest import Reach
from tests.unit.fhir.fake_fhir import FakeFhir, body, fine, hang, lose_reply, outcome, status
from tools.fhir import wire
from tools.fhir.auth import BasicAuth, BearerAuth
from tools.fhir.client import FhirClient
from tools.fhir.errors import BadAddress, FhirGarbled, FhirNotFound, FhirRefused, FhirUnreachable, OtherOrigin
from tools.fhir.limits import Limits


def observations(count: int, patient: str = "p1") -> list[dict[str, Any]]:
    return [
        {
            "resourceType": "Observation",
            "id": f"o{n}",
            "subject": {"reference": f"Patient/{patient}"},
            "valueInteger": n,
        }
        for n in range(count)
    ]


async def test_follows_pages_to_the_end_and_counts_what_it_cost(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(*observations(25), page=10)
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        answer = await client.search("Observation", [("patient", "p1"), ("_count", "1000")], cap=100)
        assert [r["id"] for r in answer.resources] == [f"o{n}" for n in range(25)]
        assert (answer.pages, answer.truncated, answer.problem) == (3, False, None)
        assert client.requests == 3
        assert client.bytes > 25 * 60


async def test_stops_at_the_cap_and_says_so(reach: Reach, quick: Limits) -> None:
    base, transport = await reach(FakeFhir(*observations(25), page=10))
    async with FhirClient(base, transport=transport, limits=quick) as client:
        cut = await client.search("Observation", [("_count", "10")], cap=12)
        assert (len(cut.resources), cut.truncated) == (12, True)
        exact = await client.search("Observation", [("_count", "10")], cap=25)
        assert (len(exact.resources), exact.truncated) == (25, False)


async def test_a_total_that_lies_low_changes_nothing_and_one_that_says_more_is_said(
    reach: Reach, quick: Limits
) -> None:
    app = FakeFhir(*observations(3))
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        app.total = 0
        low = await client.search("Observation", [], cap=100)
        assert (len(low.resources), low.truncated, low.problem) == (3, False, None)
        app.total = 500
        high = await client.search("Observation", [], cap=100)
        assert (len(high.resources), high.truncated) == (3, True)
        assert high.problem is not None
        assert "counts more" in high.problem


async def test_next_links_without_end_are_cut(reach: Reach, quick: Limits) -> None:
    def page(link: str) -> bytes:
        entries = [{"resource": r} for r in observations(2)]
        links = [{"relation": "next", "url": link}]
        return wire.dump({"resourceType": "Bundle", "type": "searchset", "entry": entries, "link": links})

    app = FakeFhir()
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        app.faults = [body(page(f"{base}/Observation?page={n}")) for n in range(50)]
        answer = await client.search("Observation", [], cap=10_000)
        assert (len(answer.resources), answer.truncated, client.requests) == (2, True, 2)
        assert answer.problem is not None
        assert "lead nowhere new" in answer.problem
        app.faults = [body(page("Observation?page=7")) for _ in range(50)]  # relative, to itself
        answer = await client.search("Observation", [("page", "7")], cap=10_000)
        assert (answer.pages, answer.truncated) == (1, True)


async def test_pages_are_bounded(reach: Reach) -> None:
    base, transport = await reach(FakeFhir(*observations(9), page=1))
    async with FhirClient(base, transport=transport, limits=Limits(pages=4)) as client:
        answer = await client.search("Observation", [], cap=100)
        assert (len(answer.resources), answer.truncated) == (4, True)
        assert answer.problem is not None


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:9/fhir/Observation?page=2",
        "http://elsewhere.test/fhir/Observation?page=2",
        "//elsewhere.test/fhir/Observation",
        "https://fhir.test/fhir/Observation",
        "/other/Observation",
        "/fhirs/Observation",
        "/fhir/../admin",
        "/fhir/%2e%2e/admin",
        "http://user:secret@fhir.test/fhir/Observation",
        "ftp://fhir.test/fhir/Observation",
        "http://[broken",
    ],
)
async def test_a_next_link_to_another_origin_gets_neither_request_nor_token(
    link: str, reach: Reach, quick: Limits
) -> None:
    first = {
        "resourceType": "Bundle",
        "entry": [{"resource": observations(1)[0]}],
        "link": [{"relation": "next", "url": link}],
    }
    app = FakeFhir()
    app.faults = [body(wire.dump(first))]
    base, transport = await reach(app)
    auth = BearerAuth(token="s3cret")  # noqa: S106
    async with FhirClient(base, transport=transport, limits=quick, auth=auth) as client:
        answer = await client.search("Observation", [], cap=100)
    assert (len(answer.resources), answer.truncated) == (1, True)
    assert answer.problem == str(OtherOrigin())
    assert len(app.seen) == 1
    assert app.seen[0][2]["authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(auth)


async def test_redirects_are_followed_at_home_only(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(*observations(1))
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick, auth=BasicAuth(user="a", password="b")) as client:  # noqa: S106
        app.faults = [status(302, location=f"{base}/Observation/o0")]
        assert (await client.read("Observation", "o0"))["id"] == "o0"
        app.faults = [status(307, location="http://elsewhere.test/fhir/Observation/o0")]
        with pytest.raises(OtherOrigin):
            await client.read("Observation", "o0")
        app.faults = [status(302, location=f"{base}/Observation/o0")] * 20
        with pytest.raises(FhirGarbled):
            await client.read("Observation", "o0")
    assert {headers["authorization"] for _, _, headers in app.seen} == {"Basic YTpi"}


@pytest.mark.parametrize(
    "text",
    [
        b"<!doctype html><title>Log in</title>",
        b'{"resourceType": "Observation", "id": "o0", "val',
        b"[]",
        b"null",
        b'{"id": "o0"}',
        b'{"resourceType": "Observation", "id": "o0", "x": NaN}',
        b"[" * 200_000,
        b"\xff\xfe\x00",
    ],
)
async def test_an_answer_that_is_not_fhir_is_named(text: bytes, reach: Reach, quick: Limits) -> None:
    app = FakeFhir()
    app.faults = [body(text, kind="text/html")]
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        with pytest.raises(FhirGarbled):
            await client.read("Observation", "o0")


async def test_another_resource_than_the_one_asked_for_is_not_taken(reach: Reach, quick: Limits) -> None:
    app = FakeFhir()
    app.faults = [body(wire.dump(observations(2)[1]))]
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        with pytest.raises(FhirGarbled, match="another resource"):
            await client.read("Observation", "o0")


async def test_a_server_that_hangs_is_given_up_in_time(reach: Reach) -> None:
    app = FakeFhir(*observations(1))
    app.faults = [hang(30)] * 5
    base, transport = await reach(app)
    limits = Limits(request_seconds=0.1, attempts=2, backoff_seconds=0.01)
    async with FhirClient(base, transport=transport, limits=limits) as client:
        began = time.monotonic()
        with pytest.raises(FhirUnreachable, match="did not answer within"):
            await client.read("Observation", "o0")
        assert time.monotonic() - began < 5
        assert client.requests == 2


async def test_too_busy_then_fine_waits_as_asked(reach: Reach) -> None:
    app = FakeFhir(*observations(1))
    app.faults = [status(429, retry_after="0"), status(503), status(504), fine]
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=Limits(attempts=4, backoff_seconds=0.01)) as client:
        assert (await client.read("Observation", "o0"))["valueInteger"] == 0
        assert client.requests == 4
        app.faults = [status(429, retry_after="1"), fine]
        began = time.monotonic()
        await client.read("Observation", "o0")
        assert time.monotonic() - began >= 1.0


async def test_a_wait_longer_than_the_limit_is_not_waited(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(*observations(1))
    base, transport = await reach(app)
    asked = {
        "retry_after": format_datetime(datetime(2021, 8, 1, 12, 30, tzinfo=UTC), usegmt=True),
        "date": format_datetime(datetime(2021, 8, 1, 12, 0, tzinfo=UTC), usegmt=True),
    }
    async with FhirClient(base, transport=transport, limits=quick) as client:
        app.faults = [status(503, **asked)]
        with pytest.raises(FhirUnreachable, match="asks to wait"):
            await client.read("Observation", "o0")
        app.faults = [status(429, retry_after="3600")]
        with pytest.raises(FhirUnreachable, match="asks to wait 3600 seconds"):
            await client.read("Observation", "o0")
        assert client.requests == 2


async def test_a_connection_that_breaks_once_is_tried_again(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(*observations(1))
    app.faults = [lose_reply, fine]
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        assert (await client.read("Observation", "o0"))["id"] == "o0"


async def test_nothing_listens() -> None:
    limits = Limits(attempts=2, backoff_seconds=0.01)
    async with FhirClient("http://127.0.0.1:9/fhir", limits=limits) as client:
        with pytest.raises(FhirUnreachable, match="could not be reached"):
            await client.capabilities()
        assert client.requests == 2


async def test_too_large_an_answer_is_not_read_to_its_end(reach: Reach) -> None:
    app = FakeFhir()
    app.faults = [body(b'{"resourceType": "' + b"x" * 3_000_000)]
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=Limits(body_bytes=100_000)) as client:
        with pytest.raises(FhirGarbled, match="larger than 100000 bytes"):
            await client.read("Observation", "o0")


async def test_refusals_carry_the_servers_words_but_not_the_patient(reach: Reach, quick: Limits) -> None:
    app = FakeFhir()
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        app.faults = [body(wire.dump(outcome("Patient/p-77 is\nnot yours\x00, p-77!")), code=403)]
        with pytest.raises(FhirRefused) as refused:
            await client.search("Observation", [("patient", "p-77")], cap=5)
        assert refused.value.status == 403
        assert "Patient/… is not yours , …!" in str(refused.value)
        assert "credentials" in str(refused.value)
        app.faults = [body(b"<html>", code=500)]
        with pytest.raises(FhirRefused, match="500"):
            await client.search("Observation", [], cap=5)


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a?b", "x" * 65, "p%31", "metadata#"])
async def test_an_id_that_can_not_be_one_is_not_asked_for(name: str, reach: Reach, quick: Limits) -> None:
    app = FakeFhir()
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        with pytest.raises(FhirNotFound):
            await client.read("Patient", name)
        with pytest.raises(FhirRefused):
            await client.search("../Patient", [], cap=1)
    assert app.seen == []


async def test_deleted_and_unknown_are_not_found(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(*observations(1))
    app.delete("Observation", "o0")
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        for name in ("o0", "o1"):
            with pytest.raises(FhirNotFound):
                await client.read("Observation", name)
        assert (await client.vread("Observation", "o0", "1"))["id"] == "o0"


async def test_numbers_keep_their_digits(reach: Reach, quick: Limits) -> None:
    text = b'{"resourceType": "Observation", "id": "o0", "valueQuantity": {"value": 3.10}, "valueInteger": 7}'
    app = FakeFhir()
    app.faults = [body(text)]
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        found = await client.read("Observation", "o0")
    assert found["valueQuantity"]["value"] == Decimal("3.10")
    assert wire.literal(found["valueQuantity"]["value"]) == "3.10"
    assert type(found["valueInteger"]) is int


async def test_capabilities_are_asked_once_and_may_be_missing(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(*observations(1))
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        there = await client.capabilities()
        assert await client.capabilities() is there
        assert client.requests == 1
        assert there.known
        assert there.offers_search("Observation")
        assert not there.offers_search("Flag")
        assert not there.offers_param("Observation", "colour")
    app.faults = [body(b"<html>not here", code=404)]
    async with FhirClient(base, transport=transport, limits=quick) as client:
        none = await client.capabilities()
        assert not none.known
        assert none.offers_search("Flag")
        assert not none.offers_include("MedicationRequest", "MedicationRequest:medication")


@pytest.mark.parametrize(
    "base", ["", "fhir", "ftp://h/fhir", "http://", "http://me:pw@h/fhir", "http://h/fhir?x=1", "http://[h/fhir"]
)
def test_an_unusable_address_is_refused_at_once(base: str) -> None:
    with pytest.raises(BadAddress):
        FhirClient(base)
