"""Synthetic charts in the sandbox: random searches against a plain reading of the same resources."""

import json
import random
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.unit.sandbox.serving import Served, content, ids, link, serving, synthea_files

Resource = dict[str, Any]
Match = Callable[[Resource], bool]


class Charts:
    """What the server was given, as it says it stored it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.of_type: dict[str, list[Resource]] = {}

    def all(self) -> Iterator[Resource]:
        for resources in self.of_type.values():
            yield from resources


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def charts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Charts]:
    files = synthea_files()
    async with serving(tmp_path_factory.mktemp("charts")) as served:
        loaded = Charts(served)
        for path in files:
            reply = await served.send("POST", "", content(path), prefer="return=representation")
            assert reply.status_code == 200, reply.text[:500]
            for entry in reply.json()["entry"]:
                assert entry["response"]["status"] == "201 Created", entry
                loaded.of_type.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
            served.clock.pass_seconds(3600)
        yield loaded


# The reference: slow, plain, and written without a look at the sandbox's own code.


def codings(value: Any) -> Iterator[tuple[str | None, str]]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            for coding in one.get("coding", [one]):
                if "code" in coding:
                    yield coding.get("system"), coding["code"]
        elif isinstance(one, str):
            yield None, one


def moments(text: str) -> tuple[datetime, datetime]:
    if len(text) == 4:
        return datetime(int(text), 1, 1, tzinfo=UTC), datetime(int(text) + 1, 1, 1, tzinfo=UTC)
    if len(text) == 7:
        year, month = int(text[:4]), int(text[5:])
        return datetime(year, month, 1, tzinfo=UTC), datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    start = datetime.fromisoformat(text)
    if len(text) == 10:
        return start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + timedelta(days=1)
    return start, start + (timedelta(milliseconds=1) if "." in text else timedelta(seconds=1))


def extent(resource: Resource, *names: str) -> tuple[datetime, datetime] | None:
    for name in names:
        value = resource.get(name)
        if isinstance(value, str):
            return moments(value)
        if isinstance(value, dict):
            start = moments(value["start"])[0] if "start" in value else datetime(1, 1, 1, tzinfo=UTC)
            end = moments(value["end"])[1] if "end" in value else datetime(9999, 1, 1, tzinfo=UTC)
            return start, end
    return None


def dated(prefix: str, asked: str, *names: str) -> Match:
    low, high = moments(asked)
    tests: dict[str, Callable[[datetime, datetime], bool]] = {
        "eq": lambda a, b: low <= a and b <= high,
        "ne": lambda a, b: not (low <= a and b <= high),
        "gt": lambda a, b: b > high,
        "ge": lambda a, b: b > high or (low <= a and b <= high) or (a < high and b > low),
        "lt": lambda a, b: a < low,
        "le": lambda a, b: a < low or (low <= a and b <= high) or (a < high and b > low),
        "sa": lambda a, b: a >= high,
        "eb": lambda a, b: b <= low,
    }

    def match(resource: Resource) -> bool:
        found = extent(resource, *names)
        return found is not None and tests[prefix](*found)

    return match


def pointing(element: str, target: str) -> Match:
    return lambda resource: resource.get(element, {}).get("reference") == target


def coded(element: str, system: str | None, code: str) -> Match:
    def match(resource: Resource) -> bool:
        found = codings(resource.get(element, []))
        return any(code == its and (system is None or system == whose) for whose, its in found)

    return match


DATES = {
    "Observation": ("date", "effectiveDateTime", "effectivePeriod"),
    "Encounter": ("date", "period"),
    "Condition": ("onset-date", "onsetDateTime"),
    "Procedure": ("date", "performedPeriod", "performedDateTime"),
    "Immunization": ("date", "occurrenceDateTime"),
    "MedicationRequest": ("authoredon", "authoredOn"),
    "DiagnosticReport": ("date", "effectiveDateTime", "effectivePeriod"),
    "CarePlan": ("date", "period"),
}
CODES = {
    "Observation": [("code", "code"), ("category", "category"), ("status", "status")],
    "Encounter": [("class", "class"), ("type", "type"), ("status", "status")],
    "Condition": [("code", "code"), ("clinical-status", "clinicalStatus")],
    "Procedure": [("code", "code"), ("status", "status")],
    "Immunization": [("vaccine-code", "vaccineCode")],
    "MedicationRequest": [("status", "status"), ("intent", "intent"), ("code", "medicationCodeableConcept")],
    "DiagnosticReport": [("code", "code"), ("category", "category")],
    "CarePlan": [("category", "category"), ("status", "status")],
}
PATIENT = {"Immunization": "patient"}


def random_filter(chance: random.Random, charts: Charts, resource_type: str) -> tuple[str, Match]:
    sample = chance.choice(charts.of_type[resource_type])
    kind = chance.choice(["patient", "code", "code", "date", "date", "not", "updated"])
    if kind == "patient":
        element = PATIENT.get(resource_type, "subject")
        target = sample[element]["reference"]
        value = chance.choice([target, target.removeprefix("Patient/"), f"http://sandbox.test/fhir/{target}"])
        return f"patient={value}", pointing(element, target)
    if kind == "date":
        name, *elements = DATES[resource_type]
        return random_date(chance, name, elements, sample)
    if kind == "updated":
        prefix = chance.choice(["ge", "lt", "gt", "le"])
        asked = sample["meta"]["lastUpdated"][: chance.choice([10, 19])]
        asked += "Z" if "T" in asked else ""
        match = dated(prefix, asked, "_")
        return f"_lastUpdated={prefix}{asked}", lambda resource: match({"_": resource["meta"]["lastUpdated"]})
    name, element = chance.choice(CODES[resource_type])
    found = list(codings(sample.get(element, [])))
    if not found:
        return f"{name}=nothing", lambda _: False
    system, code = chance.choice(found)
    with_system = system is not None and chance.random() < 0.5
    match = coded(element, system if with_system else None, code)
    value = f"{system}|{code}" if with_system else code
    if kind == "not":
        return f"{name}:not={value}", lambda resource: not match(resource)
    return f"{name}={value}", match


def random_date(chance: random.Random, name: str, elements: list[str], sample: Resource) -> tuple[str, Match]:
    found = extent(sample, *elements)
    middle = found[0] if found else datetime(2015, 6, 1, tzinfo=UTC)
    moved = middle + timedelta(days=chance.choice([-400, -1, 0, 0, 1, 400]))
    asked = chance.choice(
        [
            moved.strftime("%Y"),
            moved.strftime("%Y-%m"),
            moved.strftime("%Y-%m-%d"),
            moved.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        ]
    )
    prefix = chance.choice(["eq", "ne", "gt", "ge", "lt", "le", "sa", "eb"])
    return f"{name}={prefix}{asked}", dated(prefix, asked, *elements)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("seed", range(240))
async def test_a_random_search_finds_what_a_plain_reading_finds(charts: Charts, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    resource_type = chance.choice(sorted(CODES))
    filters = [random_filter(chance, charts, resource_type) for _ in range(chance.choice([1, 2, 2, 3]))]
    expected = {one["id"] for one in charts.of_type[resource_type] if all(match(one) for _, match in filters)}
    query = f"{resource_type}?{'&'.join(text for text, _ in filters)}&_count=5000".replace("+", "%2B")
    reply = await charts.served.get(query)
    assert reply.status_code == 200, (query, reply.text)
    found = ids(reply.json())
    assert (len(found), set(found)) == (len(expected), expected), query
    assert reply.json()["total"] == len(expected)


@pytest.mark.asyncio(loop_scope="module")
async def test_chains_agree_with_a_plain_reading(charts: Charts) -> None:
    patients = charts.of_type["Patient"]
    for patient in patients:
        family = patient["name"][0]["family"]
        same = {f"Patient/{one['id']}" for one in patients if any(n["family"] == family for n in one["name"])}
        chained = await charts.served.found(f"Condition?subject:Patient.family:exact={family}&_count=5000")
        assert set(chained) == {one["id"] for one in charts.of_type["Condition"] if one["subject"]["reference"] in same}
    for code in sorted({code for one in charts.of_type["Condition"] for _, code in codings(one["code"])})[:40]:
        reverse = await charts.served.found(f"Patient?_has:Condition:patient:code={code}")
        assert set(reverse) == {
            one["subject"]["reference"].removeprefix("Patient/")
            for one in charts.of_type["Condition"]
            if coded("code", None, code)(one)
        }


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_points_nowhere(charts: Charts) -> None:
    known = {f"{one['resourceType']}/{one['id']}" for one in charts.all()}
    texts = [json.dumps(one) for one in charts.all()]
    pointed = {target for text in texts for target in re.findall(r'"reference": "([^#"]+)"', text)}
    assert len(pointed) > 1000
    assert pointed <= known


@pytest.mark.asyncio(loop_scope="module")
async def test_everything_is_the_whole_chart(charts: Charts) -> None:
    for patient in charts.of_type["Patient"]:
        path = f"Patient/{patient['id']}"
        own = {
            one["id"]
            for one in charts.all()
            if any(one.get(name, {}).get("reference") == path for name in ("subject", "patient"))
        }
        found, address = [], f"{path}/$everything?_count=500"
        while address:
            page = (await charts.served.get(address)).json()
            found += [(entry["resource"]["resourceType"], entry["resource"]["id"]) for entry in page["entry"]]
            address = link(page, "next") or ""
        assert len(found) == len(set(found)) == page["total"]
        assert own <= {name for _, name in found}
        assert [one for one in found if one[0] == "Patient"] == [("Patient", patient["id"])]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_stored_resource_is_what_was_sent_but_for_ids_and_meta(charts: Charts) -> None:
    path = synthea_files()[-1]
    sent = json.loads(content(path), parse_float=str)["entry"]
    names = {entry["fullUrl"] for entry in sent}
    texts = sorted(masked(entry["resource"], names) for entry in sent)
    [patient] = [entry["resource"] for entry in sent if entry["resource"]["resourceType"] == "Patient"]
    [only] = await charts.served.found(f"Patient?identifier={patient['identifier'][0]['value']}")
    stored: list[Resource] = []
    for resource_type in {entry["resource"]["resourceType"] for entry in sent} - {"Medication", "Patient"}:
        raw = (await charts.served.get(f"{resource_type}?patient={only}&_count=5000")).content
        stored += [entry["resource"] for entry in json.loads(raw, parse_float=str).get("entry", [])]
    stored.append(json.loads((await charts.served.get(f"Patient/{only}")).content, parse_float=str))
    found = {masked(one, names) for one in stored}
    assert found <= set(texts)
    assert len(stored) == sum(entry["resource"]["resourceType"] != "Medication" for entry in sent)


def masked(resource: Resource, names: set[str]) -> str:
    rest = {name: value for name, value in resource.items() if name not in {"id", "meta"}}
    text = re.sub(r'"reference": "[^"]*"', '"reference": "*"', json.dumps(rest, sort_keys=True))
    return re.sub("|".join(map(re.escape, sorted(names))), "*", text)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_long_chart_is_searched_in_little_time(charts: Charts) -> None:
    counts = {one["id"]: 0 for one in charts.of_type["Patient"]}
    for one in charts.of_type["Observation"]:
        counts[one["subject"]["reference"].removeprefix("Patient/")] += 1
    longest = max(counts, key=lambda name: counts[name])
    query = f"Observation?patient={longest}&_count=5000"
    spent = []
    for _ in range(5):
        began = time.process_time()
        reply = await charts.served.get(query)
        spent.append(time.process_time() - began)
    assert len(ids(reply.json())) == counts[longest]
    assert min(spent) < 0.1  # seconds of this process, where some 1,000 resources are sent
