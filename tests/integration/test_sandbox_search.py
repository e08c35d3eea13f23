"""Searching a small, hand-made server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from preround.sandbox.parameters import registry
from tests.integration.searched import LOINC, UCUM, fill
from tests.unit.sandbox.serving import Served, ids, link, problem, serving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with serving(tmp_path_factory.mktemp("search")) as served:
        await fill(served)
        yield served


CASES = {
    # tokens
    f"Observation?code={LOINC}|8480-6": "o1 o2 o4",
    "Observation?code=8480-6": "o1 o2 o4",
    "Observation?code=|8480-6": "",
    f"Observation?code={LOINC}|": "o1 o2 o3 o4 o5",
    "Observation?code=http://other|8480-6": "",
    f"Observation?code={LOINC}|8480-6,8462-4": "o1 o2 o3 o4 o5",
    "Observation?code:not=8480-6": "o3 o5",
    "Observation?code:not=8480-6,8462-4": "",
    "Observation?status=final&status=preliminary": "",
    "Observation?status=final&code=8462-4": "o3",
    "Encounter?class=urn:c|AMB": "e2",
    "Patient?identifier=urn:mrn|ann\\|1": "ann",
    "Patient?_tag=urn:tag|bob": "bob",
    "Patient?deceased=false": "ann bob cy",
    # references
    "Observation?patient=ann": "o1 o2 o3",
    "Observation?patient=Patient/ann": "o1 o2 o3",
    "Observation?subject=http://sandbox.test/fhir/Patient/ann": "o1 o2 o3",
    "Observation?subject:Patient=ann": "o1 o2 o3",
    "Observation?subject:Group=ann": "",
    "Observation?patient=Group/ann": "",
    "Observation?patient=ann,bob&code=8462-4": "o3 o5",
    "Observation?performer=Practitioner/doc": "o1",
    "Observation?performer:identifier=urn:npi|7": "o1",
    "MedicationRequest?patient=ann": "rx",
    "MedicationRequest?requester=http://elsewhere.test/fhir/Practitioner/9": "rx",
    # dates
    "Observation?date=2021": "o1 o2 o3",
    "Observation?date=2021-05-01": "o1",
    "Observation?date=2021-05-03": "o2",
    "Observation?date=2021-05-02T23:30:00-05:00": "o2",
    "Observation?date=ne2021-05": "o4",
    "Observation?date=gt2021-05-01": "o2 o3",
    "Observation?date=ge2021-05-01": "o1 o2 o3",
    "Observation?date=lt2021-05-01": "o4",
    "Observation?date=le2021-05-01": "o1 o3 o4",
    "Observation?date=sa2021-05-01": "o2",
    "Observation?date=eb2021-05-01": "o4",
    "Observation?date=ge2020-06&date=lt2021-05-02": "o1 o3 o4",
    "Observation?date=2020,2021-05-01": "o1 o4",
    "Encounter?date=2021-05-01": "",
    "Encounter?date=ge2021-05-01": "e1 e2",
    "Encounter?date=eb2021-05-01T06:01": "e1",
    "Encounter?date=sa2021-05-02": "e2",
    "Encounter?date=gt2031": "e2",
    "Patient?birthdate=1980-05": "ann bob",
    "Patient?_lastUpdated=ge2024-03-01T12:01:00Z&_lastUpdated=lt2024-03-01T12:02:00Z": "bob",
    "Patient?_lastUpdated=2024-03-01T12:02:00.000Z": "cy",
    # strings
    "Patient?family=nun": "ann bob",
    "Patient?family=NUÑEZ": "ann",
    "Patient?family=unn": "",
    "Patient?family:contains=UNN": "bob",
    "Patient?family:exact=Nunn": "bob",
    "Patient?family:exact=nunn": "",
    "Patient?family=o'hara\\, jr": "cy",
    "Patient?name=ann": "ann",
    "Patient?family:contains=%25": "",
    # quantities
    "Observation?value-quantity=120": "o1",
    "Observation?value-quantity=5.4": "o2",
    "Observation?value-quantity=ne120": "o2 o3 o4 o5",
    "Observation?value-quantity=gt90": "o1 o4",
    "Observation?value-quantity=ge90": "o1 o4 o5",
    "Observation?value-quantity=le80": "o2 o3",
    f"Observation?value-quantity=lt100|{UCUM}|mm[Hg]": "o2 o3 o5",
    "Observation?value-quantity=lt100||mm Hg": "o2 o3 o5",
    f"Observation?value-quantity=lt100|{UCUM}|kPa": "",
    "Observation?value-quantity=1.2e2": "o1",
    # addresses
    "Questionnaire?url=http://forms.test/q": "q",
    "Questionnaire?url=http://forms.test": "",
    # missing
    "Observation?date:missing=true": "o5",
    "Observation?date:missing=false": "o1 o2 o3 o4",
    "Observation?performer:missing=false": "o1",
    # ids
    "Observation?_id=o1,o3,nothing": "o1 o3",
    "Observation?_id=o1&patient=bob": "",
    # chains
    "Observation?subject:Patient.family=nunez": "o1 o2 o3",
    "Observation?patient.identifier=urn:mrn|bob\\|1": "o4 o5",
    "Observation?patient.name:exact=Ann&code=8462-4": "o3",
    "Observation?performer:Practitioner.name=who": "o1",
    "MedicationRequest?medication._id=drug": "rx",
    "Patient?_has:Observation:patient:code=8480-6": "ann bob",
    "Patient?_has:Observation:patient:date=2020": "bob",
    "Patient?_has:Encounter:patient:class=AMB": "ann",
    "Medication?_has:MedicationRequest:medication:status=active": "drug",
    "Patient?_has:Observation:patient:code=8480-6&_has:Observation:patient:status=preliminary": "bob",
    # compartments
    "Patient/ann/Observation": "o1 o2 o3",
    "Patient/ann/Observation?code=8462-4": "o3",
    "Patient/bob/Encounter": "",
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("query", CASES)
async def test_a_search_finds(sandbox: Served, query: str) -> None:
    reply = await sandbox.get(query)
    assert reply.status_code == 200, reply.text
    assert sorted(ids(reply.json())) == CASES[query].split()
    assert reply.json()["total"] == len(CASES[query].split())
    counted = await sandbox.get(query + ("&" if "?" in query else "?") + "_summary=count")
    assert (counted.json()["total"], "entry" in counted.json()) == (reply.json()["total"], False)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("query", CASES)
async def test_post_search_finds_the_same(sandbox: Served, query: str) -> None:
    path, _, form = query.partition("?")
    kind = "application/x-www-form-urlencoded"
    reply = await sandbox.send("POST", f"{path}/_search", form, content_type=kind)
    assert sorted(ids(reply.json())) == CASES[query].split()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "query",
    [
        "Patient?nonsense=1",
        "Patient?family:nonsense=1",
        "Patient?family=",
        "Patient?birthdate=yesterday",
        "Patient?birthdate=ap2020",
        "Patient?birthdate:not=2020",
        "Patient?birthdate:missing=maybe",
        "Observation?code=a|b|c",
        "Observation?code=|",
        "Observation?code:text=a",
        "Observation?value-quantity=much",
        "Observation?value-quantity=1|2",
        "Observation?subject:Nothing=1",
        "Observation?subject.nonsense=1",
        "Observation?subject:Patient.organization.name=x",
        "Observation?code.name=1",
        "Observation?performer.family=",
        "Observation?focus._id=1",
        "Patient?_has:Nothing:patient:code=1",
        "Patient?_has:Observation:code:code=1",
        "Patient?_has:Observation:device:code=1",
        "Patient?_has:Observation=1",
        "Patient?_has:Observation:patient:_has:Provenance:target:_id=1",
        "Patient?_cursor=abc",
        "Patient?_cursor=abc&family=x",
        "Patient?birthdate=" + ",".join(["2020"] * 300),
        "Patient/ann/Organization",
        "Patient/ann?_elements=name",
    ],
)
async def test_a_search_that_cannot_be_is_refused(sandbox: Served, query: str) -> None:
    reply = await sandbox.get(query)
    assert (reply.status_code, bool(problem(reply))) == (400, True)


@pytest.mark.asyncio(loop_scope="module")
async def test_long_lists_of_values(sandbox: Served) -> None:
    many = ",".join(f"x{n}" for n in range(3000))
    kind = "application/x-www-form-urlencoded"
    for form, expected in ((f"code={many},8480-6", ["o1", "o2", "o4"]), (f"patient={many},bob", ["o4", "o5"])):
        reply = await sandbox.send("POST", "Observation/_search", form, content_type=kind)
        assert ids(reply.json()) == expected


@pytest.mark.asyncio(loop_scope="module")
async def test_lenient_handling_ignores_and_shows_it(sandbox: Served) -> None:
    reply = await sandbox.get("Patient?nonsense=1&family=nunn", prefer="handling=lenient")
    assert (ids(reply.json()), link(reply.json(), "self")) == (["bob"], "http://sandbox.test/fhir/Patient?family=nunn")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("date", "o4 o3 o1 o2 o5"),
        ("-date", "o2 o1 o3 o4 o5"),
        ("code,-date", "o3 o5 o2 o1 o4"),
        ("-_id", "o5 o4 o3 o2 o1"),
        ("patient,-value-quantity", "o1 o3 o2 o4 o5"),
        ("-status,_lastUpdated,_id", "o5 o1 o2 o3 o4"),
    ],
)
async def test_sorting_and_paging_agree(sandbox: Served, sort: str, expected: str) -> None:
    assert await sandbox.found(f"Observation?_sort={sort}") == expected.split()
    walked: list[str] = []
    address: str | None = f"Observation?_sort={sort}&_count=2"
    while address:
        page = (await sandbox.get(address)).json()
        assert (page["total"], len(ids(page)) <= 2) == (5, True)
        walked += ids(page)
        address = link(page, "next")
    assert walked == expected.split()


@pytest.mark.asyncio(loop_scope="module")
async def test_includes(sandbox: Served) -> None:
    async def beside(query: str) -> tuple[list[str], list[str]]:
        bundle = (await sandbox.get(query)).json()
        return ids(bundle), sorted(ids(bundle, "include"))

    assert await beside("MedicationRequest?_include=MedicationRequest:medication") == (["rx"], ["drug"])
    assert await beside("MedicationRequest?_include=MedicationRequest:*") == (["rx"], ["ann", "drug"])
    assert await beside("Observation?_id=o1,o4&_include=Observation:subject") == (["o1", "o4"], ["ann", "bob"])
    assert await beside("Observation?_id=o1&_include=Observation:performer:Practitioner") == (["o1"], ["doc"])
    assert await beside("Observation?_id=o1&_include=Observation:subject:Group") == (["o1"], [])
    assert await beside("Patient?_id=ann&_revinclude=Encounter:patient") == (["ann"], ["e1", "e2"])
    assert await beside("Patient?_count=1&_revinclude=Observation:subject") == (["ann"], ["o1", "o2", "o3"])
    assert await beside("Patient?_id=cy&_revinclude=Observation:subject") == (["cy"], [])


@pytest.mark.asyncio(loop_scope="module")
async def test_elements_and_data(sandbox: Served) -> None:
    [only] = (await sandbox.get("Observation?_id=o2&_elements=valueQuantity")).json()["entry"]
    assert set(only["resource"]) == {"resourceType", "id", "meta", "valueQuantity"}
    assert only["resource"]["meta"]["tag"][-1]["code"] == "SUBSETTED"
    assert '"value":5.40' in (await sandbox.get("Observation?_id=o2&_elements=valueQuantity")).text
    assert (await sandbox.get("Observation?_id=o2&_summary=data")).json()["entry"][0]["resource"]["status"] == "final"


@pytest.mark.asyncio(loop_scope="module")
async def test_everything(sandbox: Served) -> None:
    whole = (await sandbox.get("Patient/ann/$everything")).json()
    assert ids(whole)[0] == "ann"
    assert sorted(ids(whole)) == ["ann", "doc", "drug", "e1", "e2", "o1", "o2", "o3", "rx", "ward"]
    walked: list[str] = []
    address: str | None = "Patient/ann/$everything?_count=3"
    while address:
        page = (await sandbox.get(address)).json()
        walked += ids(page)
        address = link(page, "next")
    assert walked == ids(whole)
    assert sorted(await sandbox.found("Patient/ann/$everything?_type=Encounter,Medication")) == ["drug", "e1", "e2"]
    assert await sandbox.found("Patient/ann/$everything?_since=2090-01-01T00:00:00Z") == []
    assert "ann" not in await sandbox.found("Patient/ann/$everything?_since=2024-03-01T12:01:00Z")
    assert (await sandbox.get("Patient/nobody/$everything")).status_code == 404
    assert (await sandbox.get("Patient/nobody/Observation")).status_code == 404
    assert (await sandbox.get("Patient/ann/$everything?_type=Nothing")).status_code == 400


@pytest.mark.asyncio(loop_scope="module")
async def test_every_listed_parameter_can_be_searched_and_sorted_by(sandbox: Served) -> None:
    statement = (await sandbox.get("metadata")).json()
    assert (statement["fhirVersion"], statement["implementation"]["url"]) == ("4.0.1", "http://sandbox.test/fhir")
    listed = {one["type"]: one for one in statement["rest"][0]["resource"]}
    assert set(listed) == registry().types
    values = {"token": "a", "reference": "a", "date": "2020", "string": "a", "quantity": "1", "uri": "a"}
    for name in ("Patient", "Observation", "Provenance", "Basic"):
        for one in listed[name]["searchParam"]:
            query = f"{name}?{one['name']}={values[one['type']]}&_sort={one['name']}"
            assert (await sandbox.get(query)).status_code == 200, query
        for include in listed[name].get("searchInclude", []):
            assert (await sandbox.get(f"{name}?_include={include}")).status_code == 200, include
        for include in listed[name].get("searchRevInclude", []):
            assert (await sandbox.get(f"{name}?_revinclude={include}")).status_code == 200, include


async def test_pages_hold_still_while_data_is_appended(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        for number in range(6):
            await served.put({"resourceType": "Patient", "id": f"p{number}", "birthDate": f"200{number}"})
        seen, address = [], "Patient?_sort=-birthdate&_count=2"
        number = 0
        while address:
            page = (await served.get(address)).json()
            assert page["total"] == 6
            seen += ids(page)
            number += 1
            await served.put({"resourceType": "Patient", "id": f"new{number}", "birthDate": "1990"})
            await served.put({"resourceType": "Patient", "id": f"top{number}", "birthDate": "2020"})
            address = link(page, "next") or ""
        assert seen == ["p5", "p4", "p3", "p2", "p1", "p0"]
